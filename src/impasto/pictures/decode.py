"""From the bytes of a picture file to a Picture: limits first, then pixels, colours, orientation and metadata."""

from __future__ import annotations

import io
from contextlib import nullcontext
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile

from impasto.errors import (
    DecompressionBombError,
    EmptyPictureError,
    ImpastoError,
    NotAPictureError,
    OutOfMemoryError,
    PictureTooLargeError,
)
from impasto.pictures import exif as exif_block
from impasto.pictures.alpha import fill_transparent
from impasto.pictures.colour import to_srgb
from impasto.pictures.compact import CompactPicture
from impasto.pictures.headers import DNG_VERSION, SUB_IFDS, SUBFILE_TYPE, DamagedHeader, Header, read_header
from impasto.pictures.icc import ADOBE_RGB, MatrixProfile, gamma_profile
from impasto.pictures.integrity import check_whole, damaged
from impasto.pictures.metadata import dpi_of, metadata_of, orientation_of, raw_exif
from impasto.pictures.picture import Picture
from impasto.pictures.pillow import libtiff_silenced, open_format, quiet
from impasto.pictures.samples import Opener, Samples, png_samples, samples_of, tiff_samples
from impasto.pictures.sniff import HEAD, identify, not_a_picture

BOMB_RATIO = 1000
"""Bytes of RGB for each byte of file, beyond which a picture over the limit is called a bomb (deflate reaches 1032)."""

# These never warn while decoding, so that threads may decode at once.
_SILENT_DECODERS = {"JPEG", "WEBP", "AVIF", "BMP"}


def decode(data: bytes, name: str, *, max_pixels: int, compact_from: int | None = None) -> Picture:
    """The picture in the bytes of a file; of several, the first.

    Args:
        data: the whole file.
        name: begins the sentences of messages.
        max_pixels: width × height allowed, checked on the header.
        compact_from: pictures of so many pixels come as a `CompactPicture`, if they are plain: see `is_plain`.

    Raises:
        PictureError: one of its subclasses, by what is wrong.
        OutOfMemoryError: the pixels don't fit.
    """
    fmt, header = check_header(data, name, max_pixels=max_pixels)
    try:
        check_whole(fmt, data, name)
        return _decode(fmt, data, header, name, max_pixels, compact_from)
    except ImpastoError:
        raise
    except MemoryError as error:
        raise OutOfMemoryError(
            f"{name} does not fit into memory.", hint="Free some memory or shrink the picture."
        ) from error
    except Exception as error:  # decoders raise about anything on damaged bytes; whatever it is, the file is to blame
        reason = str(error).strip().rstrip(".") or type(error).__name__
        raise damaged(name, f"its {fmt} decoder says {reason[:200]!r}") from error


def check_header(data: bytes, name: str, *, max_pixels: int) -> tuple[str, Header | None]:
    """Format and header of a picture file, as far as that tells them, without decoding anything.

    Raises:
        PictureError: no picture, or one that `decode` would refuse by its header.
    """
    if not data:
        raise EmptyPictureError(f"{name} is empty.", hint="Was the copy or download finished?")
    fmt = identify(data[:HEAD])
    if fmt is None:
        raise not_a_picture(name, data[:HEAD])
    try:
        header = read_header(fmt, data)
    except DamagedHeader as error:
        raise damaged(name, str(error)) from error
    if header is not None:
        check_size(header.width, header.height, name, max_pixels=max_pixels, file_bytes=len(data))
        _check_supported(fmt, header, name)
    return fmt, header


def check_size(width: int, height: int, name: str, *, max_pixels: int, file_bytes: int | None = None) -> None:
    """Refuse pictures without pixels, and those with more than `max_pixels`.

    Raises:
        EmptyPictureError: a side of zero.
        DecompressionBombError: over the limit, and more than BOMB_RATIO times as large unpacked as the file.
        PictureTooLargeError: over the limit otherwise.
    """
    if width <= 0 or height <= 0:
        raise EmptyPictureError(f"{name} has no pixels ({width}×{height}).", hint="Export it again.")
    pixels = width * height
    if pixels <= max_pixels:
        return
    size = f"{width}×{height} = {pixels / 1e6:,.1f} million pixels"
    hint = f"The limit is {max_pixels:,} pixels; raise it with max_pixels (--max-pixels), or shrink the picture."
    if file_bytes is not None and 3 * pixels > BOMB_RATIO * file_bytes:
        raise DecompressionBombError(
            f"{name} is a decompression bomb: {file_bytes:,} bytes that claim {size}.", hint=hint
        )
    raise PictureTooLargeError(f"{name} has too many pixels: {size}.", hint=hint)


def _check_supported(fmt: str, header: Header, name: str) -> None:
    if fmt == "JPEG" and header.bits != 8:
        raise NotAPictureError(
            f"{name} is a JPEG of {header.bits} bits, which can't be read.", hint="Save it with 8 bits."
        )
    if fmt == "TIFF" and (
        DNG_VERSION in header.tags or (SUB_IFDS in header.tags and header.tags.get(SUBFILE_TYPE) == (1,))
    ):
        hint = "Develop it to TIFF or JPEG first."
        raise NotAPictureError(f"{name} is a camera's raw file, not a picture that can be read.", hint=hint)


