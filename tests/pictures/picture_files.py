"""Real picture files for the tests, made in memory, and a PNG codec written straight from the specification."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

PNG_MAGIC = b"\x89PNG\r\n\x1a\n"


def photo(width: int = 48, height: int = 32, channels: int = 3, dtype: Any = np.uint8, seed: int = 0) -> np.ndarray:
    """A smooth picture with some noise, using the whole range of its type."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width] / max(width, height)
    waves = [np.sin(5 * x + 3 * y * (c + 1) + c) for c in range(channels)]
    values = np.stack(waves, axis=-1) * 0.45 + 0.5 + rng.uniform(-0.05, 0.05, (height, width, channels))
    return np.rint(np.clip(values, 0, 1) * np.iinfo(dtype).max).astype(dtype)


def saved(image: Image.Image | np.ndarray, fmt: str, **options: Any) -> bytes:
    image = Image.fromarray(image) if isinstance(image, np.ndarray) else image
    stream = io.BytesIO()
    image.save(stream, fmt, **options)
    return stream.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def png16(array: np.ndarray, colour_type: int, *, interlaced: bool = False, extra: bytes = b"", seed: int = 0) -> bytes:
    """A 16-bit PNG of (H, W, C) uint16 whose rows use all five filters at random."""
    height, width = array.shape[:2]
    rng = np.random.default_rng(seed)
    passes = [array[y::dy, x::dx] for x, y, dx, dy in ADAM7] if interlaced else [array]
    raw = b"".join(_filtered(part, rng) for part in passes if part.size)
    header = struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, int(interlaced))
    return PNG_MAGIC + chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")


def _filtered(array: np.ndarray, rng: np.random.Generator) -> bytes:
    step = 2 * array.shape[2]
    above, out = bytes(array.shape[1] * step), bytearray()
    for row in array:
        line, kind = row.astype(">u2").tobytes(), int(rng.integers(5))
        out.append(kind)
        out += bytes((v - _predict(kind, line, above, i, step)) & 255 for i, v in enumerate(line))
        above = line
    return bytes(out)


def _predict(kind: int, line: bytes | bytearray, above: bytes | bytearray, i: int, step: int) -> int:
    """PNG specification, §9.2."""
    a, b, c = (line[i - step] if i >= step else 0), above[i], (above[i - step] if i >= step else 0)
    if kind == 4:
        p = a + b - c
        return min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
    return (0, a, b, (a + b) // 2)[kind]


def chunks(png: bytes) -> list[tuple[bytes, bytes]]:
    """All chunks of a PNG, each checksum verified."""
    assert png[:8] == PNG_MAGIC
    found, position = [], 8
    while position < len(png):
        (length,) = struct.unpack_from(">I", png, position)
        kind, body = png[position + 4 : position + 8], png[position + 8 : position + 8 + length]
        assert chunk(kind, body) == png[position : position + 12 + length]
        found.append((kind, body))
        position += 12 + length
    return found


def decode_png16(png: bytes) -> np.ndarray:
    """(H, W, C) uint16 of a non-interlaced 16-bit PNG, by the specification."""
    parts = chunks(png)
    width, height, bits, colour_type = struct.unpack(">IIBB", parts[0][1][:10])
    assert bits == 16
    channels = {0: 1, 2: 3, 4: 2, 6: 4}[colour_type]
    raw = zlib.decompress(b"".join(body for kind, body in parts if kind == b"IDAT"))
    step, length = 2 * channels, 2 * channels * width
    above, rows = bytearray(length), []
    for y in range(height):
        kind, line = raw[y * (length + 1)], bytearray(raw[y * (length + 1) + 1 : (y + 1) * (length + 1)])
        for i in range(length):
            line[i] = (line[i] + _predict(kind, line, above, i, step)) & 255
        rows.append(bytes(line))
        above = line
    return np.frombuffer(b"".join(rows), ">u2").reshape(height, width, channels).astype(np.uint16)


def wheel_photo(name: str) -> Path:
    """A photograph that scikit-image's wheel carries."""
    import skimage

    return Path(skimage.__file__).parent / "data" / name
