from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from impasto.losses.adversarial import critic_loss, gradient_penalty, verdict_loss
from impasto.losses.objectives import Objective


@pytest.mark.parametrize("real", [True, False])
def test_verdict_losses_are_the_published_formulas(real: bool) -> None:
    verdicts = torch.randn(2, 1, 3, 4, dtype=torch.float32)
    x = verdicts.double().numpy()
    probability = 1 / (1 + np.exp(-x))
    expected = -np.log(probability if real else 1 - probability).mean()
    assert float(verdict_loss(verdicts, real=real, objective="cross-entropy")) == pytest.approx(expected, rel=1e-5)
    expected = ((x - real) ** 2).mean()
    assert float(verdict_loss(verdicts, real=real, objective="least-squares")) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("objective", ["cross-entropy", "least-squares"])
def test_a_critic_that_knows_has_no_loss(objective: Objective) -> None:
    sure = 1.0 if objective == "least-squares" else 30.0
    unsure = 0.0 if objective == "least-squares" else -30.0
    real, made = torch.full((1, 1, 2, 2), sure), torch.full((1, 1, 2, 2), unsure)
    assert float(critic_loss(real, made, objective)) == pytest.approx(0, abs=1e-6)
    assert float(critic_loss(made, real, objective)) >= 1


@pytest.mark.parametrize("objective", ["cross-entropy", "least-squares"])
def test_gradients(objective: Objective) -> None:
    verdicts = torch.randn(1, 1, 2, 3, dtype=torch.float64, requires_grad=True)
    with torch.enable_grad():
        value = verdict_loss(verdicts, real=True, objective=objective)
        (found,) = torch.autograd.grad(value, verdicts)
    x = verdicts.detach().numpy()
    expected = 2 * (x - 1) if objective == "least-squares" else 1 / (1 + np.exp(-x)) - 1
    np.testing.assert_allclose(found, expected / x.size, rtol=1e-5)


def test_the_penalty_is_the_mean_square_of_each_verdicts_gradient() -> None:
    pictures = torch.randn(2, 3, 9, 9, dtype=torch.float64, requires_grad=True)
    filters = torch.randn(1, 3, 4, 4, dtype=torch.float64)
    expected = filters.square().sum().item()  # the gradient of a linear verdict is the filter itself

    def penalty(signs: torch.Tensor, stride: int) -> float:
        return gradient_penalty(F.conv2d(pictures, filters, stride=stride), pictures, signs).item()

    assert penalty(torch.ones(2, 1, 2, 2), 4) == pytest.approx(expected, rel=1e-6)  # patches that don't overlap
    rng = torch.Generator().manual_seed(0)
    drawn = [penalty(2.0 * torch.randint(2, (2, 1, 3, 3), generator=rng) - 1, 2) for _ in range(400)]
    assert np.mean(drawn) == pytest.approx(expected, rel=0.1)


def test_the_penalty_has_a_gradient_for_the_critic() -> None:
    pictures = torch.randn(1, 1, 4, 4, dtype=torch.float64, requires_grad=True)
    filters = torch.randn(1, 1, 2, 2, dtype=torch.float64, requires_grad=True)
    signs = torch.tensor([[[[1.0, -1.0], [-1.0, 1.0]]]], dtype=torch.float64)

    def penalty(of: torch.Tensor) -> torch.Tensor:
        return gradient_penalty(torch.tanh(F.conv2d(pictures, of, stride=2)), pictures, signs)

    assert torch.autograd.gradcheck(penalty, filters, eps=1e-3, atol=1e-3)
