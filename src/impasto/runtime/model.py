"""Parts of an ONNX model, cut out of its bytes.

One file holds all that a painter does with a photograph, so that any ONNX runtime can use it. Here it is run in two
parts, and what the first part finds out is made a constant of the second: ONNX Runtime then folds it into the
convolutions. For that the file's outer structure is enough; it is read here, as ONNX's own package is larger than all
else that painting needs. ONNX is protocol buffers (https://protobuf.dev/programming-guides/encoding/) according to
https://github.com/onnx/onnx/blob/main/onnx/onnx.proto; the names of fields below are those of that file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MODEL_GRAPH, _MODEL_METADATA = 7, 14
_GRAPH_NODE, _GRAPH_INITIALIZER, _GRAPH_INPUT, _GRAPH_OUTPUT = 1, 5, 11, 12
_NODE_INPUT, _NODE_OUTPUT = 1, 2
_TENSOR_DIMS, _TENSOR_TYPE, _TENSOR_NAME, _TENSOR_RAW = 1, 2, 8, 9
_VALUE_NAME = 1
_ENTRY_KEY, _ENTRY_VALUE = 1, 2
_FLOAT = 1


class DamagedModelError(ValueError):
    """The bytes are no model, or end too soon."""


@dataclass(frozen=True)
class _Field:
    """One field of a message: its number, where it stands with its tag, and its content (bytes only)."""

    number: int
    whole: memoryview
    content: memoryview


class Model:
    """An ONNX file's content.

    Raises:
        DamagedModelError: it is none.
    """

    def __init__(self, data: bytes) -> None:
        self._fields = list(_fields(memoryview(data)))
        graphs = [field for field in self._fields if field.number == _MODEL_GRAPH]
        if len(graphs) != 1:
            raise DamagedModelError("A model has one graph.")
        self._graph = list(_fields(graphs[0].content))
        self._nodes = [
            (set(_texts(field.content, _NODE_INPUT)), set(_texts(field.content, _NODE_OUTPUT)))
            for field in self._graph
            if field.number == _GRAPH_NODE
        ]
        self._names = {id(f): _name(f) for f in self._graph if f.number in _NAMED}

    @property
    def metadata(self) -> dict[str, str]:
        """What the file says of itself."""
        entries = [field.content for field in self._fields if field.number == _MODEL_METADATA]
        return {_text(entry, _ENTRY_KEY): _text(entry, _ENTRY_VALUE) for entry in entries}

    @property
    def inputs(self) -> tuple[str, ...]:
        return tuple(self._names[id(f)] for f in self._graph if f.number == _GRAPH_INPUT)

    def part(self, outputs: Sequence[str], given: Mapping[str, Floats] | None = None) -> bytes:
        """The model that computes `outputs` and nothing else.

        Args:
            outputs: some of the model's own.
            given: tensors by name that are constant from now on: inputs, or what nodes would compute.
        """
        given = given or {}
        needed, kept = set(outputs), set()
        for place in reversed(range(len(self._nodes))):
            inputs, results = self._nodes[place]
            if results & needed - given.keys():
                kept.add(place)
                needed |= inputs
        parts: list[bytes | memoryview] = []
        nodes = iter(range(len(self._nodes)))
        for field in self._graph:
            if field.number == _GRAPH_NODE:
                stays = next(nodes) in kept
            elif field.number == _GRAPH_OUTPUT:
                stays = self._names[id(field)] in outputs
            elif field.number in _NAMED:
                stays = self._names[id(field)] in needed - given.keys()
            else:
                stays = True
            if stays:
                parts.append(field.whole)
        parts += [_bytes(_GRAPH_INITIALIZER, _tensor(name, value)) for name, value in given.items() if name in needed]
        graph = _bytes(_MODEL_GRAPH, b"".join(parts))
        return b"".join(graph if field.number == _MODEL_GRAPH else field.whole for field in self._fields)


_NAMED = {_GRAPH_INITIALIZER: _TENSOR_NAME, _GRAPH_INPUT: _VALUE_NAME, _GRAPH_OUTPUT: _VALUE_NAME}


def _name(field: _Field) -> str:
    return _text(field.content, _NAMED[field.number])


def _fields(message: memoryview) -> Iterator[_Field]:
    place = 0
    while place < len(message):
        start = place
        tag, place = _read_varint(message, place)
        number, kind = tag >> 3, tag & 7
        begin = place
        if kind == _VARINT:
            _, place = _read_varint(message, place)
        elif kind == _BYTES:
            length, begin = _read_varint(message, place)
            place = begin + length
        elif kind in (_FIXED32, _FIXED64):
            place += 4 if kind == _FIXED32 else 8
        else:
            raise DamagedModelError("This is no protocol buffer.")
        if place > len(message) or number == 0:
            raise DamagedModelError("This is no protocol buffer, or not all of it.")
        yield _Field(number, message[start:place], message[begin:place] if kind == _BYTES else message[:0])


def _texts(message: memoryview, number: int) -> list[str]:
    try:
        return [str(field.content, "utf-8") for field in _fields(message) if field.number == number]
    except UnicodeDecodeError as error:
        raise DamagedModelError("A name in it is no text.") from error


def _text(message: memoryview, number: int) -> str:
    """The last of the field's values, as protocol buffers have it; empty where there is none."""
    return ["", *_texts(message, number)][-1]


def _read_varint(message: memoryview, place: int) -> tuple[int, int]:
    value = shift = 0
    while place < len(message) and shift < 64:
        byte = message[place]
        value |= (byte & 127) << shift
        place, shift = place + 1, shift + 7
        if byte < 128:
            return value, place
    raise DamagedModelError("This is no protocol buffer, or not all of it.")


def _varint(value: int) -> bytes:
    parts = bytearray()
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    parts.append(value)
    return bytes(parts)


def _bytes(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | _BYTES) + _varint(len(content)) + content


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3 | _VARINT) + _varint(value)


def _tensor(name: str, value: Floats) -> bytes:
    dims = b"".join(_number(_TENSOR_DIMS, side) for side in value.shape)
    raw = np.ascontiguousarray(value, "<f4").tobytes()
    return dims + _number(_TENSOR_TYPE, _FLOAT) + _bytes(_TENSOR_NAME, name.encode()) + _bytes(_TENSOR_RAW, raw)