def _decode(
    fmt: str, data: bytes, header: Header | None, name: str, max_pixels: int, compact_from: int | None
) -> Picture:
    opened: list[ImageFile.ImageFile] = []

    def open_once_more() -> ImageFile.ImageFile:
        opened.append(open_format(fmt, io.BytesIO(data)))
        return opened[-1]

    pixels = header.width * header.height if header else 0
    try:
        with quiet(pixels):
            first = _open_first(open_once_more, fmt, name)
            check_size(*first.size, name, max_pixels=max_pixels, file_bytes=len(data))
        unread = [first]
        by_libtiff = fmt == "TIFF" and first.info.get("compression") != "raw"
        with (
            nullcontext() if fmt in _SILENT_DECODERS else quiet(pixels),
            libtiff_silenced() if by_libtiff else nullcontext(),
        ):
            if compact_from is not None and pixels >= compact_from and is_plain(fmt, header, first):
                first.load()
                opened.remove(first)  # closed, it would lose its pixels
                return compacted(first, fmt)
            samples = _samples(fmt, lambda: unread.pop() if unread else open_once_more(), header, name)
        with quiet(pixels):
            return assemble(samples, first, fmt)
    finally:
        for picture in opened:
            picture.close()


def _open_first(opener: Opener, fmt: str, name: str) -> ImageFile.ImageFile:
    try:
        return opener()
    except SyntaxError as error:
        if fmt != "TIFF":
            raise
        hint = "Save it as 8- or 16-bit RGB without layers."
        raise NotAPictureError(f"{name} is a TIFF of a kind that can't be read ({error}).", hint=hint) from error


def _samples(fmt: str, opener: Opener, header: Header | None, name: str) -> Samples:
    if header is not None and fmt == "PNG":
        return png_samples(opener, header, name)
    if header is not None and fmt == "TIFF":
        return tiff_samples(opener, header, name)
    picture = opener()
    picture.load()
    samples = samples_of(picture, name)
    if fmt == "JPEG" and samples.space == "CMYK" and "adobe" not in picture.info:
        # Pillow inverts all CMYK, by a custom that holds for files with Adobe's marker only.
        samples.colours = 255 - samples.colours
    return samples


def assemble(samples: Samples, picture: Image.Image, fmt: str | None) -> Picture:
    """A Picture of samples and of what the loaded Pillow picture, which they come from, tells besides."""
    orientation = orientation_of(picture)
    exif = raw_exif(picture)
    pixels = _upright(to_srgb(samples.colours, samples.space, _profile(samples, picture, exif)), orientation)
    alpha = None if samples.alpha is None else _upright(samples.alpha, orientation)
    if alpha is not None:
        pixels = fill_transparent(pixels, alpha)
    return Picture(
        pixels,
        alpha,
        dpi=dpi_of(picture, orientation),
        exif=exif_block.tidied(exif) if exif else None,
        metadata=metadata_of(picture),
        bit_depth=samples.bit_depth,
        format=fmt,
    )


def _upright(array: npt.NDArray[Any], orientation: int) -> npt.NDArray[np.float32]:
    """The array turned as EXIF orientation 1 … 8 asks: it tells where row 0 and column 0 belong (EXIF 2.32 §4.6.5)."""
    if orientation in (5, 6, 7, 8):
        array = array.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    if orientation in (2, 3, 6, 7):
        array = array[:, ::-1]
    return np.ascontiguousarray(array, np.float32)


def is_plain(fmt: str, header: Header | None, picture: Image.Image) -> bool:
    """Whether a picture has nothing but 8 bits of RGB a pixel: then `compacted` loses nothing."""
    bits = 8 if header is None else header.bits
    return (
        fmt in ("JPEG", "PNG", "WEBP", "BMP")
        and (picture.mode, bits) == ("RGB", 8)
        and "transparency" not in picture.info
    )


def compacted(picture: Image.Image, fmt: str) -> CompactPicture:
    """A plain, loaded Pillow picture as a CompactPicture; colours are converted band by band."""
    orientation, exif = orientation_of(picture), raw_exif(picture)
    profile = _profile(Samples(np.empty((0, 0, 3), np.uint8), "RGB"), picture, exif)
    turns = _TURNS.get(orientation)
    result = CompactPicture(
        picture if turns is None else picture.transpose(turns),
        dpi=dpi_of(picture, orientation),
        exif=exif_block.tidied(exif) if exif else None,
        metadata=metadata_of(picture),
        format=fmt,
    )
    for top in range(0, result.height if profile is not None else 0, _BAND):
        window = (0, top, result.width, min(top + _BAND, result.height))
        result.put((0, top), to_srgb(np.asarray(result.image.crop(window)), "RGB", profile))
    return result


_BAND = 256  # rows
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SRGB_CHROMATICITIES = (0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)


def _profile(samples: Samples, picture: Image.Image, exif: bytes | None) -> bytes | MatrixProfile | None:
    """The embedded ICC profile or, without one, what a PNG's gAMA and cHRM chunks or a camera's Adobe RGB mark say."""
    info = picture.info
    if isinstance(icc := info.get("icc_profile"), bytes) and icc:
        return icc
    if samples.space == "RGB" and exif and exif_block.is_adobe_rgb(exif):
        return ADOBE_RGB
    if picture.format != "PNG" or "srgb" in info or not info.get("gamma"):
        return None
    chromaticities = info.get("chromaticity", _SRGB_CHROMATICITIES)
    plain = np.allclose(chromaticities, _SRGB_CHROMATICITIES, atol=0.005)
    if plain and abs(info["gamma"] - 1 / 2.2) < 0.01:
        return None  # by custom 1/2.2 stands for sRGB's own curve
    try:
        profile = gamma_profile(1 / info["gamma"], None if plain else chromaticities)
    except (ValueError, np.linalg.LinAlgError):
        return None
    return MatrixProfile(profile.curves[:1]) if samples.space == "GRAY" else profile
