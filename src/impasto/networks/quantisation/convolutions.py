"""Convolutions of whole numbers: pairs of QuantizeLinear and DequantizeLinear around them (QDQ), of which runtimes make
one operation.

Jacob et al. 2018, "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference":
x ≈ scale · (q − zero); weights about zero with a scale for each output channel (Krishnamoorthi 2018, "Quantizing deep
convolutional networks for efficient inference", §3.1.2); biases in 32 bits, with the scale of what they are added to.

Ours: a normalisation that becomes known only when a picture is painted is made part of the weights' scales and of the
biases by nodes of the graph, which runtimes fold away once it is a constant. ONNX Runtime's own tools take none but
constants of the file, and would round what comes before the normalisation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from onnx import TensorProto

from impasto.networks.quantisation.graph import Array, Graph
from impasto.networks.quantisation.plan import Convolution, Plan
from impasto.networks.quantisation.weights import MARK, RUN, store, whole

Range = tuple[float, float]

_MOST = 255
_ROOM = 2.0**30  # of a bias in 32 bits: sums come on top
_TINY = 1e-12


class Rounding(NamedTuple):
    """x ≈ scale · (q − zero), q from 0 to 255."""

    scale: np.float32
    zero: int


def rounding(low: float, high: float) -> Rounding:
    """That for numbers from `low` to `high`. 0 is always exact: borders are padded with it."""
    low, high = min(low, 0.0), max(high, 0.0)
    scale = np.float32((high - low) / _MOST)
    if scale < np.finfo(np.float32).tiny:  # always 0
        return Rounding(np.float32(1), 0)
    return Rounding(scale, int(np.rint(-low / scale).clip(0, _MOST)))


def run_whole(graph: Graph, plan: Plan, ranges: Mapping[str, Range]) -> None:
    """Change a graph as planned.

    Args:
        ranges: of each of the plan's tensors: from, to. What lies outside is clipped.
    """
    roundings = {name: rounding(*ranges[name]) for name in plan.tensors}
    scales = [roundings[convolution.seen].scale for convolution in plan.convolutions]
    inside = [*(convolution.node for convolution in plan.convolutions), *plan.carriers]
    gone = {id(node) for convolution in plan.convolutions for node in convolution.gone}
    graph.nodes = [node for node in graph.nodes if id(node) not in gone]
    everybody = list(graph.nodes)
    for convolution in plan.convolutions:
        convolution.node.output[0] = convolution.out
    for name, its in roundings.items():
        rounded = _rounded(graph, name, its)
        for node in everybody if name in plan.made else inside:
            for place, given in enumerate(node.input):
                if given == name:
                    node.input[place] = rounded
    _fill(graph, plan.convolutions, scales)


def _rounded(graph: Graph, name: str, its: Rounding) -> str:
    """A tensor, rounded and made floats again."""
    scale = graph.store(f"{MARK}{name}/scale", np.array(its.scale))
    zero = graph.store(f"{MARK}{name}/zero", np.array(its.zero, np.uint8))
    (numbers,) = graph.add("QuantizeLinear", name, scale, zero)
    (floats,) = graph.add("DequantizeLinear", numbers, scale, zero)
    return floats


class _Filters(NamedTuple):
    """Those of a convolution.

    Attributes:
        scales: (C,), of the weights.
        bias: (C,).
        units: (C,): what 1 is in a sum of products.
    """

    scales: Array
    bias: Array
    units: Array


def _fill(graph: Graph, convolutions: Sequence[Convolution], seen: Sequence[np.float32]) -> None:
    """Give convolutions their weights and biases in whole numbers.

    Args:
        seen: scales of what each looks at.
    """
    filters = []
    for convolution, step in zip(convolutions, seen, strict=True):
        weight, bias = graph.constant(convolution.weight), graph.constant(convolution.bias)
        assert weight is not None
        scales = whole(weight, most=RUN)[1].ravel()
        filters.append(_Filters(scales, np.zeros(len(scales)) if bias is None else bias, scales * step))
    normalised = any(convolution.scale or convolution.shift for convolution in convolutions)
    parts = (_computed if normalised else _constant)(graph, convolutions, filters)
    stored = {name: store(graph, name, most=RUN) for name in dict.fromkeys(c.weight for c in convolutions)}
    for convolution, its, part in zip(convolutions, filters, parts, strict=True):
        # Zeros of their own: ONNX Runtime, where it changes the type of weights, changes their zeros with them.
        about, count = f"{MARK}{convolution.out}", len(its.scales)
        zeros = [graph.store(f"{about}/{t.__name__}", np.zeros(count, t)) for t in (np.int8, np.int32)]
        numbers = graph.add("DequantizeLinear", stored[convolution.weight], part[0], zeros[0], axis=0)
        added = graph.add("DequantizeLinear", part[1], part[2], zeros[1], axis=0)
        del convolution.node.input[1:]
        convolution.node.input.extend([*numbers, *added])


Parts = tuple[str, str, str]
"""Tensors (C,): scales of weights, biases in 32 bits, their scales."""


def _constant(graph: Graph, convolutions: Sequence[Convolution], filters: Sequence[_Filters]) -> list[Parts]:
    return [
        (
            graph.store(f"{MARK}{convolution.out}/scales", its.scales),
            graph.store(
                f"{MARK}{convolution.out}/bias", np.rint(its.bias / its.units).clip(-_ROOM, _ROOM).astype("<i4")
            ),
            graph.store(f"{MARK}{convolution.out}/units", its.units),
        )
        for convolution, its in zip(convolutions, filters, strict=True)
    ]


def _computed(graph: Graph, convolutions: Sequence[Convolution], filters: Sequence[_Filters]) -> list[Parts]:
    """Nodes that compute what normalisations make of it, for all convolutions at once:
    factor · (w ∗ x + b) + shift = (factor · w) ∗ x + (factor · b + shift).

    With a factor of nearly 0 the bias would overflow on its tiny scale. The factor is made as large then as need be;
    what the convolution adds is still next to nothing beside the bias.
    """

    def constant(name: str, value: Array) -> str:
        return graph.store(f"{MARK}{name}", np.asarray(value, np.float32))

    def node(kind: str, *inputs: str, **attributes: Any) -> str:
        return graph.add(kind, *inputs, **attributes)[0]

    def joined(names: Sequence[str], otherwise: int) -> str:
        """All channels of tensors (1, C, 1, 1), one behind the other; a constant for those that have no name."""
        lengths = [len(its.scales) for its in filters]
        filled = [
            name or constant(f"{otherwise}s_{length}", np.full((1, length, 1, 1), otherwise))
            for name, length in zip(names, lengths, strict=True)
        ]
        return node("Reshape", node("Concat", *filled, axis=1), flat)

    flat = graph.store(f"{MARK}flat", np.array([-1]))
    scales, biases, units = (np.concatenate(values) for values in zip(*filters, strict=True))
    factors, shifts = joined([c.scale for c in convolutions], 1), joined([c.shift for c in convolutions], 0)
    total = node("Add", node("Mul", factors, constant("biases", biases)), shifts)
    least = node("Mul", node("Abs", total), constant("least", 1 / (units * _ROOM)))
    size = node("Max", node("Abs", factors), least, constant("tiny", np.array(_TINY)))
    safe = node("Where", node("Less", factors, constant("nothing", np.array(0))), node("Neg", size), size)
    units_now = node("Mul", safe, constant("units", units))
    numbers = node("Cast", node("Round", node("Div", total, units_now)), to=TensorProto.INT32)
    lengths = graph.store(f"{MARK}lengths", np.array([len(its.scales) for its in filters]))
    found = [node("Mul", safe, constant("scales", scales)), numbers, units_now]
    split = [graph.add("Split", name, lengths, outs=len(filters), axis=0) for name in found]
    return list(zip(*split, strict=True))
