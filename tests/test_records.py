"""Records from loose values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pytest

from impasto.errors import UnknownNameError, UsageError
from impasto.records import checked, conform, describe, field_defaults, field_types


@dataclass(frozen=True)
class Record:
    steps: int = 3
    rate: float | None = None
    mode: Literal["fast", "fine"] = "fast"
    size: int | tuple[int, int] | None = None
    blocks: tuple[tuple[int, ...], ...] = ()
    flag: bool = False
    name: str = ""


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("steps", 5, 5),
        ("steps", np.int32(5), 5),
        ("rate", 2, 2.0),
        ("rate", np.float32(0.5), 0.5),
        ("rate", None, None),
        ("mode", "fine", "fine"),
        ("size", 7, 7),
        ("size", [7, 8], (7, 8)),
        ("blocks", [[1, 2], [3]], ((1, 2), (3,))),
        ("blocks", [], ()),
        ("flag", True, True),
        ("name", "x", "x"),
    ],
)
def test_values_that_fit(name: str, value: Any, expected: Any) -> None:
    result = checked(field_types(Record), {name: value}, kind="field")[name]
    assert result == expected
    assert type(result) is type(expected)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("steps", "5", "steps is '5'; it must be a whole number"),
        ("steps", 5.0, "steps is 5.0; it must be a whole number"),
        ("steps", True, "steps is True; it must be a whole number"),
        ("steps", None, "steps is None; it must be a whole number"),
        ("rate", "fast", "rate is 'fast'; it must be a number or nothing"),
        ("mode", 3, "mode is 3; it must be 'fast' or 'fine'"),
        ("size", [1, 2, 3], "it must be a whole number or a list of 2 or nothing"),
        ("blocks", [[1.5]], "it must be a list, each a list, each a whole number"),
        ("flag", 1, "flag is 1; it must be true or false"),
        ("name", 5, "name is 5; it must be a text"),
    ],
)
def test_values_that_do_not(name: str, value: Any, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        checked(field_types(Record), {name: value}, kind="field")


def test_names_are_checked_with_near_ones() -> None:
    with pytest.raises(UnknownNameError, match=r"no field named 'step'\. Did you mean 'steps'"):
        checked(field_types(Record), {"step": 5}, kind="field")
    with pytest.raises(UnknownNameError, match=r"no mode named 'fin'\. Did you mean 'fine'"):
        conform("fin", field_types(Record)["mode"], "mode")
    assert checked(field_types(Record), {"other": object}, kind="field", others=["other"]) == {"other": object}


def test_defaults_and_words() -> None:
    assert field_defaults(Record)["steps"] == 3
    assert describe(float | None) == "a number or nothing"
