"""The sliced Wasserstein distance."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import wasserstein_distance

from impasto.losses.sliced_wasserstein import sliced_wasserstein


def test_one_channel_against_sorted_places_in_numpy() -> None:
    random = np.random.default_rng(0)
    x, y = random.gamma(2.0, size=(1, 1, 128, 64)), random.normal(1.0, 2.0, size=(1, 1, 64, 128))
    # All directions of one channel are ±1, and both ways round the distance is the same.
    a, b = np.sort(x.ravel()), np.sort(y.ravel())
    expected = ((a - b) ** 2).mean() / (b**2).mean()
    found = sliced_wasserstein(torch.from_numpy(x), torch.from_numpy(y)).item()
    assert found == pytest.approx(expected, rel=0.01)


def test_a_shift_along_the_axes_is_told_apart_from_its_absence() -> None:
    """Shifted by d, each projection is shifted by its direction times d: |d|² / C on average."""
    maps = torch.randn(1, 4, 32, 32, generator=torch.Generator().manual_seed(1))
    shift = torch.tensor([0.3, -0.2, 0.5, 0.1])
    moved = maps + shift[None, :, None, None]
    power = sliced_wasserstein(moved, maps, directions=4096).item()
    assert power == pytest.approx(shift.square().sum().item() / 4 / maps.square().mean().item(), rel=0.1)
    assert sliced_wasserstein(maps, maps) == 0


def test_distributions_of_equal_gram_matrices_are_told_apart() -> None:
    """Two ways to have mean 0 and variance 1: a Gram matrix sees no difference, scipy's distance does."""
    two = torch.tensor([-1.0, 1.0]).repeat(512).reshape(1, 1, 32, 32)
    three = torch.tensor([-(1.5**0.5), 0.0, 1.5**0.5]).repeat(341).reshape(1, 1, 31, 33)
    assert two.square().mean() == pytest.approx(three.square().mean().item())
    assert sliced_wasserstein(three, two) > 0.1
    assert wasserstein_distance(two.flatten(), three.flatten()) > 0.1


def test_large_maps_are_compared_by_some_of_their_places() -> None:
    maps = torch.randn(1, 2, 200, 200, generator=torch.Generator().manual_seed(2))
    assert sliced_wasserstein(maps, maps.flip(2)).item() < 0.01
