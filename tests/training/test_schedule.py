from __future__ import annotations

import numpy as np
import pytest

from impasto.training.schedule import pace


def test_known_values() -> None:
    assert pace("constant", 5000, 10_000, warm_up=1) == 1
    assert pace("cosine", 0, 100, warm_up=1) == 1
    assert pace("cosine", 50, 100, warm_up=1) == pytest.approx(0.5)
    assert pace("cosine", 100, 100, warm_up=1) == pytest.approx(0)
    assert pace("exponential", 50, 100, warm_up=1) == pytest.approx(0.1)
    assert pace("exponential", 100, 100, warm_up=1) == pytest.approx(0.01)


@pytest.mark.parametrize("schedule", ["constant", "cosine", "exponential"])
def test_it_rises_linearly_then_never_again(schedule: str) -> None:
    values = np.array([pace(schedule, step, 1000, warm_up=10) for step in range(1000)])  # type: ignore[arg-type]
    assert values[0] == pytest.approx(0.1, rel=1e-2)
    assert values[4] == pytest.approx(0.5, rel=5e-2)
    assert (np.diff(values[10:]) <= 0).all()
    assert (values > 0).all()
