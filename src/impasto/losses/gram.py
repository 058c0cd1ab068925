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
    if features.dtype in (torch.bfloat16, torch.float16):
        gram: Tensor = _LowPrecisionGram.apply(features)  # type: ignore[no-untyped-call]
        return gram
    flat = features.flatten(2)  # (B, C, M)
    return flat @ flat.transpose(1, 2) / flat.shape[2]


class _LowPrecisionGram(torch.autograd.Function):
    """Sums in float32 over chunks of locations; the gradient leaves in the precision that the features came in."""

    @staticmethod
    def forward(ctx: Any, features: Tensor) -> Tensor:
        ctx.save_for_backward(features)
        batch, channels, height, width = features.shape
        with torch.autocast(features.device.type, enabled=False):
            gram = torch.zeros(batch, channels, channels, device=features.device)
            for chunk in torch.split(_by_location(features), _CHUNK, 1):  # (B, ≤ _CHUNK, C)
                exact = chunk.float()
                gram.baddbmm_(exact.transpose(1, 2), exact)
            return gram / (height * width)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        # dG/dF: (D + Dᵀ) F / M, with D the gradient of G.
        (features,) = ctx.saved_tensors
        both = (gradient + gradient.transpose(1, 2)) / (features.shape[2] * features.shape[3])
        result = torch.empty_like(features, memory_format=torch.channels_last)
        pieces = zip(
            torch.split(_by_location(features), _CHUNK, 1), torch.split(_by_location(result), _CHUNK, 1), strict=True
        )
        for chunk, target in pieces:
            target.copy_(chunk.float() @ both)
        return result


def _by_location(features: Tensor) -> Tensor:
    """(B, C, H, W) → (B, H·W, C): a view where the memory is laid out channels last."""
    batch, channels, height, width = features.shape
    return features.permute(0, 2, 3, 1).reshape(batch, height * width, channels)
