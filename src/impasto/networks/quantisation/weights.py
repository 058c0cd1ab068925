"""Weights in eight bits: whole numbers about zero, and a scale for each output channel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto

from impasto.networks.quantisation.graph import Array, Graph, attribute
from impasto.networks.quantisation.settings import LEAST

STORED = 127
"""The largest number in storage; -128 would have no counterpart."""

RUN = 64
"""The largest number where sums are in eight bits too. Processors from before VNNI add the products of two pairs in 16
bits: 2 · 255 · 64 is the most that these hold, so that paintings are the same everywhere.
"""

MARK = "int8/"
"""What the names of all begin with that is added to a graph."""

SCALES = "/scales"
"""What the names of scales end with; before it, that of the numbers."""

_HALVED = 64  # numbers
_CHANNELS = {"Conv": 0, "ConvTranspose": 1, "Gemm": 1, "MatMul": -1}  # axes of the weights' output channels


def whole(weight: Array, axis: int = 0, most: int = STORED) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Whole numbers and scales such that numbers · scales are nearest to a weight.

    Args:
        weight: floats.
        axis: of the output channels.
        most: the largest number.

    Returns:
        The numbers in the weight's shape, and the scales, which have a length of 1 on all other axes.
    """
    axes = tuple({*range(weight.ndim)} - {axis % weight.ndim})
    scales = np.abs(weight).max(axes, keepdims=True).astype(np.float32) / np.float32(most)
    scales[scales < np.finfo(np.float32).tiny] = 1  # of a channel without weights
    return np.rint(weight / scales).clip(-most, most).astype(np.int8), scales


def store_large(graph: Graph, least: int = LEAST) -> int:
    """Store large weights of convolutions and matrices in eight bits; see `store`.

    Args:
        least: weights of fewer numbers stay as they are.

    Returns:
        How many there are.
    """
    found: dict[str, int] = {}
    for node in graph.nodes:
        name = node.input[1] if node.op_type in _CHANNELS else ""
        value = graph.constant(name)
        if value is not None and value.dtype == np.float32 and value.ndim > 1 and value.size >= least:
            found.setdefault(name, _axis(node))
    for name, axis in found.items():
        store(graph, name, axis)
    return len(found)


def store(graph: Graph, name: str, axis: int = 0, most: int = STORED) -> str:
    """Store a weight in eight bits, with nodes that make floats of it again: runtimes do that once, when they load the
    file, and whoever uses the weight notices nothing.

    Returns:
        The name of the whole numbers.
    """
    value = graph.constant(name)
    assert value is not None
    numbers, scales = whole(value, axis, most)
    graph.drop(name)
    stored, its_scales = graph.store(f"{MARK}{name}", numbers), graph.store(f"{MARK}{name}{SCALES}", scales)
    graph.add("Mul", *graph.add("Cast", stored, to=TensorProto.FLOAT), its_scales, out=name)
    return stored


def store_halves(graph: Graph) -> None:
    """Store those constants in half precision, with nodes that make floats of them again, that lose nothing by it, but
    for small ones.
    """
    for name in graph.constants:
        value = graph.constant(name)
        if value is None or value.dtype != np.float32 or value.size < _HALVED or name.startswith(MARK):
            continue
        with np.errstate(over="ignore"):
            half = value.astype(np.float16)
        if (half == value).all():
            graph.drop(name)
            graph.add("Cast", graph.store(f"{name}_half", half), to=TensorProto.FLOAT, out=name)


def _axis(node: NodeProto) -> int:
    if node.op_type == "Gemm":
        return 0 if attribute(node, "transB", 0) else 1
    return _CHANNELS[node.op_type]
