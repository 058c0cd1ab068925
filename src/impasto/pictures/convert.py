"""Type in = type out: a result as the kind of thing that the user handed in."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from impasto.pictures.arrays import join_array, quantised
from impasto.pictures.colour import srgb_profile
from impasto.pictures.encode import encode
from impasto.pictures.formats import FORMATS, can_write
from impasto.pictures.picture import Picture


def like_input(picture: Picture, source: object) -> Picture | bytes | Image.Image | npt.NDArray[Any]:
    """The picture as the type of `source`, what `read_picture` was given.

    - bytes → bytes of a file of the same format (PNG if this Pillow can't write it), with 16 bits if the source had
      them;
    - Pillow picture → Pillow picture, RGB or RGBA;
    - array → array of the same type, (H, W, 3), or (H, W, 4) if it had alpha; gray comes back as RGB, bool as uint8;
    - path, "-", open file, Picture → Picture, which has `save`, `pixels` and `to_pil`.
    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        fmt = FORMATS[picture.format or "PNG"]
        fmt = fmt if can_write(fmt) and max(picture.size) <= fmt.longest_side else FORMATS["PNG"]
        return encode(picture, fmt, bit_depth=picture.bit_depth if fmt.sixteen_bits else 8)
    if isinstance(source, Image.Image):
        return to_pil(picture)
    if isinstance(source, np.ndarray):
        return join_array(picture.pixels, picture.alpha, source)
    return picture


def to_pil(picture: Picture) -> Image.Image:
    """A Pillow picture, RGB or RGBA with 8 bits, whose `info` holds sRGB profile, resolution, EXIF and XMP."""
    samples = quantised(picture.pixels, 8)
    if picture.alpha is not None:
        samples = np.concatenate([samples, quantised(picture.alpha, 8)[..., None]], axis=2)
    image = Image.fromarray(samples)
    kept = {"icc_profile": srgb_profile(), "dpi": picture.dpi, "exif": picture.exif, "xmp": picture.metadata.xmp}
    image.info.update({key: value for key, value in kept.items() if value})
    return image
