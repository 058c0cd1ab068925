from __future__ import annotations

import numpy as np
import pytest
import torch

from impasto.losses.lightness import lightness_error


def _pictures(seed: int, *, channels: int = 3) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).uniform(0, 1, (2, channels, 64, 96)))


@pytest.mark.parametrize("shift", [0.0, -0.2])
def test_against_numpy(shift: float) -> None:
    one, other = _pictures(0), _pictures(1, channels=1)
    cells = [its.numpy().mean(1).reshape(2, 2, 32, 3, 32).mean((2, 4)) for its in (one, other)]
    difference = np.abs(cells[0] - cells[1] - shift)
    expected = (difference * (1 + 30 * difference)).mean()
    assert lightness_error(one, other, shift=shift).item() == pytest.approx(expected, rel=1e-4)


def test_other_colours_and_textures_cost_nothing_and_negatives_much() -> None:
    y, x = torch.meshgrid(torch.linspace(0, 1, 64), torch.linspace(0, 1, 96), indexing="ij")
    pictures = torch.stack([x, y, x * y])[None]
    chequered = pictures + 0.2 * (-1.0) ** torch.arange(96)
    for painted, shift in ((pictures.flip(1), 0.0), (chequered, 0.0), (pictures + 0.1, 0.1)):
        assert lightness_error(painted, pictures, shift=shift).item() == pytest.approx(0, abs=1e-6)
    assert lightness_error(1 - pictures, pictures).item() > 1


def test_gradient() -> None:
    painted = _pictures(0).requires_grad_()
    assert torch.autograd.gradcheck(lambda p: lightness_error(p, _pictures(1)), painted, fast_mode=True, atol=1e-4)
