"""What a .tflite says of itself, and in which precision it keeps its numbers.

The file is a FlatBuffer (https://ai.google.dev/edge/litert, schema.fbs); what else belongs to it stands behind that as
a ZIP archive, as is usual with .tflite: `unzip -p painter.tflite impasto.json` tells all about it.
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
INPUT, OUTPUT = "picture", "painting"

_LARGE = 512  # numbers: fewer are kept as they are
_ALIGNED = 16  # bytes, as the schema asks for
_WITH_HALF = 3  # the version of DEQUANTIZE that takes float16


def finished(data: bytes, about: Mapping[str, Any]) -> bytes:
    """A converted network with named ends, with its large constants in half precision, and with what is told of it.

    Args:
        data: one input, one output.
        about: becomes JSON.
    """
    from ai_edge_litert.tools import flatbuffer_utils

    model = flatbuffer_utils.read_model_from_bytearray(bytearray(data))
    model.description = "Impasto {name} ({licence}): {layout}, {colour} in {range}; see {file}.".format(
        file=DESCRIPTION, **about
    )
    _name_ends(model)
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


def _name_ends(model: Any) -> None:
    (signature,) = model.signatureDefs
    for ends, name in ((signature.inputs, INPUT), (signature.outputs, OUTPUT)):
        (end,) = ends
        end.name = name
        model.subgraphs[signature.subgraphIndex].tensors[end.tensorIndex].name = name


def _store_in_half(model: Any) -> None:
    """Each with an operator that takes it back: runtimes carry that out once, when they load the file."""
    from ai_edge_litert import schema_py_generated as schema

    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.DEQUANTIZE
    code.version = _WITH_HALF
    model.operatorCodes.append(code)
    halves: dict[int, int] = {}  # by the buffer that holds the numbers in full
    for graph in model.subgraphs:
        casts = []
        for place, tensor in enumerate(list(graph.tensors)):
            stored = model.buffers[tensor.buffer].data
            if stored is None or tensor.type != schema.TensorType.FLOAT32 or len(stored) < 4 * _LARGE:
                continue
            if tensor.buffer not in halves:
                halves[tensor.buffer] = len(model.buffers)
                model.buffers.append(_buffer(np.asarray(stored).view("<f4").astype("<f2").view(np.uint8)))
            half = copy.copy(tensor)
            half.name, half.type, half.buffer = f"{_text(tensor.name)}_half", schema.TensorType.FLOAT16, halves[tensor.buffer]
            tensor.buffer = 0
            cast = schema.OperatorT()
            cast.opcodeIndex, cast.inputs, cast.outputs = len(model.operatorCodes) - 1, [len(graph.tensors)], [place]
            graph.tensors.append(half)
            casts.append(cast)
        graph.operators = casts + graph.operators
    for full in halves:
        model.buffers[full].data = None


def _align(model: Any) -> None:
    """Let what packs the model begin each buffer where the schema asks for; by itself it does not."""
    from ai_edge_litert import schema_py_generated as schema

    class Aligned(schema.BufferT):  # type: ignore[misc]
        def Pack(self, builder: Any) -> Any:
            data = None
            if self.data is not None:
                content = np.asarray(self.data, np.uint8).tobytes()
                builder.StartVector(1, len(content), _ALIGNED)
                builder.head -= len(content)
                builder.Bytes[builder.head : builder.head + len(content)] = content
                data = builder.EndVector()
            schema.BufferStart(builder)
            if data is not None:
                schema.BufferAddData(builder, data)
            return schema.BufferEnd(builder)

    for buffer in model.buffers:
        buffer.__class__ = Aligned


def _buffer(data: Any) -> Any:
    from ai_edge_litert import schema_py_generated as schema

    buffer = schema.BufferT()
    buffer.data = data
    return buffer


def _text(name: bytes | str) -> str:
    return name.decode() if isinstance(name, bytes) else name
