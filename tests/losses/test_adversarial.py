from __future__ import annotations

import numpy as np
import pytest
import torch

from impasto.losses.adversarial import critic_loss, verdict_loss
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
