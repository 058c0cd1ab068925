"""PNG with 16 bits a sample, which Pillow can't write in colour."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

DEFLATE_LEVEL = 4
"""Two to three times as fast as zlib's usual 6, on photographs for one or two per cent more bytes."""

Bytes2D = npt.NDArray[np.uint8]
_ROWS = 64  # rows filtered at once
_CHUNK = 1 << 20


def encode_png16(samples: npt.NDArray[np.uint16], options: Mapping[str, Any]) -> bytes:
    """A PNG of (H, W, 3) or (H, W, 4) samples of 16 bits.

    Pillow writes a file of one pixel with all that surrounds the pixels; then its header and pixels are exchanged.

    Args:
        options: what Pillow's own PNG encoder is given besides pixels (profile, resolution, EXIF, texts).
    """
    height, width, channels = samples.shape
    frame = io.BytesIO()
    Image.new("RGBA" if channels == 4 else "RGB", (1, 1)).save(frame, "PNG", **options)
    header = struct.pack(">IIBBBBB", width, height, 16, 6 if channels == 4 else 2, 0, 0, 0)
    out = [frame.getvalue()[:8]]
    for kind, body in _chunks(frame.getvalue()):
        if kind == b"IHDR":
            out.append(_chunk(kind, header))
        elif kind == b"IDAT":
            out += [_chunk(kind, part) for part in _pixels(samples)]
        else:
            out.append(_chunk(kind, body))
    return b"".join(out)


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = 8
    while position < len(png):
        (length,) = struct.unpack_from(">I", png, position)
        yield png[position + 4 : position + 8], png[position + 8 : position + 8 + length]
        position += 12 + length


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(body, zlib.crc32(kind)))


def _pixels(samples: npt.NDArray[np.uint16]) -> Iterator[bytes]:
    """The compressed stream of filtered rows, in parts."""
    packer = zlib.compressobj(DEFLATE_LEVEL)
    above = np.zeros((1, samples[0].nbytes), np.uint8)
    step = 2 * samples.shape[2]
    waiting = b""
    for y in range(0, len(samples), _ROWS):
        rows = samples[y : y + _ROWS].astype(">u2").view(np.uint8).reshape(-1, above.shape[1])
        waiting += packer.compress(_filtered(np.concatenate([above, rows]), step).tobytes())
        above = rows[-1:]
        while len(waiting) >= _CHUNK:
            yield waiting[:_CHUNK]
            waiting = waiting[_CHUNK:]
    yield waiting + packer.flush()


def _filtered(rows: Bytes2D, step: int) -> Bytes2D:
    """Rows 1 … n of `rows`, filtered by Sub, Up, Average or Paeth, whichever leaves the smallest sum of magnitudes.

    Each starts with its filter's number. PNG specification (W3C 2003), §9; the choice by sum is its §12.8.
    `step` is the number of bytes a pixel.
    """
    x, up = rows[1:], rows[:-1]
    left, corner = _shifted(x, step), _shifted(up, step)
    a, b, c = (v.astype(np.int16) for v in (left, up, corner))
    pa, pb, pc = np.abs(b - c), np.abs(a - c), np.abs(a + b - 2 * c)
    paeth = np.where((pa <= pb) & (pa <= pc), left, np.where(pb <= pc, up, corner))
    average = ((a + b) >> 1).astype(np.uint8)
    candidates = np.stack([x - left, x - up, x - average, x - paeth])  # uint8 wraps, as PNG wants
    magnitudes = np.abs(candidates.view(np.int8).astype(np.int16)).sum(axis=2, dtype=np.int64)
    best = magnitudes.argmin(axis=0)
    chosen = np.take_along_axis(candidates, best[None, :, None], axis=0)[0]
    return np.concatenate([(best + 1).astype(np.uint8)[:, None], chosen], axis=1)


def _shifted(rows: Bytes2D, step: int) -> Bytes2D:
    return np.concatenate([np.zeros((len(rows), step), np.uint8), rows[:, :-step]], axis=1)
