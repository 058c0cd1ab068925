"""What a .tflite says of itself, and in which precision it keeps its numbers.

The file is a FlatBuffer (https://github.com/google-ai-edge/LiteRT, schema.fbs). What else belongs to it lies behind
that as a ZIP archive, as is usual with .tflite: `unzip -p painter.tflite impasto.json` tells all about it.
"""

from __future__ import annotations

import copy
import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np

DESCRIPTION = "impasto.json"

_LARGE = 512  # numbers: fewer are kept as they are
_LARGEST = float(np.finfo(np.float16).max)
_ALIGNED = 16  # bytes: where the schema wants each buffer to begin
_TAKES_HALF = 3  # the version of DEQUANTIZE that does


def finished(data: bytes, about: Mapping[str, Any]) -> bytes:
    """A converted network with names for what goes in and what comes out, with its large constants in half precision,
    and with what there is to tell of it.

    Args:
        data: one input, one output.
        about: becomes JSON; `input` and `output` are names.
    """
    from ai_edge_litert.tools import flatbuffer_utils

    model = flatbuffer_utils.read_model_from_bytearray(bytearray(data))
    told = "Impasto {name} ({licence}): {layout}, {colour} in {range}; more in {file}."
    model.description = told.format(file=DESCRIPTION, **about)
    _name_ends(model, about["input"], about["output"])
    _store_in_half(model)
    _align(model)
    return _with_archive(flatbuffer_utils.convert_object_to_bytearray(model), json.dumps(about, indent=1) + "\n")


def description(data: bytes) -> dict[str, Any]:
    """What a file says of itself."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        told: dict[str, Any] = json.loads(archive.read(DESCRIPTION))
    return told


def _with_archive(model: bytes, text: str) -> bytes:
    # Without a date: the same network is the same file.
    whole = io.BytesIO(model)
    with zipfile.ZipFile(whole, "a") as archive:
        archive.writestr(zipfile.ZipInfo(DESCRIPTION), text)
    return whole.getvalue()


def _name_ends(model: Any, *names: str) -> None:
    (signature,) = model.signatureDefs
    for name, ends in zip(names, (signature.inputs, signature.outputs), strict=True):
        (end,) = ends
        end.name = name
        model.subgraphs[signature.subgraphIndex].tensors[end.tensorIndex].name = name


def _store_in_half(model: Any) -> None:
    """Each with an operator that casts it back: runtimes carry these out once, when they load the file."""
    from ai_edge_litert import schema_py_generated as schema

    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.DEQUANTIZE
    code.version = _TAKES_HALF
    model.operatorCodes.append(code)
    halves: dict[int, int] = {}  # where the halves are, by where the numbers were
    for graph in model.subgraphs:
        casts = []
        for place, tensor in enumerate(list(graph.tensors)):
            stored = model.buffers[tensor.buffer].data
            if stored is None or tensor.type != schema.TensorType.FLOAT32 or len(stored) < 4 * _LARGE:
                continue
            numbers = np.frombuffer(bytes(stored), "<f4")
            if not np.abs(numbers).max() <= _LARGEST:
                continue
            if tensor.buffer not in halves:
                halves[tensor.buffer] = len(model.buffers)
                model.buffers.append(schema.BufferT())
                model.buffers[-1].data = numbers.astype("<f2").view(np.uint8)
            half = copy.copy(tensor)
            half.type, half.buffer = schema.TensorType.FLOAT16, halves[tensor.buffer]
            tensor.buffer = 0  # which holds nothing
            cast = schema.OperatorT()
            cast.opcodeIndex, cast.inputs, cast.outputs = len(model.operatorCodes) - 1, [len(graph.tensors)], [place]
            graph.tensors.append(half)
            casts.append(cast)
        graph.operators = casts + graph.operators
    for full in halves:
        model.buffers[full].data = None


def _align(model: Any) -> None:
    """Make what packs the model begin each buffer where it should; the generated code does not."""
    from ai_edge_litert import schema_py_generated as schema

    class Aligned(schema.BufferT):  # type: ignore[misc]
        def Pack(self, builder: Any) -> Any:
            data = None if self.data is None else _vector(builder, bytes(self.data))
            schema.BufferStart(builder)
            if data is not None:
                schema.BufferAddData(builder, data)
            return schema.BufferEnd(builder)

    for n, buffer in enumerate(model.buffers):
        model.buffers[n] = Aligned()
        model.buffers[n].data = buffer.data


def _vector(builder: Any, content: bytes) -> Any:
    """As `Builder.CreateByteVector`, aligned."""
    builder.StartVector(1, len(content), _ALIGNED)
    builder.head -= len(content)
    builder.Bytes[builder.head : builder.head + len(content)] = content
    return builder.EndVector()
