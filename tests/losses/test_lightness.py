from __future__ import annotations

import numpy as np
import pytest
import torch

from impasto.losses.lightness import lightness_error


def _pictures(seed: int, *, channels: int = 3, contrast: float = 1.0) -> torch.Tensor:
    rng = np.random.default_rng(seed)
    cells = np.kron(rng.uniform(-0.3, 0.3, (2, channels, 3, 4)), np.ones((16, 16)))
    return torch.from_numpy(0.5 + contrast * cells + rng.normal(0, 0.05, cells.shape)).float()


def _short(one: torch.Tensor, other: torch.Tensor) -> list[float]:
    """Of a half, by NumPy's correlation of the means of cells."""
    cells = [its.double().numpy().mean(1).reshape(2, 3, 16, 4, 16).mean((2, 4)) for its in (one, other)]
    return [max(0.0, 0.5 - np.corrcoef(a.ravel(), b.ravel())[0, 1]) for a, b in zip(*cells, strict=True)]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_against_numpy(seed: int) -> None:
    one, other = _pictures(0), _pictures(seed)
    assert max(_short(one, other)) > 0.2
    assert lightness_error(one, other).item() == pytest.approx(np.mean(_short(one, other)), rel=0.03)


def test_negatives_cost_most_and_other_colours_nothing() -> None:
    pictures = _pictures(0)
    assert lightness_error(1 - pictures, pictures).item() == pytest.approx(1.5, rel=0.03)
    for painted in (pictures, pictures.flip(1), 0.3 * pictures + 0.6, pictures.mean(1, keepdim=True)):
        assert lightness_error(painted, pictures).item() == 0


def test_even_pictures_cost_next_to_nothing_and_have_a_slope() -> None:
    even = torch.full((2, 3, 48, 64), 0.4, requires_grad=True)
    error = lightness_error(even, _pictures(0))
    (slope,) = torch.autograd.grad(error, even)
    assert error.item() < 0.05
    assert slope.isfinite().all()
    assert lightness_error(1 - _pictures(0, contrast=0.01), _pictures(0, contrast=0.01)).item() < 0.1


def test_gradient() -> None:
    other = _pictures(3).double()
    painted = _pictures(0).double().requires_grad_()
    assert torch.autograd.gradcheck(lambda p: lightness_error(p, other), painted, fast_mode=True, atol=1e-4)
