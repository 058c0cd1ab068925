"""Which convolutions run in eight bits, and which tensors are rounded for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from onnx import ModelProto, NodeProto, shape_inference

from impasto.networks.quantisation.graph import Graph
from impasto.networks.quantisation.settings import LEAST

_CLIPS = ("Relu", "Clip")  # runtimes make these part of the rounding that follows


@dataclass(frozen=True)
class Convolution:
    """A convolution that runs in eight bits.

    Attributes:
        scale, shift: tensors (1, C, 1, 1) of the normalisation that follows, made part of it; empty where there is
            none.
        out: what comes out in the end.
        gone: the nodes of that normalisation.
    """

    node: NodeProto
    scale: str
    shift: str
    out: str
    gone: tuple[NodeProto, ...]

    @property
    def seen(self) -> str:
        """The tensor that it looks at."""
        return str(self.node.input[0])

    @property
    def weight(self) -> str:
        return str(self.node.input[1])

    @property
    def bias(self) -> str:
        """Empty if it has none."""
        return str(self.node.input[2]) if len(self.node.input) > 2 else ""


@dataclass
class Plan:
    """What is done in eight bits.

    Attributes:
        convolutions: in order.
        carriers: other nodes that need not leave the eight bits: ReLUs, and sums of what is rounded anyway.
        tensors: those that are rounded, in order.
        made: of these, what convolutions and carriers make: nobody sees it unrounded.
    """

    convolutions: list[Convolution]
    carriers: list[NodeProto] = field(default_factory=list)
    tensors: dict[str, None] = field(default_factory=dict)
    made: set[str] = field(default_factory=set)


def make_plan(graph: Graph, model: ModelProto, seen: Sequence[str], measured: str = "", *, least: int = LEAST) -> Plan:
    """What to do in eight bits: all of `candidates`."""
    return planned(graph, candidates(graph, model, seen, measured, least=least))


def candidates(
    graph: Graph, model: ModelProto, seen: Sequence[str], measured: str = "", *, least: int = LEAST
) -> list[Convolution]:
    """Convolutions that may run in eight bits: all but those that look at the picture itself, and those that paint.

    Args:
        graph: of the model.
        model: for the shapes of its tensors.
        seen: inputs that are the picture to paint, or belong to it.
        measured: a tensor that is constant while a picture is painted, though it is computed; what it depends on is
            left alone.
        least: convolutions with fewer weights are left alone.
    """
    moving, shapes = graph.after(seen), _shapes(model)
    apart = graph.before([measured]) if measured else set()
    convolutions = [n for n in graph.nodes if n.op_type == "Conv" and n.output[0] in moving - apart]
    first = {n.output[0] for n in convolutions if not _before(graph, n, convolutions)}
    last = {n.output[0] for n in convolutions if not _behind(graph, n, convolutions)}
    chosen = [n for n in convolutions if n.output[0] not in first | last and _is_large(graph, n, least)]
    return [_with_normalisation(graph, node, moving, shapes) for node in chosen]


def planned(graph: Graph, convolutions: Sequence[Convolution]) -> Plan:
    """What else is done in eight bits where these convolutions are."""
    plan = Plan(list(convolutions))
    _spread(graph, plan)
    return plan


def _spread(graph: Graph, plan: Plan) -> None:
    """Find the tensors that are rounded, and what more can be done with rounded ones."""
    users = graph.users()
    wanted = {convolution.seen for convolution in plan.convolutions}
    plan.tensors.update(dict.fromkeys(convolution.seen for convolution in plan.convolutions))

    def follow(out: str) -> None:
        only = users[out][0] if len(users[out]) == 1 else None
        if only is not None and only.op_type in _CLIPS:
            plan.carriers.append(only)
            out = only.output[0]
        elif only is not None and only.op_type == "LeakyRelu" and only.output[0] in wanted:
            plan.carriers.append(only)
            plan.made.add(only.output[0])
        plan.tensors[out] = None
        plan.made.add(out)

    for convolution in plan.convolutions:
        follow(convolution.out)
    gone = {id(node) for convolution in plan.convolutions for node in convolution.gone}
    for node in graph.nodes:
        if node.op_type == "Add" and id(node) not in gone and all(name in plan.tensors for name in node.input):
            ends = [node.output[0], *(user.output[0] for user in users[node.output[0]] if user.op_type in _CLIPS)]
            if wanted.intersection(ends):
                plan.carriers.append(node)
                follow(node.output[0])


def _with_normalisation(
    graph: Graph, node: NodeProto, moving: set[str], shapes: Mapping[str, tuple[int, ...]]
) -> Convolution:
    """A convolution with what scales and shifts its channels, if that is known before the picture is seen."""
    users, outputs = graph.users(), set(graph.outputs)
    weight = graph.constant(node.input[1])
    assert weight is not None
    out, found, gone = node.output[0], {"Mul": "", "Add": ""}, []
    for kind in found:
        only = users[out][0] if len(users[out]) == 1 and out not in outputs else None
        if only is None or only.op_type != kind:
            continue
        others = [name for name in only.input if name != out]
        if len(others) == 1 and others[0] not in moving and shapes.get(others[0]) == (1, len(weight), 1, 1):
            found[kind] = others[0]
            gone.append(only)
            out = only.output[0]
    return Convolution(node, found["Mul"], found["Add"], out, tuple(gone))


def _is_large(graph: Graph, node: NodeProto, least: int) -> bool:
    weight = graph.constant(node.input[1])
    bias = graph.constant(node.input[2]) if len(node.input) > 2 and node.input[2] else np.zeros(1, np.float32)
    return weight is not None and weight.dtype == np.float32 and weight.size >= least and bias is not None


def _before(graph: Graph, node: NodeProto, others: Sequence[NodeProto]) -> bool:
    """Whether one of the others comes before a node."""
    return bool(graph.before([node.input[0]]).intersection(other.output[0] for other in others))


def _behind(graph: Graph, node: NodeProto, others: Sequence[NodeProto]) -> bool:
    """Whether one of the others comes behind a node."""
    return bool(graph.after([node.output[0]]).intersection(other.input[0] for other in others))


def _shapes(model: ModelProto) -> dict[str, tuple[int, ...]]:
    """Shapes by tensor, where they are known; -1 stands for lengths that are not."""
    graph = shape_inference.infer_shapes(model, data_prop=True).graph
    known = {
        port.name: tuple(
            side.dim_value if side.HasField("dim_value") else -1 for side in port.type.tensor_type.shape.dim
        )
        for port in (*graph.value_info, *graph.input, *graph.output)
        if port.type.tensor_type.HasField("shape")
    }
    return known | {stored.name: tuple(stored.dims) for stored in graph.initializer}
