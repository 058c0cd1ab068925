"""The shelf of style codes, in a home of its own."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from impasto.errors import OutputExistsError, UnknownNameError, UsageError, WeightsFormatError
from impasto.styles import shelf
from impasto.styles.code import StyleCode, to_json


def _code(seed: int) -> StyleCode:
    values = np.random.default_rng(seed).standard_normal((2, 5)).astype(np.float16).astype(np.float32)
    return StyleCode(values, (1.0, 2.0), "small", title="A title")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home, and a shelf that ships with two codes."""
    shipped = tmp_path / "shipped.json"
    shipped.write_text(json.dumps({"great-wave": to_json(_code(1)), "mosaic": to_json(_code(2))}))
    monkeypatch.setattr(shelf, "SHIPPED", shipped)
    monkeypatch.setenv("IMPASTO_HOME", str(tmp_path / "home"))
    shelf._shipped.cache_clear()
    yield tmp_path / "home"
    shelf._shipped.cache_clear()


def test_what_ships_is_found_however_it_is_written() -> None:
    for name in ("great-wave", "Great_Wave", " great wave "):
        np.testing.assert_array_equal(shelf.find(name).values, _code(1).values)
    assert shelf.names() == ["great-wave", "mosaic"]
    assert shelf.own_names() == []


def test_added_styles_are_found_and_removed(home: Path) -> None:
    file = shelf.add("Mine", _code(3))
    assert file == home / "styles" / "mine.json"
    np.testing.assert_array_equal(shelf.find("mine").values, _code(3).values)
    assert shelf.names() == ["great-wave", "mine", "mosaic"]
    shelf.remove("mine")
    assert "mine" not in shelf.names()
    with pytest.raises(UnknownNameError):
        shelf.remove("mine")


def test_names_are_not_taken_twice() -> None:
    shelf.add("mine", _code(3))
    with pytest.raises(OutputExistsError, match="You have") as caught:
        shelf.add("mine", _code(4))
    assert caught.value.exit_code == 21
    shelf.add("mine", _code(4), overwrite=True)
    np.testing.assert_array_equal(shelf.find("mine").values, _code(4).values)
    with pytest.raises(OutputExistsError, match="Impasto has"):
        shelf.add("mosaic", _code(4), overwrite=True)


@pytest.mark.parametrize("name", ["", "../escape", "a/b", "naïve", "-", "a--b", "con.txt"])
def test_names_that_are_no_names(name: str, home: Path) -> None:
    with pytest.raises(UsageError, match="can't be called"):
        shelf.add(name, _code(3))
    assert not home.exists()


def test_an_unknown_name_gets_near_ones() -> None:
    with pytest.raises(UnknownNameError, match="great-wave"):
        shelf.find("grate-wave")


def test_damage_is_told(home: Path) -> None:
    shelf.add("mine", _code(3)).write_text("{")
    with pytest.raises(WeightsFormatError, match="mine"):
        shelf.find("mine")
    shelf.SHIPPED.write_text("[")
    shelf._shipped.cache_clear()
    with pytest.raises(WeightsFormatError, match="damaged"):
        shelf.names()
