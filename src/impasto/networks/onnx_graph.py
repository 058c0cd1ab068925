"""An ONNX graph as a torch module: the way back over the border, for whoever converts networks to other formats.

A painter's file is all that its user has; so it is what painters are converted from, whichever family they are of,
and wherever they were made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from impasto.errors import ExportError, WeightsFormatError
from impasto.extras import needs_extra
from impasto.networks.onnx_operators import OPERATORS, WITH_NUMBERS


class _Node(NamedTuple):
    operator: str
    attributes: Mapping[str, Any]
    inputs: Sequence[str]
    outputs: Sequence[str]


class OnnxGraph(nn.Module):
    """What a graph computes, for inputs of fixed shapes.

    Args:
        model: with one output and inputs of float32.
        shapes: of the inputs, by name; there may be more than the graph has.

    Raises:
        ExportError: it has an operator that is not in `OPERATORS`.
        WeightsFormatError: it is damaged, or takes other shapes.
        MissingExtraError: onnx is not installed.
    """

    def __init__(self, model: bytes, shapes: Mapping[str, Sequence[int]]) -> None:
        super().__init__()
        with needs_extra("Converting a network"):
            from onnx import helper, numpy_helper
        graph = _simplified(model, shapes)
        self.inputs, self.output = [port.name for port in graph.input], graph.output[0].name
        self._numbers = {stored.name: numpy_helper.to_array(stored) for stored in graph.initializer}
        self._tensors: dict[str, str] = {}
        for n, (name, array) in enumerate(self._numbers.items()):
            if array.dtype == np.float32:  # whatever is not tells of shapes
                self.register_buffer(f"constant_{n}", torch.from_numpy(array.copy()))
                self._tensors[name] = f"constant_{n}"
        self._nodes = [
            _Node(
                node.op_type,
                {a.name: helper.get_attribute_value(a) for a in node.attribute},
                list(node.input),
                [name for name in node.output if name],
            )
            for node in graph.node
        ]
        unknown = sorted({f"{n.domain}.{n.op_type}".lstrip(".") for n in graph.node} - OPERATORS.keys())
        if unknown:
            raise ExportError(
                f"The network has operators that can't be converted: {', '.join(unknown)}.",
                hint="Paint with it here, or use another.",
            )

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """The output for these inputs, by name; there may be more than the graph has."""
        found: dict[str, Any] = {"": None, **self._numbers, **{name: inputs[name] for name in self.inputs}}
        found.update({name: self.get_buffer(buffer) for name, buffer in self._tensors.items()})
        for node in self._nodes:
            given = [found[name] for name in node.inputs]
            if node.operator in WITH_NUMBERS:
                given[1:] = [self._numbers[name] if name else None for name in node.inputs[1:]]
            made = OPERATORS[node.operator](node.attributes, *given)
            found.update(zip(node.outputs, [made] if isinstance(made, Tensor) else made, strict=False))
        output: Tensor = found[self.output]
        return output


def _simplified(model: bytes, shapes: Mapping[str, Sequence[int]]) -> Any:
    """The graph for these shapes: all that is constant then is computed, as ONNX Runtime does before it runs one."""
    import onnx
    import onnxruntime

    whole = onnx.load_model_from_string(model)
    for port in whole.graph.input:
        port.type.tensor_type.shape.Clear()
        for side in shapes.get(port.name, ()):
            port.type.tensor_type.shape.dim.add().dim_value = side
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC  # standard operators only
    with TemporaryDirectory() as folder:
        file = Path(folder) / "simplified.onnx"
        options.optimized_model_filepath = str(file)
        try:
            session = onnxruntime.InferenceSession(
                whole.SerializeToString(), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # ONNX Runtime's own have no common base but this
            raise WeightsFormatError("The network can't be run on pictures of this size.") from error
        if not {port.name for port in session.get_inputs()} <= shapes.keys() or len(session.get_outputs()) != 1:
            raise WeightsFormatError("The network takes or gives something else than it says.")
        return onnx.load(str(file)).graph
