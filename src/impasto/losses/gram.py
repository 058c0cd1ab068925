"""The Gram matrix: which features of a layer occur together, whatever the place."""

from __future__ import annotations

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
    if features.dtype in (torch.bfloat16, torch.float16):
        result: tuple[Tensor, Tensor] = _LowPrecisionGram.apply(features)  # type: ignore[no-untyped-call]
        return result
    flat = features.flatten(2)  # (B, C, M)
    return flat @ flat.transpose(1, 2) / flat.shape[2], flat.mean(2)


class _LowPrecisionGram(torch.autograd.Function):
    """Sums in float32 over chunks of locations; the gradient leaves in the precision that the features came in."""

    @staticmethod
    def forward(ctx: Any, features: Tensor) -> tuple[Tensor, Tensor]:
        ctx.save_for_backward(features)
        ctx.set_materialize_grads(False)
        batch, channels, height, width = features.shape
        with torch.autocast(features.device.type, enabled=False):
            gram = torch.zeros(batch, channels, channels, device=features.device)
            sums = torch.zeros(batch, channels, device=features.device)
            for chunk in torch.split(_by_location(features), _CHUNK, 1):  # (B, ≤ _CHUNK, C)
                exact = chunk.float()
                gram.baddbmm_(exact.transpose(1, 2), exact)
                sums += exact.sum(1)
            return gram / (height * width), sums / (height * width)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, of_gram: Tensor | None, of_mean: Tensor | None) -> Tensor:
        # dG/dF: (D + Dᵀ) F / M, with D the gradient of G; the mean's own gradient is the same everywhere.
        (features,) = ctx.saved_tensors
        batch, channels, height, width = features.shape
        both = features.new_zeros(batch, channels, channels, dtype=torch.float32)
        if of_gram is not None:
            both = (of_gram + of_gram.transpose(1, 2)) / (height * width)
        result = torch.empty_like(features, memory_format=torch.channels_last)
        pieces = zip(
            torch.split(_by_location(features), _CHUNK, 1), torch.split(_by_location(result), _CHUNK, 1), strict=True
        )
        for chunk, target in pieces:
            exact = chunk.float() @ both
            if of_mean is not None:
                exact += of_mean[:, None] / (height * width)
            target.copy_(exact)
        return result


def _by_location(features: Tensor) -> Tensor:
    """(B, C, H, W) → (B, H·W, C): a view where the memory is laid out channels last."""
    batch, channels, height, width = features.shape
    return features.permute(0, 2, 3, 1).reshape(batch, height * width, channels)
