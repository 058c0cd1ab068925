"""Parts of an ONNX model, cut out of its bytes.

One file holds all that a painter does with a photograph, so that any ONNX runtime can use it. Here it is run in two
parts, and what the first part finds out is made a constant of the second: ONNX Runtime then folds it into the
convolutions. For that the file's outer structure is enough; it is read here, as ONNX's own package is larger than all
else that painting needs. ONNX is protocol buffers (https://protobuf.dev/programming-guides/encoding/) according to
https://github.com/onnx/onnx/blob/main/onnx/onnx.proto; the names of fields below are those of that file.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MODEL_GRAPH, _MODEL_METADATA, _MODEL_FUNCTIONS = 7, 14, 25
_GRAPH_NODE, _GRAPH_INITIALIZER, _GRAPH_INPUT, _GRAPH_OUTPUT, _GRAPH_VALUES, _GRAPH_SPARSE = 1, 5, 11, 12, 13, 15
_NODE_INPUT, _NODE_OUTPUT, _NODE_ATTRIBUTE = 1, 2, 5
_ATTRIBUTE_TENSOR, _ATTRIBUTE_NESTED = 5, (6, 10, 11, 22, 23)  # a tensor; graphs, lists of tensors, sparse ones
_TENSOR_DIMS, _TENSOR_TYPE, _TENSOR_NAME, _TENSOR_RAW = 1, 2, 8, 9
_TENSOR_ELSEWHERE = (13, 14)  # external_data, data_location
_VALUE_NAME, _VALUE_TYPE, _TYPE_TENSOR, _TENSOR_SHAPE = 1, 2, 1, 2
_SHAPE_SIDE, _SIDE_LENGTH, _SIDE_NAME = 1, 1, 2
_TYPE_ELEMENT = 1
_ENTRY_KEY, _ENTRY_VALUE = 1, 2
_CHECKSUM = "checksum"
_FLOAT = 1
_MOST_FIELDS = 50_000  # of one message; a painter has some hundred


class DamagedModelError(ValueError):
    """The bytes are no model, or end too soon."""


class _Field(NamedTuple):
    """One field of a message: its number, where it starts with its tag, and where its content lies (bytes only)."""

    number: int
    start: int
    begin: int
    stop: int


class Model:
    """An ONNX file's content.

    Attributes:
        data: all of it.
        metadata: what the file says of itself.

    Raises:
        DamagedModelError: it is none, or one that refers to other files.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._fields = _fields(data, 0, len(data))
        graphs = [field for field in self._fields if field.number == _MODEL_GRAPH]
        if len(graphs) != 1:
            raise DamagedModelError("A model has one graph.")
        self._graph = _fields(data, graphs[0].begin, graphs[0].stop)
        nodes = [_fields(data, field.begin, field.stop) for field in self._graph if field.number == _GRAPH_NODE]
        self._nodes = [(_texts(data, node, _NODE_INPUT), _texts(data, node, _NODE_OUTPUT)) for node in nodes]
        self._names = {f: _text(data, _sub(data, f), _NAMED[f.number]) for f in self._graph if f.number in _NAMED}
        self._refuse_what_painters_lack(nodes)
        entries = [_sub(data, field) for field in self._fields if field.number == _MODEL_METADATA]
        self.metadata = {_text(data, entry, _ENTRY_KEY): _text(data, entry, _ENTRY_VALUE) for entry in entries}

    def _refuse_what_painters_lack(self, nodes: Sequence[Sequence[_Field]]) -> None:
        """Weights in other files, which ONNX Runtime would read, and all places but initializers to hide them in."""
        data = self.data
        tensors = [field for field in self._graph if field.number == _GRAPH_INITIALIZER]
        for attribute in (field for node in nodes for field in node if field.number == _NODE_ATTRIBUTE):
            parts = _sub(data, attribute)
            tensors += [part for part in parts if part.number == _ATTRIBUTE_TENSOR]
            if any(part.number in _ATTRIBUTE_NESTED for part in parts):
                raise DamagedModelError("It has graphs in graphs.")
        if any(part.number in _TENSOR_ELSEWHERE for tensor in tensors for part in _sub(data, tensor)):
            raise DamagedModelError("Its weights are in another file.")
        functions = any(field.number == _MODEL_FUNCTIONS for field in self._fields)
        if functions or any(field.number == _GRAPH_SPARSE for field in self._graph):
            raise DamagedModelError("It has functions or sparse weights.")

    @property
    def outputs(self) -> list[str]:
        """Names of all that it computes."""
        return [self._names[field] for field in self._graph if field.number == _GRAPH_OUTPUT]

    def free_sides(self, name: str) -> list[str]:
        """Of an input, by axis: the name of the number that is not fixed, or nothing."""
        ports = [field for field in self._graph if field.number == _GRAPH_INPUT and self._names[field] == name]
        path = (_VALUE_TYPE, _TYPE_TENSOR, _TENSOR_SHAPE, _SHAPE_SIDE)
        sides = [side for port in ports for side in self._down(port, *path)]
        return [_text(self.data, _sub(self.data, side), _SIDE_NAME) for side in sides]

    def _down(self, message: _Field, *path: int) -> list[_Field]:
        """The fields that lie down this path."""
        found = [message]
        for number in path:
            found = [part for field in found for part in _sub(self.data, field) if part.number == number]
        return found

    def described(self, entries: Mapping[str, str]) -> bytes:
        """The model's bytes with these entries in its metadata, and a checksum of all else, whatever they say of it."""
        body = self._without({*entries, _CHECKSUM})
        body += b"".join(_entry(key, value) for key, value in entries.items() if key != _CHECKSUM)
        return body + _entry(_CHECKSUM, _digest(body))

    @property
    def intact(self) -> bool | None:
        """Whether the checksum is right; None where there is none."""
        found = self.metadata.get(_CHECKSUM)
        return None if found is None else found == _digest(self._without({_CHECKSUM}))

    def _without(self, keys: Collection[str]) -> bytes:
        """All bytes but the entries of the metadata that have these keys."""
        data = self.data
        return b"".join(
            data[field.start : field.stop]
            for field in self._fields
            if field.number != _MODEL_METADATA or _text(data, _sub(data, field), _ENTRY_KEY) not in keys
        )

    def freed(self) -> bytes:
        """The model for pictures of any size: without what it says of the shapes of its inputs and outputs."""
        data = self.data
        parts = [
            _bytes(field.number, self._shapeless(field)) if field.number in _PORTS else data[field.start : field.stop]
            for field in self._graph
            if field.number != _GRAPH_VALUES
        ]
        graph = _bytes(_MODEL_GRAPH, b"".join(parts))
        return b"".join(graph if f.number == _MODEL_GRAPH else data[f.start : f.stop] for f in self._fields)

    def _shapeless(self, message: _Field, path: tuple[int, ...] = (_VALUE_TYPE, _TYPE_TENSOR)) -> bytes:
        """A message, copied but for the shape that lies down this path."""
        data, parts = self.data, []
        for field in _sub(data, message):
            if path and field.number == path[0]:
                parts.append(_bytes(field.number, self._shapeless(field, path[1:])))
            elif path or field.number != _TENSOR_SHAPE:
                parts.append(data[field.start : field.stop])
        return b"".join(parts)

    def part(
        self,
        outputs: Sequence[str],
        given: Mapping[str, Floats] | None = None,
        asked: Mapping[str, Sequence[int]] | None = None,
    ) -> bytes:
        """The model that computes `outputs` and nothing else.

        Args:
            outputs: some of the model's own.
            given: tensors by name that are constant from now on: inputs, or what nodes would compute.
            asked: what nodes would compute and is an input from now on: names and shapes.
        """
        given, asked = given or {}, asked or {}
        known = {*given, *asked}
        needed = set(outputs)
        kept = [False] * len(self._nodes)
        for place in reversed(range(len(self._nodes))):
            inputs, results = self._nodes[place]
            if any(name and name in needed and name not in known for name in results):
                kept[place] = True
                needed.update(inputs)
        parts, nodes = [], iter(kept)
        for field in self._graph:
            name = self._names.get(field, "")
            if field.number == _GRAPH_NODE:
                stays = next(nodes)
            elif field.number == _GRAPH_OUTPUT:
                stays = name in outputs
            else:
                stays = field.number not in _NAMED or (name in needed and name not in given)
            if stays:
                parts.append(self.data[field.start : field.stop])
        parts += [_bytes(_GRAPH_INITIALIZER, _tensor(name, value)) for name, value in given.items() if name in needed]
        parts += [_bytes(_GRAPH_INPUT, _port(name, shape)) for name, shape in asked.items() if name in needed]
        graph = _bytes(_MODEL_GRAPH, b"".join(parts))
        return b"".join(
            graph if field.number == _MODEL_GRAPH else self.data[field.start : field.stop] for field in self._fields
        )


