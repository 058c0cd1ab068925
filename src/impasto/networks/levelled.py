"""A normalisation that looks at one place at a time, so that tiles of a picture come out as the whole does."""

from __future__ import annotations

import torch
from torch import Tensor

_FLOOR = 1e-5  # of the variance


def levelled(x: Tensor) -> Tensor:
    """Each place's numbers with mean 0 and deviation 1: layer normalisation over the channels (Ba et al. 2016) without
    weights, which the next convolution has: (B, C, H, W) → the same.
    """
    exact = x.float()
    variance, mean = torch.var_mean(exact, 1, keepdim=True, correction=0)
    return ((exact - mean) * (variance + _FLOOR).rsqrt()).to(x.dtype)
