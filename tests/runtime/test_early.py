from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from impasto.runtime import early, fast
from impasto.runtime.fast import SHIPPED, FastPainter, FastSettings, open_network


@pytest.fixture(autouse=True)
def nothing_stays() -> Iterator[None]:
    yield
    early.take(SHIPPED)


def test_the_first_painter_gets_what_was_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = open_network(SHIPPED)
    monkeypatch.setattr(fast, "open_network", lambda path: opened)
    early.begin()
    assert FastPainter(SHIPPED).content is opened.network


def test_it_is_given_away_once() -> None:
    early.begin()
    assert early.take(SHIPPED) is not None
    assert early.take(SHIPPED) is None


def test_another_network_is_opened_as_ever(swift_file: Path) -> None:
    early.begin()
    assert FastPainter(swift_file).content.name == swift_file.name


def test_another_number_of_threads_is_another_network() -> None:
    early.begin()
    assert FastPainter(SHIPPED, FastSettings(threads=1)).content.threads == 1


def test_a_network_that_can_t_be_opened_is_told_of_by_the_painter(monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged(path: Path, device: str = "auto", threads: int | None = None) -> None:
        raise OSError("no such disk")

    monkeypatch.setattr(fast, "open_network", damaged)
    early.begin()
    with pytest.raises(OSError, match="no such disk"):
        FastPainter(SHIPPED)
