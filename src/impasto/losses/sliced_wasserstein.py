"""Sliced Wasserstein distance: how differently features are distributed, seen from many directions."""

from __future__ import annotations

import torch
from torch import Tensor

_MOST_PLACES = 16_384  # more tell nothing new, and must be sorted


def sliced_wasserstein(
    features: Tensor, target: Tensor, *, directions: int = 64, quantiles: int = 1024, seed: int = 0
) -> Tensor:
    """The mean over random directions of the squared Wasserstein-2 distance between the projections of two feature
    maps' places, over the mean square of the target's projections: a scalar, 0 where the distributions agree.

    Rabin et al. 2012, "Wasserstein Barycenter and Its Application to Texture Mixing", eq. 10; as a measure of style,
    Heitz et al. 2021, "A Sliced Wasserstein Loss for Neural Texture Synthesis". Unlike Gram matrices, it sees all of a
    distribution, not its second moments alone. Ours: projections are compared by their quantiles, so that maps of
    different sizes can be.

    Args:
        features, target: (1, C, H, W) and (1, C, H', W'), any range.
        directions: how many, drawn by `seed` from the sphere.
        quantiles: by how many the projections are compared.
    """
    random = torch.Generator().manual_seed(seed)
    axes = torch.randn(directions, features.shape[1], generator=random).to(features.device)
    axes /= axes.norm(dim=1, keepdim=True)
    levels = (torch.arange(quantiles, device=features.device) + 0.5) / quantiles
    x, y = (torch.quantile(axes @ _places(maps), levels, dim=1) for maps in (features, target))
    return (x - y).square().mean() / y.square().mean()


def _places(features: Tensor) -> Tensor:
    """(1, C, H, W) → (C, N), at most `_MOST_PLACES`, evenly taken."""
    places = features[0].float().flatten(1)
    count = places.shape[1]
    if count <= _MOST_PLACES:
        return places
    return places[:, torch.linspace(0, count - 1, _MOST_PLACES, device=features.device).long()]