_PORTS = (_GRAPH_INPUT, _GRAPH_OUTPUT)
_NAMED = {_GRAPH_INITIALIZER: _TENSOR_NAME, _GRAPH_INPUT: _VALUE_NAME, _GRAPH_OUTPUT: _VALUE_NAME}


def _fields(data: bytes, place: int, end: int) -> list[_Field]:
    found: list[_Field] = []
    while place < end:
        start = place
        tag, place = _read_varint(data, place, end)
        number, kind = tag >> 3, tag & 7
        begin = place
        if kind == _VARINT:
            _, place = _read_varint(data, place, end)
        elif kind == _BYTES:
            length, begin = _read_varint(data, place, end)
            place = begin + length
        elif kind in (_FIXED32, _FIXED64):
            place += 4 if kind == _FIXED32 else 8
        else:
            raise DamagedModelError("This is no protocol buffer.")
        if place > end or number == 0:
            raise DamagedModelError("This is no protocol buffer, or not all of it.")
        if len(found) == _MOST_FIELDS:
            raise DamagedModelError("It has far too many parts.")
        found.append(_Field(number, start, begin if kind == _BYTES else place, place))
    return found


def _sub(data: bytes, message: _Field) -> list[_Field]:
    """The fields of a message in another."""
    return _fields(data, message.begin, message.stop)


