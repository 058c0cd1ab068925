"""Whether light and dark stay in their places: what tells a mapping from its negative."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from impasto.losses.base import full_precision

_CELL = 32  # pixels


def lightness_error(painted: Tensor, pictures: Tensor, *, shift: float = 0.0) -> Tensor:
    """The mean absolute difference of lightness, in cells of 32 × 32 pixels, to pictures that are `shift` lighter.

    Args:
        painted: (B, C, H, W), both sides 32 or more; the mean of the channels counts.
        pictures: (B, D, H, W), what they were painted from.
        shift: by how much one domain is lighter than the other.
    """
    return (_lightness(painted) - _lightness(pictures) - shift).abs().mean()


def _lightness(pictures: Tensor) -> Tensor:
    """(B, 1, H / 32, W / 32)."""
    return F.avg_pool2d(full_precision(pictures).mean(1, keepdim=True), _CELL)
