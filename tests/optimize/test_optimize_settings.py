from __future__ import annotations

import math
from typing import Any

import pytest

from impasto.errors import UnknownNameError, UsageError
from impasto.optimize.settings import Settings


@pytest.mark.parametrize(
    ("field", "value", "near"),
    [
        ("optimizer", "adm", "'adam'"),
        ("schedule", "cosin", "'cosine'"),
        ("domain", "bound", "'bounded'"),
        ("start", "contents", "'content'"),
        ("pooling", "avg", "'average'"),
        ("precision", "bfloat", "'bfloat16'"),
        ("style_size", "long-side", "'long_side'"),
    ],
)
def test_a_name_that_does_not_exist(field: str, value: str, near: str) -> None:
    with pytest.raises(UnknownNameError) as caught:
        Settings(**{field: value})
    assert near in caught.value.hint
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("iterations", 0),
        ("coarse_iterations", 0),
        ("scales", 0),
        ("style_scale", 0.0),
        ("learning_rate", 0.0),
        ("learning_rate", math.nan),
        ("seconds", -1.0),
        ("seconds", math.nan),
        ("tolerance", -0.1),
        ("decay", 1.5),
        ("history", 0),
        ("seed", -1),
        ("size", 0),
        ("size", (512, 0)),
        ("pixel_range", 0),
        ("losses", ()),
    ],
)
def test_a_number_out_of_range(field: str, value: Any) -> None:
    with pytest.raises(UsageError) as caught:
        Settings(**{field: value})
    assert caught.value.exit_code == 2


def test_two_settings_made_alike_are_equal() -> None:
    assert Settings() == Settings()
    assert Settings(seed=1) != Settings(seed=2)
