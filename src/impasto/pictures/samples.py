"""From a Pillow picture to plain arrays: colour channels as stored, full depth, and alpha."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile

from impasto.errors import NotAPictureError, PictureError
from impasto.pictures.colour import Floats, Space, unit
from impasto.pictures.headers import BITS, PHOTOMETRIC, PLANAR, SAMPLE_FORMAT, Header

Opener = Callable[[], ImageFile.ImageFile]


@dataclass
class Samples:
    """Colours (H, W, C), uint8, uint16 or float32 in [0, 1], what they mean, and alpha (H, W) in [0, 1] if any."""

    colours: npt.NDArray[Any]
    space: Space
    alpha: Floats | None = None

    @property
    def bit_depth(self) -> int:
        return 8 if self.colours.dtype == np.uint8 else 16


_MODES_CONVERTED = {"1": "L", "La": "LA", "RGBa": "RGBA", "PA": "RGBA", "RGBX": "RGB", "YCbCr": "RGB", "HSV": "RGB"}


def samples_of(picture: Image.Image, name: str, *, white: float | None = None) -> Samples:
    """The samples of a loaded Pillow picture of any mode.

    Args:
        white: the sample value that stands for full intensity where it is not the type's own maximum (12-bit TIFF).

    Raises:
        NotAPictureError: a mode without known meaning.
        PictureError: floating-point or 32-bit samples outside their range.
    """
    transparent = picture.info.get("transparency")
    if picture.mode == "P":
        has_alpha = transparent is not None or (picture.palette is not None and picture.palette.mode == "RGBA")
        picture = picture.convert("RGBA" if has_alpha else "RGB")
        transparent = None
    picture = picture.convert(_MODES_CONVERTED[picture.mode]) if picture.mode in _MODES_CONVERTED else picture
    array = np.asarray(picture)
    mode = picture.mode
    if mode in ("LA", "RGBA"):
        space: Space = "GRAY" if mode == "LA" else "RGB"
        return Samples(array[..., :-1], space, unit(array[..., -1]))
    if mode in ("L", "RGB", "CMYK", "LAB"):
        colours, space = np.atleast_3d(array), "GRAY" if mode == "L" else mode  # type: ignore[assignment]
    elif mode.startswith("I;16"):
        colours, space = array.astype(np.uint16)[..., None], "GRAY"
    elif mode == "I":
        colours, space = _sixteen_bits_in_32(array, name)[..., None], "GRAY"
    elif mode == "F":
        colours, space = checked_floats(array, name)[..., None], "GRAY"
    else:
        raise NotAPictureError(
            f"{name} has pixels of a kind that can't be read (mode {mode!r}).", hint="Save it as RGB."
        )
    alpha = _keyed(colours, transparent)
    if white is not None:
        colours = np.minimum(colours.astype(np.float32) / np.float32(white), 1)
    return Samples(colours, space, alpha)


def _keyed(colours: npt.NDArray[Any], key: object) -> Floats | None:
    """Alpha where one colour is declared transparent (the tRNS chunk of a PNG without palette)."""
    values = np.ravel(np.asarray(key)) if isinstance(key, (int, tuple)) else np.empty(0)
    if len(values) != colours.shape[2]:
        return None
    return np.asarray(np.any(colours != values, axis=2), np.float32)


def _sixteen_bits_in_32(array: npt.NDArray[Any], name: str) -> npt.NDArray[np.uint16]:
    """Pillow's mode `I`: 16-bit values by custom, in 32-bit integers."""
    if array.size and (array.min() < 0 or array.max() > 65535):
        raise PictureError(
            f"{name} has 32-bit integer samples outside 0 … 65535, of unknown range.",
            hint="Scale them to 16 bits first.",
        )
    return array.astype(np.uint16)


def checked_floats(array: npt.NDArray[Any], name: str) -> Floats:
    """Floating-point samples, refused unless they are numbers in [0, 1]; a hair beyond (1e-4, rounding) is clipped."""
    low, high = (float(array.min()), float(array.max())) if array.size else (0.0, 0.0)
    if not (np.isfinite(low) and np.isfinite(high)):
        raise PictureError(f"{name} holds NaN or infinite values.", hint="Replace them before painting.")
    if low < -1e-4 or high > 1 + 1e-4:
        hint = "Divide by 255 or pass uint8." if 1 < high <= 255 and low >= 0 else "Scale them to [0, 1] first."
        raise PictureError(f"{name} has floating-point values from {low:.4g} to {high:.4g}, outside [0, 1].", hint=hint)
    return np.clip(array.astype(np.float32), 0, 1)


