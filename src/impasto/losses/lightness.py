"""Whether light and dark stay in their places: what tells a mapping from its negative."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from impasto.losses.base import full_precision

_CELL = 32  # pixels
_BEND = 30.0


def lightness_error(painted: Tensor, pictures: Tensor, *, shift: float = 0.0) -> Tensor:
    """How far lightness is, in cells of 32 × 32 pixels, from that of pictures that are `shift` lighter: the mean of
    |d| + 30 d². The mapping of `benchmarks/domains.py` moves cells by a hundredth, which must stay cheap, as what is
    dear keeps a painter at the picture itself; a negative that was learnt of it moved them by nine hundredths, which
    the square makes four times as dear.

    Args:
        painted: (B, C, H, W), both sides 32 or more; the mean of the channels counts.
        pictures: (B, D, H, W), what they were painted from.
        shift: by how much one domain is lighter than the other.
    """
    difference = _lightness(painted) - _lightness(pictures) - shift
    return (difference.abs() + _BEND * difference.square()).mean()


def _lightness(pictures: Tensor) -> Tensor:
    """(B, 1, H / 32, W / 32)."""
    return F.avg_pool2d(full_precision(pictures).mean(1, keepdim=True), _CELL)
