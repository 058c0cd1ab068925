"""Resampling of floating-point pictures, and sizes that keep proportions."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from impasto.errors import UsageError

Floats = npt.NDArray[np.float32]


def resize(pixels: npt.NDArray[Any], size: tuple[int, int]) -> Floats:
    """A picture or mask at another size, antialiased.

    Lanczos with three lobes, stretched to the source's grid when shrinking, so that every source pixel counts; borders
    are cut off and renormalised (nothing wraps around or fades). Its overshoot is clipped to the range of the input's
    values within [0, 1]. It works on sRGB values, as style transfer's own recipes do, not on linear light.

    Args:
        pixels: (H, W) or (H, W, C), values in [0, 1].
        size: (width, height) wanted, each at least 1.

    Returns:
        (height, width[, C]), float32 in [0, 1].

    Raises:
        UsageError: a size below 1 × 1.
    """
    width, height = size
    if width < 1 or height < 1:
        raise UsageError(
            f"A picture can't be resized to {width}×{height} pixels.", hint="Both sides must be at least 1."
        )
    pixels = np.asarray(pixels, np.float32)
    if pixels.shape[:2] == (height, width):
        return pixels.copy()
    out = np.empty((height, width, *pixels.shape[2:]), np.float32)
    for channel in np.ndindex(pixels.shape[2:]):
        plane = Image.fromarray(np.ascontiguousarray(pixels[(..., *channel)]))
        out[(..., *channel)] = np.asarray(plane.resize((width, height), Image.Resampling.LANCZOS))
    return np.clip(out, 0, 1, out=out)


def thumbnail(pixels: npt.NDArray[Any], size: tuple[int, int]) -> Floats:
    """A smaller picture whose pixels are the means of the areas that they stand for: less sharp than `resize`, and
    several times as fast, as it is halved first as often as it can be.

    Args, Returns: as for `resize`; there must be three channels.
    """
    width, height = size
    while pixels.shape[0] >= 2 * height and pixels.shape[1] >= 2 * width:
        pixels = _halved(pixels)
    planes = (Image.fromarray(np.ascontiguousarray(pixels[..., channel], np.float32)) for channel in range(3))
    return np.stack([np.asarray(plane.resize((width, height), Image.Resampling.BOX)) for plane in planes], -1)


def _halved(pixels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Means of squares of four pixels; of odd sides, the last row or column is left out."""
    height, width = (side // 2 for side in pixels.shape[:2])
    rows = pixels[0 : 2 * height : 2, : 2 * width] + pixels[1 : 2 * height : 2, : 2 * width]
    pairs = rows.reshape(height, width, 2, -1)
    return np.asarray((pairs[:, :, 0] + pairs[:, :, 1]) * np.float32(0.25))


def fit_long_side(size: tuple[int, int], long_side: int) -> tuple[int, int]:
    """(width, height) in the proportions of `size` with the longer side exactly `long_side`; neither side is below 1.

    Raises:
        UsageError: a long side below 1.
    """
    if long_side < 1:
        raise UsageError(f"The long side can't be {long_side} pixels.", hint="It must be at least 1.")
    scale = long_side / max(size)
    width, height = (max(1, round(side * scale)) for side in size)
    return width, height


def painted_size(content: tuple[int, int], size: int | tuple[int, int] | None) -> tuple[int, int]:
    """(width, height) of a painting: the content's own (None), with this long side, or just this.

    Raises:
        UsageError: a long side below 1.
    """
    if size is None:
        return content
    return size if isinstance(size, tuple) else fit_long_side(content, size)
