"""The Gram matrix: which features of a layer occur together, whatever the place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

_CHUNK = 8192  # locations at a time: a piece of 64 channels in float32 stays in the processor's cache


def gram_matrix(features: Tensor) -> Tensor:
    """Gram matrix of feature maps, averaged over locations: G_ij = Σ_k F_ik F_jk / M.

    Gatys et al. 2016, "Image Style Transfer Using Convolutional Neural Networks", eq. 3, which has no 1/M; dividing by
    the number of locations M makes Gram matrices of pictures of different sizes comparable.

    Args:
        features: (B, C, H, W), any range. Low precision is summed up in float32, without a copy of the whole map.

    Returns:
        (B, C, C), symmetric and positive semi-definite, in float32 or the features' own precision if that is higher.
    """
    return gram_and_mean(features)[0]


def gram_and_mean(features: Tensor) -> tuple[Tensor, Tensor]:
    """`gram_matrix`, and the mean of each channel, (B, C), in one go over the maps."""
    result: tuple[Tensor, Tensor] = _GramAndMean.apply(features)  # type: ignore[no-untyped-call]
    return result


class _GramAndMean(torch.autograd.Function):
    """Sums in float32 (or better) over chunks of locations, without a copy of the maps in another layout or precision;
    the gradient leaves in the precision that the features came in.
    """

    @staticmethod
    def forward(ctx: Any, features: Tensor) -> tuple[Tensor, Tensor]:
        ctx.save_for_backward(features)
        ctx.set_materialize_grads(False)
        batch, channels, height, width = features.shape
        exact = torch.promote_types(features.dtype, torch.float32)
        with torch.autocast(features.device.type, enabled=False):
            gram = torch.zeros(batch, channels, channels, device=features.device, dtype=exact)
            sums = torch.zeros(batch, channels, device=features.device, dtype=exact)
            for chunk in _chunks(features):
                part = chunk.to(exact)
                gram.baddbmm_(part.transpose(1, 2), part)
                sums += part.sum(1)
            return gram / (height * width), sums / (height * width)

    @staticmethod
    def backward(ctx: Any, of_gram: Tensor | None, of_mean: Tensor | None) -> Tensor:
        # dG/dF: (D + Dᵀ) F / M, with D the gradient of G; the mean's own gradient is the same everywhere.
        (features,) = ctx.saved_tensors
        batch, channels, height, width = features.shape
        exact = torch.promote_types(features.dtype, torch.float32)
        both = features.new_zeros(batch, channels, channels, dtype=exact)
        if of_gram is not None:
            both = (of_gram + of_gram.transpose(1, 2)) / (height * width)
        shift = None if of_mean is None else of_mean / (height * width)
        with torch.autocast(features.device.type, enabled=False):
            if torch.is_grad_enabled():  # somebody differentiates twice
                result: Tensor = both @ features.flatten(2).to(exact)
                result = result if shift is None else result + shift[:, :, None]
                return result.view_as(features).to(features.dtype)
            result = torch.empty_like(features, memory_format=torch.channels_last)
            for chunk, target in zip(_chunks(features), _chunks(result), strict=True):
                part = chunk.to(exact) @ both
                target.copy_(part if shift is None else part + shift[:, None])
            return result


def _chunks(features: Tensor) -> Iterator[Tensor]:
    """(B, ≤ `_CHUNK`, C) each: the locations row by row, as views where the memory is laid out channels last."""
    batch, channels, height, width = features.shape
    by_row = features.permute(0, 2, 3, 1)
    rows = max(1, _CHUNK // width)
    for top in range(0, height, rows):
        yield by_row[:, top : top + rows].reshape(batch, -1, channels)
