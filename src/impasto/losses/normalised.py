"""Where a feature is stronger and weaker, whatever its strength: maps compared with each channel normalised."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from impasto.losses.base import full_precision

_FLOOR = 1e-3  # of the mean variance: it holds down near-empty channels


def normalised_error(features: Tensor, target: Tensor) -> Tensor:
    """½ · mean of (F̂ − P̂)², where ^ shifts and scales each channel to mean 0 and deviation 1.

    Args:
        features: (B, C, H, W); differentiable once, the gradient in the precision that they came in.
        target: the same shape; it is taken as constant.

    Returns:
        A scalar in float32, or the features' own precision if that is higher.
    """
    error: Tensor = _NormalisedError.apply(features, target)  # type: ignore[no-untyped-call]
    return error


class _NormalisedError(torch.autograd.Function):
    """Composed of torch's own operations, which keep six maps in float32, it would take twice the time."""

    @staticmethod
    def forward(ctx: Any, features: Tensor, target: Tensor) -> Tensor:
        mean, scale = _statistics(features)
        its_mean, its_scale = _statistics(target)
        normalised = _normalised(features, mean, scale)
        apart = normalised - _normalised(target, its_mean, its_scale)
        along = (apart * normalised).mean((2, 3), keepdim=True)
        ctx.save_for_backward(features, target, mean, scale, its_mean, its_scale, along)
        return apart.square_().mean() / 2

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        # With F̂ = (F − μ) · s, s⁻² = v + floor · mean of v, and d = F̂ − P̂ of n numbers in all:
        # dE/dF = (s · d + 2 · s⁻¹ · F̂ · dE'/dv) / n, where E' = n · E, taken for each location.
        features, target, mean, scale, its_mean, its_scale, along = ctx.saved_tensors
        normalised = _normalised(features, mean, scale)
        apart = normalised - _normalised(target, its_mean, its_scale)
        of_square = -scale.square() * along / 2
        of_variance = of_square + _FLOOR * of_square.mean(1, keepdim=True)
        share = gradient / features.numel()
        result = apart.mul_(share * scale).addcmul_(normalised, share * 2 * of_variance / scale)
        return result.to(features.dtype), None


def _statistics(maps: Tensor) -> tuple[Tensor, Tensor]:
    """The mean of each channel, and what its distance from that is multiplied by: (B, C, 1, 1) each."""
    exact = full_precision(maps)
    mean = exact.mean((2, 3), keepdim=True)
    variance = (exact - mean).square_().mean((2, 3), keepdim=True)
    return mean, (variance + _FLOOR * variance.mean(1, keepdim=True) + 1e-8).rsqrt()


def _normalised(maps: Tensor, mean: Tensor, scale: Tensor) -> Tensor:
    return (full_precision(maps) - mean).mul_(scale)
