"""ONNX's operators in torch, as far as networks that paint need them.

What each does is told by https://onnx.ai/onnx/operators; names of attributes are those of that page. What later
versions of an operator take as an input, earlier ones had as an attribute: both are read. Numbers that tell of shapes
are constants here, in NumPy, and never tensors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.errors import ExportError

_FLOAT = 1  # among ONNX's types

Attributes = Mapping[str, Any]
Operator = Callable[..., "Tensor | Sequence[Tensor]"]  # of the attributes and the inputs; None stands for one left out


def _elementwise(function: Callable[..., Tensor]) -> Operator:
    return lambda _, *inputs: function(*inputs)


def _reduced(function: Callable[..., Tensor]) -> Operator:
    def reduced(a: Attributes, x: Tensor, axes: Any = None) -> Tensor:
        over = _ints(a.get("axes", axes))
        if not over:
            if a.get("noop_with_empty_axes"):
                return x
            over = list(range(x.dim()))
        return function(x, over, keepdim=bool(a.get("keepdims", 1)))

    return reduced


def _ints(values: Any) -> list[int]:
    return [] if values is None else [int(value) for value in np.asarray(values).ravel()]


def _refuse(what: str) -> ExportError:
    return ExportError(f"The network has {what}, which can't be converted.", hint="Paint with it here, or use another.")


def _two_sided(pads: Sequence[int]) -> list[int]:
    """Pads as ONNX has them, all begins and then all ends, as torch does: (begin, end) from the last axis on."""
    half = len(pads) // 2
    return [side for n in reversed(range(half)) for side in (pads[n], pads[half + n])]


def _window(a: Attributes, x: Tensor, kernel: Sequence[int]) -> tuple[list[int], list[int], list[int]]:
    """Strides, dilations and pads (begin, end; from the last axis on) of what slides a window over pictures."""
    if x.dim() != 4:
        raise _refuse("windows over something else than pictures")
    strides, dilations = _ints(a.get("strides", (1, 1))), _ints(a.get("dilations", (1, 1)))
    rule = a.get("auto_pad", b"NOTSET")
    if rule in (b"NOTSET", b""):
        return strides, dilations, _two_sided(_ints(a.get("pads", (0, 0, 0, 0))))
    pads = []
    for side, size, stride, dilation in reversed(list(zip(x.shape[2:], kernel, strides, dilations, strict=True))):
        missing = 0
        if rule != b"VALID":
            missing = max(0, (-(-side // stride) - 1) * stride + dilation * (size - 1) + 1 - side)
        less, more = missing // 2, missing - missing // 2
        pads += [more, less] if rule == b"SAME_LOWER" else [less, more]
    return strides, dilations, pads


def _conv(a: Attributes, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    strides, dilations, (left, right, top, bottom) = _window(a, x, weight.shape[2:])
    padding: list[int] = [top, left]
    if (left, top) != (right, bottom):
        x, padding = F.pad(x, (left, right, top, bottom)), [0, 0]
    return F.conv2d(x, weight, bias, strides, padding, dilations, int(a.get("group", 1)))


def _conv_transpose(a: Attributes, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    if a.get("auto_pad", b"NOTSET") != b"NOTSET" or "output_shape" in a:
        raise _refuse("a transposed convolution of a given size")
    strides, dilations, (left, right, top, bottom) = _window(a, x, weight.shape[2:])
    extra, groups = _ints(a.get("output_padding", (0, 0))), int(a.get("group", 1))
    if (left, top) == (right, bottom):
        return F.conv_transpose2d(x, weight, bias, strides, [top, left], extra, groups, dilations)
    whole = F.conv_transpose2d(x, weight, bias, strides, 0, extra, groups, dilations)
    return whole[:, :, top : whole.shape[2] - bottom, left : whole.shape[3] - right]


def _max_pool(a: Attributes, x: Tensor) -> Tensor:
    kernel = _ints(a["kernel_shape"])
    strides, dilations, pads = _window(a, x, kernel)
    if a.get("ceil_mode"):
        raise _refuse("pooling beyond the border")
    return F.max_pool2d(F.pad(x, pads, value=-torch.inf) if any(pads) else x, kernel, strides, 0, dilations)


def _average_pool(a: Attributes, x: Tensor) -> Tensor:
    kernel = _ints(a["kernel_shape"])
    strides, dilations, pads = _window(a, x, kernel)
    if a.get("ceil_mode") or dilations != [1, 1] or (any(pads) and not a.get("count_include_pad")):
        raise _refuse("pooling beyond the border")
    return F.avg_pool2d(F.pad(x, pads) if any(pads) else x, kernel, strides)


def _pad(a: Attributes, x: Tensor, pads: Any = None, value: Any = None, axes: Any = None) -> Tensor:
    told, mode = _ints(a.get("pads", pads)), a.get("mode", b"constant").decode()
    if axes is not None:
        begins, ends = [0] * x.dim(), [0] * x.dim()
        for n, axis in enumerate(_ints(axes)):
            begins[axis], ends[axis] = told[n], told[len(told) // 2 + n]
        told = begins + ends
    sides = _two_sided(told)
    if mode == "constant":
        fill = a.get("value", 0.0) if value is None else value
        return F.pad(x, sides, value=float(fill))
    if mode not in ("reflect", "edge") or x.dim() != 4 or any(sides[4:]):
        raise _refuse(f"padding of the kind {mode!r}")
    return F.pad(x, sides[:4], mode="replicate" if mode == "edge" else mode)


_CENTRES = (b"half_pixel", b"pytorch_half_pixel")
# Where whole multiples take each number so many times: rules for places, and for rounding these.
_REPEATED = {
    (b"asymmetric", b"floor"),
    (b"tf_half_pixel_for_nn", b"floor"),
    *((where, rule) for where in _CENTRES for rule in (b"round_prefer_floor", b"round_prefer_ceil")),
}


def _resize(a: Attributes, x: Tensor, *rest: Any) -> Tensor:
    old = len(rest) < 2  # the first versions had no `roi`, and no choice of places
    scales = a.get("scales", rest[-1] if rest else None) if old else rest[1]
    sizes = rest[2] if len(rest) > 2 else None
    if "axes" in a or x.dim() != 4:
        raise _refuse("resizing of something else than pictures")
    to = _ints(sizes) or [int(np.floor(side * scale)) for side, scale in zip(x.shape, scales, strict=True)]
    if to[:2] != list(x.shape[:2]):
        raise _refuse("resizing of channels")
    mode = a.get("mode", b"nearest")
    where = a.get("coordinate_transformation_mode", b"asymmetric" if old else b"half_pixel")
    rule = a.get("nearest_mode", b"floor" if old else b"round_prefer_floor")
    repeats = (where, rule) in _REPEATED and not any(new % side for new, side in zip(to, x.shape, strict=True))
    if mode == b"nearest" and repeats:
        return F.interpolate(x, to[2:], mode="nearest")
    if mode != b"linear" or a.get("antialias") or where not in (*_CENTRES, b"align_corners"):
        raise _refuse(f"resizing of the kind {mode.decode()!r}")
    return F.interpolate(x, to[2:], mode="bilinear", align_corners=where == b"align_corners")


def _slice(
    a: Attributes, x: Tensor, starts: Any = None, ends: Any = None, axes: Any = None, steps: Any = None
) -> Tensor:
    first, last = _ints(a.get("starts", starts)), _ints(a.get("ends", ends))
    along = _ints(a.get("axes", axes)) or list(range(len(first)))
    for axis, start, end, step in zip(along, first, last, _ints(steps) or [1] * len(first), strict=True):
        if step < 1:  # ONNX's way of flipping; torch has no such slices
            kept = list(range(x.shape[axis]))[slice(start, None if end < -x.shape[axis] else end, step)]
            x = x.index_select(axis, torch.tensor(kept))
        else:
            x = x[(slice(None),) * (axis % x.dim()) + (slice(start, end, step),)]
    return x


def _split(a: Attributes, x: Tensor, lengths: Any = None) -> Sequence[Tensor]:
    axis = int(a.get("axis", 0))
    told = _ints(a.get("split", lengths))
    return torch.split(x, told or -(-x.shape[axis] // int(a["num_outputs"])), axis)


def _gather(a: Attributes, x: Tensor, places: Any) -> Tensor:
    axis = int(a.get("axis", 0)) % x.dim()
    chosen = np.asarray(places)
    picked = x.index_select(axis, torch.tensor(_ints(chosen % x.shape[axis])))
    return picked.reshape(*x.shape[:axis], *chosen.shape, *x.shape[axis + 1 :])


def _reshape(a: Attributes, x: Tensor, shape: Any) -> Tensor:
    copies = not a.get("allowzero")
    return x.reshape([x.shape[n] if side == 0 and copies else side for n, side in enumerate(_ints(shape))])


def _flatten(a: Attributes, x: Tensor) -> Tensor:
    axis = int(a.get("axis", 1))
    return x.reshape(int(np.prod(x.shape[:axis])), -1)


def _unsqueeze(a: Attributes, x: Tensor, axes: Any = None) -> Tensor:
    new = _ints(a.get("axes", axes))
    for axis in sorted(axis % (x.dim() + len(new)) for axis in new):
        x = x.unsqueeze(axis)
    return x


def _squeeze(a: Attributes, x: Tensor, axes: Any = None) -> Tensor:
    gone = _ints(a.get("axes", axes)) or [n for n, side in enumerate(x.shape) if side == 1]
    return x.squeeze(gone)


def _expand(_: Attributes, x: Tensor, shape: Any) -> Tensor:
    wanted = np.broadcast_shapes(tuple(x.shape), _ints(shape))
    return x.expand(wanted)


def _transpose(a: Attributes, x: Tensor) -> Tensor:
    return x.permute(_ints(a.get("perm", range(x.dim())[::-1])))


def _depth_to_space(a: Attributes, x: Tensor) -> Tensor:
    side = int(a["blocksize"])
    if a.get("mode", b"DCR") == b"DCR":
        batch, channels, height, width = x.shape
        x = x.reshape(batch, side * side, -1, height, width).transpose(1, 2).reshape(batch, channels, height, width)
    return F.pixel_shuffle(x, side)


def _clip(a: Attributes, x: Tensor, low: Any = None, high: Any = None) -> Tensor:
    bounds = [None if bound is None else float(bound) for bound in (a.get("min", low), a.get("max", high))]
    return x.clamp(*bounds)


def _batch_norm(a: Attributes, x: Tensor, scale: Tensor, bias: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
    return F.batch_norm(x, mean, variance, scale, bias, eps=a.get("epsilon", 1e-5))


def _instance_norm(a: Attributes, x: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
    variance, mean = torch.var_mean(x, (2, 3), correction=0, keepdim=True)
    deviation = (variance + float(a.get("epsilon", 1e-5))).sqrt()
    return (x - mean) / deviation * scale[:, None, None] + bias[:, None, None]


def _layer_norm(a: Attributes, x: Tensor, scale: Tensor, bias: Tensor | None = None) -> Tensor:
    axis = int(a.get("axis", -1)) % x.dim()
    return F.layer_norm(x, x.shape[axis:], scale, bias, a.get("epsilon", 1e-5))


def _gemm(a: Attributes, x: Tensor, y: Tensor, z: Tensor | None = None) -> Tensor:
    x, y = x.T if a.get("transA") else x, y.T if a.get("transB") else y
    product = float(a.get("alpha", 1)) * (x @ y)
    return product if z is None else product + float(a.get("beta", 1)) * z


def _cast(a: Attributes, x: Tensor) -> Tensor:
    if a["to"] != _FLOAT or x.dtype != torch.float32:
        raise _refuse("other numbers than float32")
    return x


WITH_NUMBERS = frozenset({"Clip", "Pad", "Resize", "Upsample"})
"""Operators of whose inputs all but the first are numbers, floating-point ones too: constants, in NumPy."""

OPERATORS: Mapping[str, Operator] = {
    "Abs": _elementwise(torch.abs),
    "Add": _elementwise(torch.add),
    "AveragePool": _average_pool,
    "BatchNormalization": _batch_norm,
    "Cast": _cast,
    "Clip": _clip,
    "Concat": lambda a, *parts: torch.cat(parts, a["axis"]),
    "Conv": _conv,
    "ConvTranspose": _conv_transpose,
    "DepthToSpace": _depth_to_space,
    "Div": _elementwise(torch.div),
    "Dropout": lambda _, x, *rest: x,
    "Elu": lambda a, x: F.elu(x, a.get("alpha", 1.0)),
    "Erf": _elementwise(torch.erf),
    "Exp": _elementwise(torch.exp),
    "Expand": _expand,
    "Flatten": _flatten,
    "Gather": _gather,
    "Gemm": _gemm,
    "GlobalAveragePool": lambda _, x: x.mean((2, 3), keepdim=True),
    "Identity": _elementwise(lambda x: x),
    "InstanceNormalization": _instance_norm,
    "LayerNormalization": _layer_norm,
    "LeakyRelu": lambda a, x: F.leaky_relu(x, a.get("alpha", 0.01)),
    "Log": _elementwise(torch.log),
    "MatMul": _elementwise(torch.matmul),
    "Max": lambda _, *parts: reduce(torch.maximum, parts),
    "MaxPool": _max_pool,
    "Min": lambda _, *parts: reduce(torch.minimum, parts),
    "Mul": _elementwise(torch.mul),
    "Neg": _elementwise(torch.neg),
    "PRelu": _elementwise(lambda x, slope: torch.where(x < 0, slope * x, x)),
    "Pad": _pad,
    "Pow": _elementwise(torch.pow),
    "Reciprocal": _elementwise(torch.reciprocal),
    "ReduceMax": _reduced(torch.amax),
    "ReduceMean": _reduced(torch.mean),
    "ReduceMin": _reduced(torch.amin),
    "ReduceSum": _reduced(torch.sum),
    "Relu": _elementwise(torch.relu),
    "Reshape": _reshape,
    "Resize": _resize,
    "Sigmoid": _elementwise(torch.sigmoid),
    "Slice": _slice,
    "Softmax": lambda a, x: x.softmax(a.get("axis", -1)),
    "Split": _split,
    "Sqrt": _elementwise(torch.sqrt),
    "Squeeze": _squeeze,
    "Sub": _elementwise(torch.sub),
    "Sum": lambda _, *parts: reduce(torch.add, parts),
    "Tanh": _elementwise(torch.tanh),
    "Tile": lambda _, x, times: x.repeat(_ints(times)),
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
    "Upsample": _resize,
}
"""By the operator's name."""
