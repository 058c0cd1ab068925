"""read_picture: whatever a user hands over, as a Picture."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from impasto.errors import ImpastoError, OutOfMemoryError, UsageError
from impasto.pictures.alpha import fill_transparent
from impasto.pictures.arrays import split_array
from impasto.pictures.decode import assemble, check_size, decode
from impasto.pictures.formats import FORMATS
from impasto.pictures.integrity import damaged
from impasto.pictures.picture import Picture
from impasto.pictures.pillow import quiet
from impasto.pictures.samples import samples_of
from impasto.pictures.source import read_path, read_stdin, read_stream

Source: TypeAlias = "str | Path | bytes | BinaryIO | Image.Image | npt.NDArray[Any] | Picture"

MAX_PIXELS = 100_000_000
"""Default limit: width × height."""


def read_picture(source: Source, *, max_pixels: int = MAX_PIXELS, compact_from: int | None = None) -> Picture:
    """Read a picture: decoded, turned upright, converted to sRGB, with alpha and metadata kept.

    JPEG (also CMYK, YCCK, MPO), PNG, WebP, TIFF, BMP, GIF and, where Pillow has it, AVIF; of animations and stacks the
    first picture. 16-bit PNG and TIFF keep all bits. Embedded ICC profiles are honoured (see `colour.to_srgb` for how,
    and for damaged ones); colours under full transparency are made up from their surroundings (see
    `alpha.fill_transparent`). Files are recognised by content, not by name. Limits are checked on the header, before
    anything is decoded.

    Args:
        source: a path; "-" for standard input; the bytes of a file; a file open for reading in binary mode (read to
            its end); a Pillow picture (not changed); an array (H, W[, C]): gray, gray + alpha, RGB or RGBA, as uint8,
            uint16 or floating point in [0, 1]; or a Picture, which is returned as it is.
        max_pixels: refuse pictures with more pixels (width × height) than this.
        compact_from: files with so many pixels come as a `CompactPicture`, in a third of the memory, if they lose
            nothing by it.

    Raises:
        PictureError: one of its subclasses: not found, a folder, unreadable, empty, no picture, damaged or cut off,
            too large, a bomb.
        OutOfMemoryError: the pixels don't fit.
        UsageError: a source of another type, or a limit below 1.
    """
    if max_pixels < 1:
        raise UsageError(f"max_pixels can't be {max_pixels}.", hint="It must be at least 1.")
    if isinstance(source, Picture):
        check_size(*source.size, "The picture", max_pixels=max_pixels)
        return source
    if isinstance(source, Image.Image):
        return _from_pil(source, max_pixels)
    if isinstance(source, np.ndarray):
        return _from_array(source, max_pixels)
    # No picture of n pixels needs more than 16 n bytes (four floats each) and some metadata.
    data, name = _file_bytes(source, max_bytes=16 * max_pixels + (64 << 20))
    return decode(data, name, max_pixels=max_pixels, compact_from=compact_from)


def _file_bytes(source: Any, *, max_bytes: int) -> tuple[bytes, str]:
    """The bytes of a file, however given, and how messages call it."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        return bytes(source), "The file given as bytes"
    if isinstance(source, str) and source == "-":
        return read_stdin(max_bytes=max_bytes), "Standard input"
    if isinstance(source, (str, os.PathLike)):
        path = Path(source)
        return read_path(path, max_bytes=max_bytes), repr(path.name)
    if hasattr(source, "read"):
        name = getattr(source, "name", None)
        name = repr(Path(name).name) if isinstance(name, str) and name else "The open file"
        return read_stream(source, name, max_bytes=max_bytes), name
    raise UsageError(
        f"A picture can't be read from {type(source).__name__!r}.",
        hint="Pass a path, bytes, an open file, a Pillow picture, a NumPy array (H, W, 3) or a Picture.",
    )


def _from_array(array: npt.NDArray[Any], max_pixels: int) -> Picture:
    if array.ndim in (2, 3):
        check_size(array.shape[1], array.shape[0], "The array", max_pixels=max_pixels)
    pixels, alpha = split_array(array)
    if alpha is not None:
        pixels = fill_transparent(pixels, alpha)
    return Picture(pixels, alpha, bit_depth=8 if array.dtype.itemsize == 1 else 16)


def _from_pil(picture: Image.Image, max_pixels: int) -> Picture:
    name = "The Pillow picture"
    check_size(*picture.size, name, max_pixels=max_pixels)
    try:
        with quiet(picture.width * picture.height):
            picture.load()
            fmt = "JPEG" if picture.format == "MPO" else picture.format
            return assemble(samples_of(picture, name), picture, fmt if fmt in FORMATS else None)
    except ImpastoError:
        raise
    except MemoryError as error:
        raise OutOfMemoryError(f"{name} does not fit into memory.", hint="Shrink it.") from error
    except Exception as error:  # a lazily opened file, damaged; as in decode
        reason = str(error).strip().rstrip(".") or type(error).__name__
        raise damaged(name, f"Pillow says {reason[:200]!r}") from error
