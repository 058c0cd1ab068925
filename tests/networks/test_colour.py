from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from impasto.networks.colour import colour_map, colour_statistics, recolour

Floats = NDArray[np.float64]

# ITU-R BT.601 in the exact fractions of its definition.
LUMA = np.array([0.299, 0.587, 0.114])
TO_LUMA = np.stack([LUMA, (np.array([0, 0, 1]) - LUMA) / (2 * 0.886), (np.array([1, 0, 0]) - LUMA) / (2 * 0.701)])


def _pictures(seed: int, batch: int = 2, *, spread: tuple[float, float, float] = (1, 0.6, 0.3)) -> Tensor:
    random = torch.rand(batch, 3, 21, 34, generator=torch.Generator().manual_seed(seed))
    return random.pow(1 + 0.4 * seed) * torch.tensor(spread)[:, None, None] + 0.1


def _planes(picture: Tensor) -> Floats:
    return np.asarray(TO_LUMA @ picture.double().numpy().reshape(3, -1))


def test_statistics_against_numpy_s_cholesky() -> None:
    pictures = _pictures(1)
    found = colour_statistics(pictures).numpy()
    for b in range(2):
        planes = _planes(pictures[b])
        factor = np.linalg.cholesky(np.cov(planes, bias=True))
        np.testing.assert_allclose(found[b, :3], planes.mean(1), atol=1e-5)
        np.testing.assert_allclose(found[b, 3:], factor[np.tril_indices(3)], atol=1e-3)


def test_recoloured_pictures_have_the_colours_of_the_style() -> None:
    content, style = _pictures(1), _pictures(2, spread=(0.4, 0.5, 0.8))
    painted = recolour(content, colour_map(colour_statistics(content), colour_statistics(style)))
    for b in range(2):
        before, after = _planes(style[b]), _planes(painted[b])
        np.testing.assert_allclose(after.mean(1), before.mean(1), atol=1e-4)
        np.testing.assert_allclose(np.cov(after, bias=True), np.cov(before, bias=True), atol=1e-3)
        # What is brighter stays brighter.
        assert np.corrcoef(_planes(content[b])[0], after[0])[0, 1] == pytest.approx(1, abs=1e-4)


def test_a_picture_in_its_own_style_stays_as_it_is() -> None:
    picture = _pictures(1)
    statistics = colour_statistics(picture)
    torch.testing.assert_close(recolour(picture, colour_map(statistics, statistics)), picture, atol=1e-5, rtol=0)


@pytest.mark.parametrize("value", [0.0, 0.02, 0.5, 1.0])
def test_noise_of_a_flat_picture_is_not_blown_up(value: float) -> None:
    noise = torch.randn(1, 3, 40, 40, generator=torch.Generator().manual_seed(0)) / 255
    picture = (value + noise).clamp(0, 1)
    painted = recolour(picture, colour_map(colour_statistics(picture), colour_statistics(_pictures(2, 1))))
    assert torch.isfinite(painted).all()
    assert (painted - painted.mean((2, 3), keepdim=True)).std() < 20 * noise.std()