def _texts(data: bytes, message: Sequence[_Field], number: int) -> list[str]:
    """The values of a message's fields of this number."""
    try:
        return [data[field.begin : field.stop].decode() for field in message if field.number == number]
    except UnicodeDecodeError as error:
        raise DamagedModelError("A name in it is no text.") from error


def _text(data: bytes, message: Sequence[_Field], number: int) -> str:
    """The last of the field's values, as protocol buffers have it; empty where there is none."""
    return ["", *_texts(data, message, number)][-1]


def _read_varint(data: bytes, place: int, end: int) -> tuple[int, int]:
    if place < end and data[place] < 128:  # nearly always
        return data[place], place + 1
    value = shift = 0
    while place < end and shift < 64:
        byte = data[place]
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


def _digest(data: bytes) -> str:
    import hashlib

    return hashlib.sha256(data).hexdigest()


def _entry(key: str, value: str) -> bytes:
    """An entry of the metadata, as a field of the model."""
    content = _bytes(_ENTRY_KEY, key.encode()) + _bytes(_ENTRY_VALUE, value.encode())
    return _bytes(_MODEL_METADATA, content)


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3 | _VARINT) + _varint(value)


def _tensor(name: str, value: Floats) -> bytes:
    dims = b"".join(_number(_TENSOR_DIMS, side) for side in value.shape)
    raw = np.ascontiguousarray(value, "<f4").tobytes()
    return dims + _number(_TENSOR_TYPE, _FLOAT) + _bytes(_TENSOR_NAME, name.encode()) + _bytes(_TENSOR_RAW, raw)


def _port(name: str, shape: Sequence[int]) -> bytes:
    """An input of float32."""
    sides = b"".join(_bytes(_SHAPE_SIDE, _number(_SIDE_LENGTH, side)) for side in shape)
    tensor = _number(_TYPE_ELEMENT, _FLOAT) + _bytes(_TENSOR_SHAPE, sides)
    return _bytes(_VALUE_NAME, name.encode()) + _bytes(_VALUE_TYPE, _bytes(_TYPE_TENSOR, tensor))
