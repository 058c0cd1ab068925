"""The border of a painting: painted a little beyond, mirrored, and cut off.

Pixels at the border have few neighbours, so losses hardly hold them: left alone they turn into bright bands and blots.
"""

from __future__ import annotations

import numpy as np
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from impasto.pictures import resize

Floats = NDArray[np.float32]


def widened(picture: Tensor, margin: int) -> Tensor:
    """(B, C, H, W) → (B, C, H + 2·margin, W + 2·margin): mirrored at each border, repeated where it is too small to
    mirror.
    """
    if margin == 0:
        return picture
    mode = "reflect" if margin < min(picture.shape[2:]) else "replicate"
    return F.pad(picture, (margin,) * 4, mode=mode)


def cut(maps: Tensor, margin: int) -> Tensor:
    """What lies inside of the margin: (B, C, H, W) → (B, C, H - 2·margin, W - 2·margin), but never nothing."""
    rows, columns = (slice(m, side - m) for side in maps.shape[2:] for m in (min(margin, (side - 1) // 2),))
    return maps[:, :, rows, columns]


def enlarged(pixels: Floats, size: tuple[int, int], margin: int) -> Floats:
    """A picture and its margin, enlarged so that what lies inside of the margin gets this size; the margin, which grew
    with it, is cut back to its width.

    Args:
        pixels: (h + 2·margin, w + 2·margin, 3).
        size: (width, height), no smaller than (w, h).

    Returns:
        (height + 2·margin, width + 2·margin, 3).
    """
    old = [pixels.shape[1] - 2 * margin, pixels.shape[0] - 2 * margin]
    factors = [new / before for new, before in zip(size, old, strict=True)]
    whole = resize(pixels, (round(pixels.shape[1] * factors[0]), round(pixels.shape[0] * factors[1])))
    left, top = (round(margin * factor) - margin for factor in factors)
    return whole[top : top + size[1] + 2 * margin, left : left + size[0] + 2 * margin]
