"""Networks out to ONNX: one self-describing file a part, checked against PyTorch before it is kept."""

from __future__ import annotations

import io
import json
import logging
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from impasto.errors import ExportError
from impasto.extras import needs_extra
from impasto.files import place_file
from impasto.runtime.model import Model

Floats = NDArray[np.float32]

OPSET = 20
TOLERANCE = 1e-4
_LARGE = 64  # numbers


@dataclass(frozen=True)
class Port:
    """An input of a network: its name, an example, and the axes that may have any size, each by its name and the number
    that its size is a multiple of. Sizes of the same name are the same multiple of theirs.
    """

    name: str
    example: Tensor
    free: Mapping[int, tuple[str, int]] = field(default_factory=dict)


def export(
    network: nn.Module,
    inputs: Sequence[Port],
    outputs: Sequence[str],
    path: Path,
    metadata: Mapping[str, Any],
    *,
    eight_bits: Collection[str] = (),
) -> float:
    """Write a network to `path` as ONNX, whole or not at all. Weights are stored in half precision, or in eight bits:
    round them first (`round_weights`), else the file differs from the network.

    Args:
        outputs: names of its outputs, in order.
        metadata: what the file says of itself; values other than text become JSON.
        eight_bits: names of the filters that are stored in eight bits.

    Returns:
        The largest difference between ONNX Runtime and PyTorch on the examples, relative to the largest value.

    Raises:
        ExportError: that difference is above `TOLERANCE`.
        MissingExtraError: onnx is not installed.
        OutputError: it can't be written.
    """
    with needs_extra("Exporting a network"):
        import onnx
        import onnxruntime
        import onnxscript  # noqa: F401 — torch's exporter needs it
    network = network.eval()
    examples = tuple(port.example.detach() for port in inputs)
    with torch.no_grad(), warnings.catch_warnings(), _quiet_exporter():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            network,
            examples,
            dynamo=True,
            opset_version=OPSET,
            dynamic_shapes=_dynamic_shapes(inputs),
            input_names=[port.name for port in inputs],
            output_names=list(outputs),
            verbose=False,
        )
        expected = network(*examples)
    assert program is not None
    model = program.model_proto
    _strip(model.graph)
    if eight_bits:
        model = _store_in_bytes(model, eight_bits)
    _store_in_half(model.graph)
    buffer = io.BytesIO()
    onnx.save_model(model, buffer)
    entries = {key: value if isinstance(value, str) else json.dumps(value) for key, value in metadata.items()}
    data = Model(buffer.getvalue()).described(entries)
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    found = session.run(list(outputs), {port.name: port.example.detach().numpy() for port in inputs})
    expected = [expected] if isinstance(expected, Tensor) else expected
    error = max(_difference(x, y.numpy()) for x, y in zip(found, expected, strict=True))
    if not error <= TOLERANCE:
        raise ExportError(f"The exported network differs from the trained one by {error:.1e}.")
    place_file(path, data, overwrite=True)
    return error


@torch.no_grad()
def round_weights(network: nn.Module, eight_bits: Collection[str] = ()) -> None:
    """Round all weights to numbers that half precision has; filters of these names to such that eight bits and a scale
    for each output channel have.
    """
    for name, tensor in network.state_dict().items():
        tensor.copy_(_in_bytes(tensor) if name in eight_bits else tensor.half().to(tensor.dtype))


def _in_bytes(filters: Tensor) -> Tensor:
    from impasto.networks.quantisation.weights import whole

    numbers, scales = whole(filters.numpy(force=True))
    return torch.from_numpy(numbers * scales)


def _strip(graph: Any) -> None:
    """Drop what the exporter notes about nodes and values: names of our source lines, a third of a small file, and
    bounds in an order that differs from process to process. What only nodes know is called by a number.
    """
    outside = {its.name for its in (*graph.input, *graph.output, *graph.initializer)} | {""}
    inside = {name for node in graph.node for name in node.output} - outside
    numbers = {name: str(n) for n, name in enumerate(sorted(inside))}
    del graph.value_info[:]
    del graph.metadata_props[:]
    for node in graph.node:
        for names in (node.input, node.output):
            names[:] = [numbers.get(name, name) for name in names]
        del node.metadata_props[:]
        node.ClearField("doc_string")
        node.ClearField("name")


def _store_in_bytes(model: Any, names: Collection[str]) -> Any:
    from impasto.networks.quantisation.graph import Graph
    from impasto.networks.quantisation.weights import store

    graph = Graph(model)
    for name in names:
        if graph.constant(name) is not None:  # the exporter keeps one of equal ones
            store(graph, name)
    return graph.finished()


def _store_in_half(graph: Any) -> None:
    """Store large initializers in half precision, each with a node that casts it back: runtimes fold these away when
    they load the file.
    """
    from onnx import TensorProto, helper, numpy_helper

    from impasto.networks.quantisation.weights import MARK

    casts = []
    for stored in graph.initializer:
        small = np.prod(stored.dims) < _LARGE
        if stored.data_type != TensorProto.FLOAT or small or stored.name.startswith(MARK):  # a scale
            continue
        name, half = stored.name, f"{stored.name}_half"
        stored.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(stored).astype(np.float16), half))
        casts.append(helper.make_node("Cast", [half], [name], name=f"{name}_cast", to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def _difference(found: Floats, expected: Floats) -> float:
    return float(np.abs(found - expected).max() / max(1e-12, float(np.abs(expected).max())))


def _dynamic_shapes(inputs: Sequence[Port]) -> tuple[dict[int, Any], ...]:
    names = {name for port in inputs for name, _ in port.free.values()}
    sizes: dict[str, Any] = {name: torch.export.Dim(name, min=1, max=1 << 14) for name in sorted(names)}
    return tuple(
        {axis: multiple * sizes[name] if multiple > 1 else sizes[name] for axis, (name, multiple) in port.free.items()}
        for port in inputs
    )


@contextmanager
def _quiet_exporter() -> Iterator[None]:
    """torch's exporter warns that torchvision is missing, which it is on purpose."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
