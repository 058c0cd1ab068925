"""TIFF with 8 or 16 bits a sample, deflated. Pillow can't write 16-bit colour, nor EXIF into compressed files."""

from __future__ import annotations

import io
import sys
import zlib
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import TiffTags
from PIL.TiffImagePlugin import IFDRational, ImageFileDirectory_v2

from impasto.errors import UnknownSuffixError
from impasto.pictures import exif as exif_block
from impasto.pictures import headers
from impasto.pictures.metadata import Metadata
from impasto.pictures.pillow import quiet
from impasto.pictures.png16 import DEFLATE_LEVEL

_STRIP = 1 << 18  # bytes of samples in a strip, about
_ROWS_PER_STRIP, _PREDICTOR, _ICC, _XMP, _IPTC = 278, 317, 34675, 700, 33723


def encode_tiff(
    samples: npt.NDArray[Any],
    *,
    exif: bytes | None,
    dpi: tuple[float, float] | None,
    profile: bytes,
    metadata: Metadata,
) -> bytes:
    """A little-endian TIFF 6.0 file of (H, W, 3) or (H, W, 4) samples, uint8 or uint16, with horizontal prediction and
    deflate.

    Raises:
        UnknownSuffixError: more than the 4 GB that a TIFF can hold.
    """
    height, width, channels = samples.shape
    rows = max(1, _STRIP // samples[0].nbytes)
    strips = [_strip(samples[y : y + rows]) for y in range(0, height, rows)]
    if sum(map(len, strips)) > 0xF000_0000:
        raise UnknownSuffixError("TIFF can't hold a picture of more than 4 GB.", hint="Write .png instead.")
    directory = ImageFileDirectory_v2(prefix=b"II")
    with quiet():
        _describe(directory, exif, dpi, metadata)
    directory[headers.WIDTH], directory[headers.LENGTH] = width, height
    directory[headers.BITS] = (8 * samples.dtype.itemsize,) * channels
    directory[headers.COMPRESSION], directory[headers.PHOTOMETRIC] = 8, 2  # deflate (Adobe), RGB
    directory[headers.SAMPLES], directory[headers.PLANAR], directory[_PREDICTOR] = channels, 1, 2
    if channels == 4:
        directory[headers.EXTRA_SAMPLES] = 2  # alpha not multiplied into the colours
    directory[_ROWS_PER_STRIP] = rows
    directory.tagtype[headers.STRIP_OFFSETS] = directory.tagtype[headers.STRIP_COUNTS] = TiffTags.LONG
    starts = np.cumsum([0, *map(len, strips[:-1])])
    directory[headers.STRIP_OFFSETS] = tuple(int(s) for s in starts)  # Pillow adds where the directory ends
    directory[headers.STRIP_COUNTS] = tuple(map(len, strips))
    _set(directory, _ICC, TiffTags.UNDEFINED, profile)
    out = io.BytesIO()
    with quiet():
        directory.save(out)
    return out.getvalue() + b"".join(strips)


def _strip(rows: npt.NDArray[Any]) -> bytes:
    differences = rows.copy()
    differences[:, 1:] -= rows[:, :-1]  # unsigned integers wrap, as the predictor wants
    if sys.byteorder == "big":
        differences = differences.byteswap()
    return zlib.compress(differences.tobytes(), DEFLATE_LEVEL)


def _describe(
    directory: ImageFileDirectory_v2, exif: bytes | None, dpi: tuple[float, float] | None, metadata: Metadata
) -> None:
    if exif and (block := exif_block.parsed(exif)):
        for tag, value in exif_block.descriptive(block).items():
            directory[tag] = value
    if dpi:
        directory[exif_block.X_RESOLUTION], directory[exif_block.Y_RESOLUTION] = (
            IFDRational(Fraction(v).limit_denominator(1000)) for v in dpi
        )
        directory[exif_block.RESOLUTION_UNIT] = 2
    if metadata.comment and 270 not in directory:
        directory[270] = metadata.comment.encode()
    if metadata.xmp:
        _set(directory, _XMP, TiffTags.BYTE, metadata.xmp)
    if metadata.iptc:
        _set(directory, _IPTC, TiffTags.UNDEFINED, metadata.iptc)


def _set(directory: ImageFileDirectory_v2, tag: int, kind: int, value: bytes) -> None:
    directory.tagtype[tag] = kind
    directory[tag] = value
