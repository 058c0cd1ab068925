"""An ONNX graph to look around in and to change: who makes a tensor, who uses it, what is constant."""

from __future__ import annotations

import graphlib
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, helper, numpy_helper

Array = NDArray[Any]


class Graph:
    """The graph of a model, in which nodes and constants may be added, changed and removed.

    Args:
        model: what it is of; `finished` gives it back with all changes.

    Attributes:
        nodes: each after those that it depends on, until some are added.
    """

    def __init__(self, model: ModelProto) -> None:
        self._model = model
        self.nodes: list[NodeProto] = list(model.graph.node)
        self._constants = {stored.name: stored for stored in model.graph.initializer}
        self._added = 0

    @property
    def outputs(self) -> list[str]:
        """Names of all that it computes for others."""
        return [port.name for port in self._model.graph.output]

    @property
    def constants(self) -> list[str]:
        """Names of constant tensors."""
        return list(self._constants)

    def constant(self, name: str) -> Array | None:
        """The value of a constant tensor; None for others."""
        stored = self._constants.get(name)
        return None if stored is None else numpy_helper.to_array(stored)

    def makers(self) -> dict[str, NodeProto]:
        """By tensor: the node that makes it."""
        return {name: node for node in self.nodes for name in node.output if name}

    def users(self) -> dict[str, list[NodeProto]]:
        """By tensor: the nodes that use it."""
        found: dict[str, list[NodeProto]] = defaultdict(list)
        for node in self.nodes:
            for name in {*node.input} - {""}:
                found[name].append(node)
        return found

    def after(self, tensors: Iterable[str]) -> set[str]:
        """These tensors, and all that depend on them."""
        reached = set(tensors)
        for node in self.nodes:
            if reached.intersection(node.input):
                reached.update(node.output)
        return reached

    def before(self, tensors: Iterable[str]) -> set[str]:
        """These tensors, and all that they depend on."""
        needed = set(tensors)
        for node in reversed(self.nodes):
            if needed.intersection(node.output):
                needed.update(node.input)
        return needed

    def store(self, name: str, value: Array) -> str:
        """Add a constant, or replace the one of this name; returns the name."""
        self._constants[name] = numpy_helper.from_array(np.asarray(value, order="C"), name)
        return name

    def drop(self, name: str) -> None:
        """Remove a constant."""
        del self._constants[name]

    def add(self, kind: str, *inputs: str, out: str = "", outs: int = 1, **attributes: Any) -> list[str]:
        """Add a node; returns the names of its outputs.

        Args:
            out: what to call its one output; without it outputs get names of their own.
            outs: how many outputs it has.
        """
        self._added += 1
        name = f"int8/{self._added}"
        names = [out] if out else [f"{name}/{n}" for n in range(outs)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, name=name, **attributes))
        return names

    def finished(self) -> ModelProto:
        """The model with all changes: its nodes in order, without what nobody uses."""
        graph = self._model.graph
        self.nodes = self._sorted()
        needed = self.before(self.outputs)
        nodes = [node for node in self.nodes if needed.intersection(node.output)]
        constants = [stored for name, stored in self._constants.items() if name in needed]
        for field, values in ((graph.node, nodes), (graph.initializer, constants)):
            del field[:]
            field.extend(values)
        del graph.value_info[:]
        return self._model

    def _sorted(self) -> list[NodeProto]:
        makers = {name: place for place, node in enumerate(self.nodes) for name in node.output if name}
        order = graphlib.TopologicalSorter(
            {place: {makers[name] for name in node.input if name in makers} for place, node in enumerate(self.nodes)}
        )
        return [self.nodes[place] for place in order.static_order()]


def attribute(node: NodeProto, name: str, default: Any = None) -> Any:
    """An attribute's value."""
    return next((helper.get_attribute_value(entry) for entry in node.attribute if entry.name == name), default)
