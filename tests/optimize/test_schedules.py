from __future__ import annotations

import math

import pytest

from impasto.optimize.schedules import adam_epsilon, learning_rate
from impasto.optimize.settings import Settings


@pytest.mark.parametrize("step", [0, 1, 7, 99, 100])
def test_closed_formulas(step: int) -> None:
    constant = Settings(learning_rate=0.5)
    falling = Settings(learning_rate=2.0, schedule="exponential", decay=0.99)
    cosine = Settings(learning_rate=5.0, schedule="cosine")
    assert learning_rate(constant, step, 100) == 0.5
    assert learning_rate(falling, step, 100) == pytest.approx(2 * math.exp(step * math.log(0.99)))
    assert learning_rate(cosine, step, 100) == pytest.approx(5 * math.cos(math.pi * step / 200) ** 2, abs=1e-15)


def test_cosine_falls_all_the_way_and_stays() -> None:
    settings = Settings(learning_rate=5.0, schedule="cosine")
    rates = [learning_rate(settings, step, 50) for step in range(60)]
    assert rates == sorted(rates, reverse=True)
    assert rates[0] == 5
    assert rates[25] == pytest.approx(2.5)
    assert max(rates[50:]) == pytest.approx(0, abs=1e-15)


def test_epsilon_stays_unless_it_is_epsilon_hat() -> None:
    assert [adam_epsilon(Settings(epsilon=0.1), step) for step in (1, 10)] == [0.1, 0.1]
    hat = Settings(epsilon=0.1, epsilon_hat=True, betas=(0.9, 0.999))
    assert adam_epsilon(hat, 1) == pytest.approx(0.1 / 0.001**0.5)
    assert adam_epsilon(hat, 15) == pytest.approx(0.1 / (1 - 0.999**15) ** 0.5)
    assert adam_epsilon(hat, 100_000) == pytest.approx(0.1)
