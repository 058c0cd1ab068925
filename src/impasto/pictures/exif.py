"""EXIF blocks edited in place, so that whatever we don't know (maker notes above all) keeps its offsets.

An EXIF block is a small TIFF: `Exif\\0\\0`, a header, directories (IFDs) of 12-byte entries. Exif 2.32, §4.6.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from PIL import Image

from impasto.pictures.pillow import quiet

PREFIX = b"Exif\0\0"
ORIENTATION, X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT = 274, 282, 283, 296
_EXIF_IFD, _GPS_IFD, _INTEROP_IFD = 0x8769, 0x8825, 0xA005
_COLOUR_SPACE, _PIXEL_WIDTH, _PIXEL_HEIGHT = 0xA001, 0xA002, 0xA003
_THUMBNAIL, _THUMBNAIL_LENGTH = 513, 514
_SHORT, _LONG = 3, 4

# Tags of a main directory that describe the picture; all others there describe how a TIFF stores its pixels.
_DESCRIPTIVE = {
    *(269, 270, 271, 272, ORIENTATION, X_RESOLUTION, Y_RESOLUTION, 285, RESOLUTION_UNIT, 305, 306, 315, 316),
    *(18246, 18249, 33432, 40091, 40092, 40093, 40094, 40095),
}


class _Block:
    """The TIFF inside an EXIF block, as bytes that can be changed."""

    def __init__(self, exif: bytes) -> None:
        self.data = bytearray(exif)
        while self.data.startswith(PREFIX):
            del self.data[: len(PREFIX)]
        order = {b"II*\0": "<", b"MM\0*": ">"}.get(bytes(self.data[:4]))
        if order is None:
            raise ValueError("no TIFF header in the EXIF block")
        self.order = order
        self.main = self.long(4)

    def short(self, place: int) -> int:
        return int(struct.unpack_from(self.order + "H", self.data, place)[0])

    def long(self, place: int) -> int:
        return int(struct.unpack_from(self.order + "I", self.data, place)[0])

    def entries(self, directory: int) -> Iterator[tuple[int, int]]:
        """(tag, place of the entry) of a directory."""
        for i in range(self.short(directory)):
            place = directory + 2 + 12 * i
            yield self.short(place), place

    def set_number(self, place: int, tag: int, kind: int, value: int) -> None:
        packed = struct.pack(self.order + ("HHIHxx" if kind == _SHORT else "HHII"), tag, kind, 1, value)
        self.data[place : place + 12] = packed

    def directory(self, within: int, tag: int) -> int | None:
        return next((self.long(place + 8) for t, place in self.entries(within) if t == tag), None)


def tidied(exif: bytes) -> bytes | None:
    """The block for a picture that was turned upright and made sRGB: orientation 1, colour space sRGB, no thumbnail.

    The rest stays as it is, place (GPS) and maker notes included. None if the block can't be read.
    """
    try:
        block = _Block(exif)
        _drop_thumbnail(block)
        for tag, place in list(block.entries(block.main)):
            if tag == ORIENTATION:
                block.set_number(place, tag, _SHORT, 1)
    except (ValueError, struct.error):
        return None
    with suppress(struct.error):  # a broken directory below the main one: the main one still stands
        _declare_srgb(block)
    return PREFIX + bytes(block.data)


def _drop_thumbnail(block: _Block) -> None:
    link = block.main + 2 + 12 * block.short(block.main)
    second = block.long(link)
    if not second:
        return
    struct.pack_into(block.order + "I", block.data, link, 0)
    try:
        values = {tag: block.long(place + 8) for tag, place in block.entries(second)}
    except struct.error:
        return
    start, length = values.get(_THUMBNAIL, 0), values.get(_THUMBNAIL_LENGTH, 0)
    end = start + length
    if block.data[start : start + 2] != b"\xff\xd8" or end > len(block.data):
        return
    if end >= len(block.data) - 1:
        del block.data[start:]
    else:
        block.data[start:end] = bytes(length)


def _declare_srgb(block: _Block) -> None:
    exif = block.directory(block.main, _EXIF_IFD)
    if exif is None:
        return
    for tag, place in list(block.entries(exif)):
        if tag == _COLOUR_SPACE:
            block.set_number(place, tag, _SHORT, 1)
    interop = block.directory(exif, _INTEROP_IFD)
    if interop is not None and (rule := _adobe_rgb_rule(block, interop)):
        block.data[rule : rule + 4] = b"R98\0"


def _adobe_rgb_rule(block: _Block, interop: int) -> int | None:
    """The place of the text `R03` in the interoperability directory: the camera's way to say Adobe RGB (DCF 2.0)."""
    for tag, place in block.entries(interop):
        if tag == 1 and block.data[place + 8 : place + 11] == b"R03":
            return place + 8
    return None


def is_adobe_rgb(exif: bytes) -> bool:
    """Whether a camera declares Adobe RGB, which it does without embedding a profile."""
    try:
        block = _Block(exif)
        directory = block.directory(block.main, _EXIF_IFD)
        interop = None if directory is None else block.directory(directory, _INTEROP_IFD)
        return interop is not None and _adobe_rgb_rule(block, interop) is not None
    except (ValueError, struct.error):
        return False


def with_size(exif: bytes, width: int, height: int) -> bytes:
    """The block with the picture's size brought up to date where it tells one."""
    try:
        block = _Block(exif)
        directory = block.directory(block.main, _EXIF_IFD)
        for ifd, tags in ((block.main, (256, 257)), (directory, (_PIXEL_WIDTH, _PIXEL_HEIGHT))):
            for tag, place in list(block.entries(ifd)) if ifd is not None else []:
                if tag in tags:
                    block.set_number(place, tag, _LONG, width if tag == tags[0] else height)
    except (ValueError, struct.error):
        return exif
    return PREFIX + bytes(block.data)


def descriptive(source: Image.Exif) -> Image.Exif:
    """A copy without what describes the storage of pixels: the tags of a TIFF that may move to another file."""
    kept = Image.Exif()
    for tag in source:
        if tag in _DESCRIPTIVE:
            kept[tag] = _as_stored(source[tag])
    for tag in (_EXIF_IFD, _GPS_IFD):
        if tag in source and (directory := dict(source.get_ifd(tag))):
            directory.pop(_INTEROP_IFD, None)  # Pillow writes its offset, not its contents
            kept[tag] = {key: _as_stored(value) for key, value in directory.items()}
    return kept


def _as_stored(value: Any) -> Any:
    """Pillow reads text as Latin-1, whatever it is, and writes it as ASCII; as bytes it survives."""
    return value.encode("latin-1", "replace") if isinstance(value, str) and not value.isascii() else value


def parsed(exif: bytes) -> Image.Exif | None:
    """The block as Pillow understands it; None if it doesn't, or could not write it again."""
    block = Image.Exif()
    try:
        with quiet():
            block.load(exif)
            descriptive(block).tobytes()
            block.tobytes()
    except Exception:  # Pillow's EXIF code raises about anything on damaged blocks
        return None
    return block


def minimal(tags: Mapping[int, Any]) -> bytes | None:
    """A block that holds just these main tags; None if there are none."""
    exif = Image.Exif()
    for tag, value in tags.items():
        exif[tag] = value
    return exif.tobytes() if tags else None
