"""A normalisation that looks at one place at a time, so that tiles of a picture come out as the whole does."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

_FLOOR = 1e-5  # of the variance


def levelled(x: Tensor) -> Tensor:
    """Each place's numbers with mean 0 and deviation 1: layer normalisation over the channels (Ba et al. 2016) without
    weights, which the next convolution has: (B, C, H, W) → the same.
    """
    places = x.float().permute(0, 2, 3, 1)  # a view, where the memory is laid out channels last
    return F.layer_norm(places, places.shape[3:], eps=_FLOOR).permute(0, 3, 1, 2).to(x.dtype)