def png_samples(open_picture: Opener, header: Header, name: str) -> Samples:
    """The samples of a PNG at full depth, 16-bit colour included."""
    picture = open_picture()
    if header.bits == 16 and header.png_colour_type == 4:
        # Gray and alpha of two bytes each look like four bytes of RGBA to the decoder.
        picture.tile = [tile._replace(args="RGBA") for tile in picture.tile]
        both = _pairs(_load(picture))
        return Samples(both[..., :1], "GRAY", unit(both[..., 1]))
    if header.bits == 16 and header.png_colour_type in (2, 6):
        transparent = picture.info.get("transparency")
        high, low = _load(picture), _load_low_bytes(open_picture())
        return _coloured(high.astype(np.uint16) << 8 | low, transparent=transparent)
    picture.load()
    if header.bits < 8 and picture.mode in ("1", "L") and isinstance(key := picture.info.get("transparency"), int):
        # Pillow stretches gray of few bits to 8, but leaves the transparent value as it was (1 bit: not all versions).
        picture.info["transparency"] = min(255, key * 255 // (2**header.bits - 1))
    return samples_of(picture, name)


def _pairs(array: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint16]:
    """Bytes (…, 2C), high before low → (…, C)."""
    return np.asarray(array[..., 0::2].astype(np.uint16) << 8 | array[..., 1::2], np.uint16)


def _coloured(values: npt.NDArray[np.uint16], *, transparent: object = None, premultiplied: bool = False) -> Samples:
    if values.shape[2] == 3:
        return Samples(values, "RGB", _keyed(values, transparent))
    alpha = unit(values[..., 3])
    colours = values[..., :3]
    if premultiplied:
        straight = colours.astype(np.float32) / np.maximum(values[..., 3:], 1).astype(np.float32)
        colours = np.rint(np.minimum(straight, 1) * 65535).astype(np.uint16)
    return Samples(colours, "RGB", alpha)


def tiff_samples(open_picture: Opener, header: Header, name: str) -> Samples:
    """The samples of a TIFF at full depth.

    Raises:
        NotAPictureError: signed, 32-bit integer, or 16-bit planar samples, which Pillow misreads or can't read.
    """
    tags = header.tags
    bits, sample_format = header.bits, max(tags.get(SAMPLE_FORMAT, (1,)))
    colour16 = bits == 16 and len(tags.get(BITS, ())) >= 3
    if sample_format == 2 or (bits == 32 and sample_format == 1):
        raise _unsupported(name, "signed or 32-bit integer samples")
    if colour16 and tags.get(PLANAR, (1,))[0] == 2:
        raise _unsupported(name, "16-bit samples in separate planes")
    picture = open_picture()
    if colour16:
        premultiplied = any("RGBa" in str(tile.args) for tile in picture.tile)
        high, low = _load(_plain_alpha(picture)), _load_low_bytes(_plain_alpha(open_picture()))
        values = high.astype(np.uint16) << 8 | low
        return Samples(values, "CMYK") if picture.mode == "CMYK" else _coloured(values, premultiplied=premultiplied)
    picture.load()
    samples = samples_of(picture, name, white=4095 if bits == 12 else None)
    if tags.get(PHOTOMETRIC, (1,))[0] == 0 and samples.space == "GRAY" and picture.mode not in ("1", "L", "LA"):
        samples.colours = samples.colours.dtype.type(65535 if bits == 16 else 1) - samples.colours  # white is zero
    return samples


def _unsupported(name: str, what: str) -> NotAPictureError:
    return NotAPictureError(f"{name} is a TIFF with {what}, which can't be read.", hint="Save it as 8- or 16-bit RGB.")


def _load(picture: Image.Image) -> npt.NDArray[Any]:
    picture.load()
    return np.asarray(picture)


def _changed(arguments: Any, change: Callable[[str], str]) -> Any:
    """Arguments of a decoder with the raw mode changed, which stands alone (PNG) or first (TIFF)."""
    return change(arguments) if isinstance(arguments, str) else (change(arguments[0]), *arguments[1:])


def _with_raw_mode(picture: ImageFile.ImageFile, change: Callable[[str], str]) -> ImageFile.ImageFile:
    """The picture with its decoder told to read its samples another way; `tile` is where Pillow's plugins say how."""
    picture.tile = [tile._replace(args=_changed(tile.args, change)) for tile in picture.tile]
    return picture


def _plain_alpha(picture: ImageFile.ImageFile) -> ImageFile.ImageFile:
    return _with_raw_mode(picture, lambda raw: raw.replace("RGBa", "RGBA"))


def _load_low_bytes(picture: ImageFile.ImageFile) -> npt.NDArray[Any]:
    """The low bytes of 16-bit samples.

    Pillow keeps the high byte of 16-bit colour only. Told the wrong byte order it keeps the low one, so decoding twice
    gives all bits.
    """
    swapped = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}

    def other(raw: str) -> str:
        if ";16" not in raw:
            raise ValueError(f"unexpected raw mode {raw}")
        return raw[:-1] + swapped[raw[-1]]

    return _load(_with_raw_mode(picture, other))
