"""From whatever colours a file holds to sRGB in floating point, by the profile that the file embeds."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from functools import cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

from impasto.pictures.icc import MatrixProfile, colour_space, read_matrix_profile

logger = logging.getLogger(__name__)

Space = Literal["GRAY", "RGB", "CMYK", "LAB"]
Floats = npt.NDArray[np.float32]
_BAND = 1 << 20  # pixels converted at once, so that temporaries stay small beside the picture
_MODES = {"GRAY": "L", "RGB": "RGB", "CMYK": "CMYK", "LAB": "LAB"}
_DITHERS = 16


def to_srgb(colours: npt.NDArray[Any], space: Space, profile: bytes | MatrixProfile | None) -> Floats:
    """Colours as sRGB.

    RGB and gray profiles of the matrix/TRC kind are applied in floating point; all others by LittleCMS (through
    Pillow) with the perceptual intent. Colours outside sRGB are clipped. A profile that is damaged, or made for
    another colour space than the file's, is ignored: RGB and gray are then taken for sRGB, CMYK for the plain
    complement (R = (1 − C)(1 − K)). LittleCMS works on 8 bits here, as Pillow offers no more: 16-bit pictures with
    such a profile are converted as the mean of 16 shifted 8-bit conversions, which is tetrahedral interpolation
    between 8-bit results.

    Args:
        colours: (H, W, C), uint8, uint16 or float32 in [0, 1]; C = 1 (GRAY), 3 (RGB, LAB) or 4 (CMYK).
        profile: ICC profile, or a matrix profile known otherwise.

    Returns:
        (H, W, 3), sRGB in [0, 1].
    """
    if isinstance(profile, bytes):
        profile = _usable(profile, space)
    if isinstance(profile, MatrixProfile):
        return _plain(colours, space) if _is_srgb(profile) else _by_matrix(colours, profile)
    if profile is None and space in ("GRAY", "RGB", "CMYK"):
        return _plain(colours, space)
    try:
        return _by_littlecms(colours, space, profile)
    except (ImageCms.PyCMSError, ValueError, OSError) as error:
        logger.info("colour profile ignored: %s", error)
        return _by_littlecms(colours, space, None) if space == "LAB" else _plain(colours, space)


def _usable(profile: bytes, space: Space) -> bytes | MatrixProfile | None:
    if colour_space(profile) != space:
        logger.info("colour profile ignored: it is for %r, the picture is %s", colour_space(profile), space)
        return None
    try:
        return read_matrix_profile(profile) or profile
    except ValueError as error:
        logger.info("colour profile ignored: %s", error)
        return None


def _plain(colours: npt.NDArray[Any], space: str) -> Floats:
    """Without a profile: RGB and gray as they are, CMYK as the complement."""
    values = unit(colours)
    if space == "CMYK":
        return np.asarray((1 - values[..., :3]) * (1 - values[..., 3:]), np.float32)
    return np.repeat(values, 3, axis=2) if values.shape[2] == 1 else values


def unit(values: npt.NDArray[Any]) -> Floats:
    """Integers of 8 or 16 bits, or floats, as float32 in [0, 1]."""
    if values.dtype.kind == "f":
        return values.astype(np.float32, copy=False)
    out = values.astype(np.float32)
    out /= np.float32(np.iinfo(values.dtype).max)  # in place: at 100 million pixels a copy is 1.2 GB
    return out


def _by_matrix(colours: npt.NDArray[Any], profile: MatrixProfile) -> Floats:
    matrix = profile.to_linear_srgb().astype(np.float32)
    decoders = [_decoder(curve, colours.dtype) for curve in profile.curves]

    def convert(band: npt.NDArray[Any]) -> Floats:
        linear = np.stack([decode(band[..., i]) for i, decode in enumerate(decoders)], axis=-1)
        if len(decoders) == 3:
            return encode_srgb(linear @ matrix.T)
        return np.repeat(encode_srgb(linear), 3, axis=-1)

    return _in_bands(colours, convert)


def _decoder(curve: Callable[[Any], Any], dtype: np.dtype[Any]) -> Callable[[npt.NDArray[Any]], Floats]:
    """A tone curve for values of a type; integers go through a table of all values."""
    if dtype.kind == "f":
        return lambda values: np.asarray(curve(values), np.float32)
    table = np.asarray(curve(np.linspace(0, 1, int(np.iinfo(dtype).max) + 1)), np.float32)
    return lambda values: table[values]


def encode_srgb(linear: npt.NDArray[Any]) -> Floats:
    """Linear light → sRGB value, IEC 61966-2-1, clipped to [0, 1]."""
    linear = np.clip(linear, 0, 1)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.power(linear, 1 / 2.4) - 0.055).astype(np.float32)


def _is_srgb(profile: MatrixProfile) -> bool:
    """Whether no colour would change by an 8-bit step (sRGB profiles differ in rounding); such pictures pass as is."""
    ramp = np.linspace(0, 1, 256, dtype=np.float32)[None, :, None]
    if len(profile.curves) == 1:
        return bool(np.max(np.abs(_by_matrix(ramp, profile)[..., :1] - ramp)) < 1 / 255)
    nodes = np.linspace(0, 1, 9, dtype=np.float32)
    cube = np.stack(np.meshgrid(nodes, nodes, nodes), axis=-1).reshape(1, -1, 3)
    samples = np.concatenate([cube, np.repeat(ramp, 3, axis=2)], axis=1)
    return bool(np.max(np.abs(_by_matrix(samples, profile) - samples)) < 1 / 255)


def _by_littlecms(colours: npt.NDArray[Any], space: Space, profile: bytes | None) -> Floats:
    source = ImageCms.createProfile("LAB") if profile is None else ImageCms.ImageCmsProfile(io.BytesIO(profile))
    transform = ImageCms.buildTransform(
        source, ImageCms.createProfile("sRGB"), _MODES[space], "RGB", ImageCms.Intent.PERCEPTUAL
    )

    def convert8(band: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        picture = Image.frombytes(_MODES[space], (band.shape[1], band.shape[0]), band.tobytes())
        converted = ImageCms.applyTransform(picture, transform)
        assert converted is not None  # it is only when working in place
        return np.asarray(converted)

    def convert(band: npt.NDArray[Any]) -> Floats:
        if band.dtype == np.uint8:
            return unit(convert8(band))
        fine = unit(band) * 255
        passes = (convert8(np.clip(fine + (i + 0.5) / _DITHERS, 0, 255).astype(np.uint8)) for i in range(_DITHERS))
        return np.asarray(sum(p.astype(np.float32) for p in passes) / np.float32(255 * _DITHERS))

    return _in_bands(colours, convert)


def _in_bands(colours: npt.NDArray[Any], convert: Callable[[npt.NDArray[Any]], Floats]) -> Floats:
    height, width = colours.shape[:2]
    out = np.empty((height, width, 3), np.float32)
    rows = max(1, _BAND // width)
    for y in range(0, height, rows):
        out[y : y + rows] = convert(colours[y : y + rows])
    return out


@cache
def srgb_profile() -> bytes:
    """LittleCMS's own sRGB profile, embedded into every picture written; always of one date, so that files repeat."""
    made = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    made[24:36] = (2000).to_bytes(2, "big") + (1).to_bytes(2, "big") * 2 + bytes(6)
    return bytes(made)
