"""The size of an AVIF, from the boxes of its container (ISO/IEC 14496-12 and 23008-12), without decoding anything."""

from __future__ import annotations

import struct
from collections.abc import Iterator

_MOST = 512  # boxes of a level, items, and properties of one: files have a dozen

Span = tuple[int, int]


def avif_size(data: bytes) -> tuple[int, int] | None:
    """Width and height of the primary picture; None where the boxes don't tell, which their decoder may understand."""
    try:
        meta = _find(data, (0, len(data)), b"meta")
        parts = None if meta is None else (meta[0] + 4, meta[1])  # after version and flags
        primary = None if parts is None else _find(data, parts, b"pitm")
        properties = None if parts is None else _find(data, parts, b"iprp")
        if primary is None or properties is None:
            return None
        item = int.from_bytes(_taken(data, primary, 4, 4 if data[primary[0]] else 2), "big")
        return _size_of(data, properties, item)
    except (struct.error, IndexError):
        return None


def _size_of(data: bytes, properties: Span, item: int) -> tuple[int, int] | None:
    """The largest that an item claims."""
    listed = _find(data, properties, b"ipco")
    if listed is None:
        return None
    known = list(_boxes(data, listed))
    sizes = []
    for kind, span in _boxes(data, properties):
        for number in _associated(data, span, item) if kind == b"ipma" else ():
            if 0 < number <= len(known) and known[number - 1][0] == b"ispe":
                width, height = struct.unpack(">II", _taken(data, known[number - 1][1], 4, 8))
                sizes.append((width, height))
    return max(sizes, key=lambda size: size[0] * size[1], default=None)


def _associated(data: bytes, span: Span, item: int) -> list[int]:
    """Numbers of the properties of an item, from 1."""
    place, end = span
    version, flags, count = data[place], data[place + 3], *struct.unpack_from(">I", data, place + 4)
    head, one = (">IB", 5) if version else (">HB", 3), ">H" if flags & 1 else ">B"
    place += 8
    for _ in range(min(count, _MOST)):
        if place + head[1] > end:
            break
        found, several = struct.unpack_from(head[0], data, place)
        place += head[1]
        width = struct.calcsize(one)
        if found == item and place + several * width <= end:
            # The first bit says that readers must know the property.
            return [
                n & ((1 << 8 * width - 1) - 1)
                for (n,) in struct.iter_unpack(one, data[place : place + several * width])
            ]
        place += several * width
    return []


def _find(data: bytes, span: Span, kind: bytes) -> Span | None:
    """The content of the first box of a kind."""
    return next((inside for found, inside in _boxes(data, span) if found == kind), None)


def _boxes(data: bytes, span: Span) -> Iterator[tuple[bytes, Span]]:
    """Kinds and contents of the boxes that lie in a span, one after the other, until one does not fit."""
    place, end = span
    for _ in range(_MOST):
        if place + 8 > end:
            return
        length, kind, head = int.from_bytes(data[place : place + 4], "big"), data[place + 4 : place + 8], 8
        if length == 1:
            length, head = int.from_bytes(data[place + 8 : place + 16], "big"), 16
        elif length == 0:  # to the end
            length = end - place
        if length < head or place + length > end:
            return
        yield kind, (place + head, place + length)
        place += length


def _taken(data: bytes, span: Span, start: int, count: int) -> bytes:
    """So many bytes of a span."""
    place = span[0] + start
    if place + count > span[1]:
        raise IndexError
    return data[place : place + count]
