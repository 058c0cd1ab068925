"""The Gram matrix: which features of a layer occur together, whatever the place."""

from __future__ import annotations

from torch import Tensor


def gram_matrix(features: Tensor) -> Tensor:
    """Gram matrix of feature maps, averaged over locations: G_ij = Σ_k F_ik F_jk / M.

    Gatys et al. 2016, "Image Style Transfer Using Convolutional Neural Networks", eq. 3, which has no 1/M; dividing by
    the number of locations M makes Gram matrices of pictures of different sizes comparable.

    Args:
        features: (B, C, H, W), any range.

    Returns:
        (B, C, C), symmetric and positive semi-definite.
    """
    flat = features.flatten(2)  # (B, C, M)
    return flat @ flat.transpose(1, 2) / flat.shape[2]
