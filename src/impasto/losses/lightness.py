"""Whether light and dark stay in their places: what tells a mapping from its negative."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from impasto.losses.base import full_precision

_CELL = 16  # pixels
_ENOUGH = 0.5  # of correlation
_EVEN = 1e-4  # covariance of pictures that have no light and dark to speak of


def lightness_error(painted: Tensor, pictures: Tensor) -> Tensor:
    """By how much the correlation of lightness, in cells of 16 × 16 pixels, falls short of a half: 0 where it does
    not, 1.5 for a negative, next to nothing where a picture is even. The mean over a batch, a scalar.

    Args:
        painted: (B, C, H, W), both sides 16 or more; the mean of the channels counts.
        pictures: (B, D, H, W), what they were painted from.
    """
    one, other = _lightness(painted), _lightness(pictures)
    together = (one * other).mean((1, 2, 3))
    apart = (one.square().mean((1, 2, 3)) * other.square().mean((1, 2, 3)) + 1e-12).sqrt()
    return (F.relu(_ENOUGH * apart - together) / (apart + _EVEN)).mean()


def _lightness(pictures: Tensor) -> Tensor:
    """Where it is lighter than on average, and where darker: (B, 1, H / 16, W / 16)."""
    coarse = F.avg_pool2d(full_precision(pictures).mean(1, keepdim=True), _CELL)
    return coarse - coarse.mean((2, 3), keepdim=True)
