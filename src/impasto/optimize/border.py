"""The border of a painting: painted a little beyond, mirrored, and cut off.

Pixels at the border have few neighbours, so losses hardly hold them: left alone they turn into bright bands and blots.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


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
