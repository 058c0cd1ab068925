"""Headers read without decoding: size, bit depth and layout, so that limits are checked before any memory is spent."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from impasto.pictures.boxes import avif_size

PNG_MAGIC = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Header:
    """What a header says. `bits` is per sample; `tags` are the integer tags of a TIFF's first directory."""

    width: int
    height: int
    bits: int = 8
    png_colour_type: int | None = None
    tags: Mapping[int, tuple[int, ...]] = field(default_factory=dict)


class DamagedHeader(ValueError):
    """The header is incomplete or contradicts the format; the message says how, as the end of a sentence."""


def read_header(fmt: str, data: bytes) -> Header | None:
    """The header of a file of format `fmt`; None for an AVIF that does not tell its size: its decoder does.

    Raises:
        DamagedHeader: where the header is incomplete or contradicts the format.
    """
    reader = _READERS.get(fmt)
    try:
        return reader(data) if reader else None
    except (struct.error, IndexError, OverflowError) as error:
        raise DamagedHeader("it ends inside its header") from error


def _png(data: bytes) -> Header:
    if data[:8] != PNG_MAGIC[: len(data)]:
        raise DamagedHeader("its first bytes were changed, as by a transfer in text mode")
    width, height, bits, colour_type = struct.unpack_from(">IIBB", data, 16)
    if data[12:16] != b"IHDR":
        raise DamagedHeader("its header is missing")
    return Header(width, height, bits, png_colour_type=colour_type)


def _gif(data: bytes) -> Header:
    return Header(*struct.unpack_from("<HH", data, 6))


def _bmp(data: bytes) -> Header:
    (header_size,) = struct.unpack_from("<I", data, 14)
    if header_size == 12:
        return Header(*struct.unpack_from("<HH", data, 18))
    width, height = struct.unpack_from("<ii", data, 18)
    return Header(width, abs(height))  # a negative height says that rows run from top to bottom


def _webp(data: bytes) -> Header:
    kind = data[12:16]
    if kind == b"VP8X":
        return Header(1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(_exactly(data, 27, 30), "little"))
    if kind == b"VP8L":
        (word,) = struct.unpack_from("<I", data, 21)
        return Header(1 + (word & 0x3FFF), 1 + (word >> 14 & 0x3FFF))
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return Header(width & 0x3FFF, height & 0x3FFF)
    raise DamagedHeader("its header is missing")


def _exactly(data: bytes, start: int, end: int) -> bytes:
    if len(data) < end:
        raise IndexError
    return data[start:end]


# JPEG: a chain of segments, each `FF marker length data`, with entropy-coded data after each start of scan.

_FRAMES = {0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}
HUFFMAN_FRAMES = {0xC0, 0xC1, 0xC2}  # baseline, extended and progressive; others may take less than a bit a block
_ALONE = {0x01, *range(0xD0, 0xD9)}  # markers without a segment: TEM, RST0 … RST7, SOI
_MARKER = re.compile(rb"\xff([^\x00\xff])")
_MARKER_IN_SCAN = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")
EOI, SOS = 0xD9, 0xDA


def jpeg_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """(marker, start, end) of the segments of a JPEG's first picture up to its end marker (EOI), if there is one."""
    position, in_scan = 2, False
    while match := (_MARKER_IN_SCAN if in_scan else _MARKER).search(data, position):
        marker, start = match[1][0], match.end()
        if marker == EOI:
            yield marker, start, start
            return
        position = start
        if marker in _ALONE:
            continue
        if start + 2 > len(data):
            return
        position = start + max(2, int.from_bytes(data[start : start + 2], "big"))
        in_scan = marker == SOS or in_scan
        yield marker, start + 2, position


def _jpeg(data: bytes) -> Header:
    for marker, start, _ in jpeg_segments(data):
        if marker in _FRAMES:
            bits, height, width = struct.unpack_from(">BHH", data, start)
            return Header(width, height, bits)
        if marker == SOS:
            break
    raise DamagedHeader("it ends inside its header")


# TIFF: a directory of tags, each with type, count and either the values or their place.

_TYPES = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q"}
WIDTH, LENGTH, BITS, COMPRESSION, PHOTOMETRIC = 256, 257, 258, 259, 262
STRIP_OFFSETS, SAMPLES, STRIP_COUNTS, PLANAR = 273, 277, 279, 284
TILE_OFFSETS, TILE_COUNTS, SUB_IFDS, EXTRA_SAMPLES, SAMPLE_FORMAT, DNG_VERSION = 324, 325, 330, 338, 339, 50706
SUBFILE_TYPE = 254
_WANTED = {
    *(SUBFILE_TYPE, WIDTH, LENGTH, BITS, COMPRESSION, PHOTOMETRIC, STRIP_OFFSETS, SAMPLES, STRIP_COUNTS, PLANAR),
    *(TILE_OFFSETS, TILE_COUNTS, SUB_IFDS, EXTRA_SAMPLES, SAMPLE_FORMAT, DNG_VERSION),
}


def _tiff(data: bytes) -> Header:
    tags = tiff_tags(data)
    if WIDTH not in tags or LENGTH not in tags:
        raise DamagedHeader("its directory does not tell its size")
    return Header(tags[WIDTH][0], tags[LENGTH][0], max(tags.get(BITS, (1,))), tags=tags)


def tiff_tags(data: bytes) -> dict[int, tuple[int, ...]]:
    """Integer tags of a TIFF's first directory (classic or BigTIFF), without those whose values lie beyond the file."""
    order = "<" if data[:2] == b"II" else ">"
    big = struct.unpack_from(order + "H", data, 2)[0] == 43
    place, count_code, entry, inline = ("Q", "Q", "HHQ", 8) if big else ("I", "H", "HHI", 4)
    (directory,) = struct.unpack_from(order + place, data, 8 if big else 4)
    (entries,) = struct.unpack_from(order + count_code, data, directory)
    position, step = directory + struct.calcsize(order + count_code), struct.calcsize(order + entry) + inline
    tags: dict[int, tuple[int, ...]] = {}
    for _ in range(min(entries, 4096)):
        tag, kind, count = struct.unpack_from(order + entry, data, position)
        value, position = position + step - inline, position + step
        if tag not in _WANTED or tag in tags or kind not in _TYPES:
            continue
        size = count * struct.calcsize("=" + _TYPES[kind])
        if size > inline:
            (value,) = struct.unpack_from(order + place, data, value)
        if 0 < size <= len(data) - value:
            tags[tag] = struct.unpack_from(f"{order}{count}{_TYPES[kind]}", data, value)
    return tags


def _avif(data: bytes) -> Header | None:
    size = avif_size(data)
    return None if size is None else Header(*size)


_READERS: Mapping[str, Callable[[bytes], Header | None]] = {
    **{"PNG": _png, "GIF": _gif, "BMP": _bmp, "WEBP": _webp, "JPEG": _jpeg, "TIFF": _tiff, "AVIF": _avif}
}
