"""Is the file whole? Decoders fill what is missing with gray and say nothing; here a file without its end is found."""

from __future__ import annotations

import struct
import zlib

from impasto.errors import DecompressionBombError, TruncatedPictureError
from impasto.pictures.headers import (
    EOI,
    HUFFMAN_FRAMES,
    SOS,
    STRIP_COUNTS,
    STRIP_OFFSETS,
    TILE_COUNTS,
    TILE_OFFSETS,
    jpeg_segments,
    tiff_tags,
)

MAX_SCANS = 500
"""Each scan of a progressive JPEG costs a pass over the whole picture, however short; encoders write about ten."""

MAX_UNPACKED = 1 << 20
"""Largest text or colour profile, in bytes, that a compressed PNG chunk may unpack to (Pillow's own limit)."""


def check_whole(fmt: str, data: bytes, name: str) -> None:
    """Refuse a file whose structure ends early or is damaged, as far as can be told without decoding.

    PNG: all chunks with their checksums up to IEND. JPEG: all segments and scans up to the end marker.
    WebP, AVIF: the lengths in the container. TIFF: strips and tiles lie inside the file. GIF, BMP: left to the decoder.

    Raises:
        TruncatedPictureError: it ends early or a checksum is wrong.
        DecompressionBombError: it would cost far more to unpack than its size lets expect.
    """
    check = {"PNG": _png, "JPEG": _jpeg, "WEBP": _webp, "AVIF": _avif, "TIFF": _tiff}.get(fmt)
    if check:
        check(data, name)


def truncated(name: str) -> TruncatedPictureError:
    return TruncatedPictureError(f"{name} ends before the picture does.", hint="Copy or download it again.")


def damaged(name: str, how: str) -> TruncatedPictureError:
    return TruncatedPictureError(f"{name} is damaged: {how}.", hint="Copy or download it again.")


def _bomb(name: str, how: str) -> DecompressionBombError:
    return DecompressionBombError(f"{name} is a decompression bomb: {how}.", hint="If you trust it, export it anew.")


def _png(data: bytes, name: str) -> None:
    position, seen_pixels = 8, False
    while position + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, position)
        kind, body, end = data[position + 4 : position + 8], position + 8, position + 12 + length
        if end > len(data):
            break
        if zlib.crc32(memoryview(data)[position + 4 : end - 4]) != int.from_bytes(data[end - 4 : end], "big"):
            raise damaged(name, f"a checksum is wrong (chunk {kind.decode('latin-1')!r})")
        if kind == b"IEND":
            if not seen_pixels:
                raise damaged(name, "it holds no pixels")
            return
        if kind in (b"iCCP", b"zTXt", b"iTXt"):
            _check_compressed_chunk(kind, data[body : end - 4], name)
        seen_pixels = seen_pixels or kind == b"IDAT"
        position = end
    raise truncated(name)


def _check_compressed_chunk(kind: bytes, body: bytes, name: str) -> None:
    keyword, _, rest = body.partition(b"\0")
    if kind == b"iTXt":
        if rest[:1] != b"\1":
            return
        packed = rest[2:].partition(b"\0")[2].partition(b"\0")[2]
    else:
        packed = rest[1:]
    unpacker = zlib.decompressobj()
    try:
        unpacker.decompress(packed, MAX_UNPACKED)
    except zlib.error:
        return  # unreadable metadata is no reason to refuse the picture; it is left out later
    if unpacker.unconsumed_tail:
        raise _bomb(name, f"its chunk {keyword[:79].decode('latin-1')!r} unpacks to more than {MAX_UNPACKED >> 20} MB")


def _jpeg(data: bytes, name: str) -> None:
    marker = scans = 0
    for marker, start, end in jpeg_segments(data):
        scans += marker == SOS
        if marker in HUFFMAN_FRAMES:
            height, width = struct.unpack_from(">HH", data, start + 1)
            # Each block of 8 × 8 takes a bit at least. Decoders fill with gray what is missing, which takes its time.
            if 8 * len(data) < -(-width // 8) * -(-height // 8):
                raise truncated(name)
        if scans > MAX_SCANS:
            raise _bomb(name, f"it has more than {MAX_SCANS} scans")
        if end > len(data):
            raise truncated(name)
    if marker != EOI:
        raise truncated(name)
    if not scans:
        raise damaged(name, "it holds no pixels")


def _webp(data: bytes, name: str) -> None:
    (length,) = struct.unpack_from("<I", data, 4)
    if length + 8 > len(data):
        raise truncated(name)


def _avif(data: bytes, name: str) -> None:
    position = 0
    while position + 8 <= len(data):
        (length,) = struct.unpack_from(">I", data, position)
        if length == 1 and position + 16 <= len(data):
            (length,) = struct.unpack_from(">Q", data, position + 8)
        if length == 0:  # this box reaches to the end of the file
            return
        if length < 8:
            raise damaged(name, "the length of one of its parts is wrong")
        position += length
    if position > len(data):
        raise truncated(name)


def _tiff(data: bytes, name: str) -> None:
    tags = tiff_tags(data)
    for offsets, counts in ((STRIP_OFFSETS, STRIP_COUNTS), (TILE_OFFSETS, TILE_COUNTS)):
        for offset, count in zip(tags.get(offsets, ()), tags.get(counts, ()), strict=False):
            if offset + count > len(data):
                raise truncated(name)
