from __future__ import annotations

import base64
import builtins
import importlib.util
import io
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_up_progress import progress
from PIL import Image

from impasto.errors import (
    MissingExtraError,
    OutputExistsError,
    UnknownSuffixError,
    UnwritableOutputError,
)
from impasto.optimize.recorder import Recorder
from impasto.optimize.report import check_report, write_report
from impasto.optimize.settings import Settings
from impasto.painters import Painting
from impasto.pictures import Picture

PAINTING = Painting(
    Picture(np.zeros((60, 80, 3), np.float32)), "stalled", 12.5, {"encoder": "lite <b>", "loss": 0.25, "iterations": 9}
)
SETTINGS = Settings(size=80, seed=7)


@pytest.fixture
def recorder() -> Recorder:
    recorder = Recorder()
    for iteration in range(8):
        recorder(progress(1, iteration))
    for iteration in range(4):
        recorder(progress(2, iteration, size=(80, 60)))
    return recorder


def _pictures(page: str) -> list[Image.Image]:
    found = re.findall(r'src="data:image/png;base64,([^"]+)"', page)
    return [Image.open(io.BytesIO(base64.b64decode(data))) for data in found]


class _Reader(HTMLParser):
    """Tags opened and not closed, and whatever could ask the network for something."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "img", "br", "link"):
            self.open.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "action", "data")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_html_is_complete_in_itself(tmp_path: Path, recorder: Recorder) -> None:
    path = tmp_path / "report.html"
    write_report(path, recorder, PAINTING, SETTINGS)
    page = path.read_text("utf-8")
    reader = _Reader()
    reader.feed(page)
    assert reader.open == []
    assert all(address.startswith("data:image/png;base64,") for address in reader.addresses)
    assert "url(" not in page
    assert "@import" not in page
    assert "<script" not in page
    assert "default-src 'none'" in page  # and the browser is told to hold it to that


def test_html_shows_curves_moments_facts_and_settings(tmp_path: Path, recorder: Recorder) -> None:
    path = tmp_path / "report.html"
    write_report(path, recorder, PAINTING, SETTINGS, title="Sky & sea")
    page = path.read_text("utf-8")
    pictures = _pictures(page)
    moments = [moment for row in recorder.moments().values() for moment in row]
    assert len(pictures) == 1 + len(moments)
    assert [picture.size for picture in pictures[1:]] == [moment.pixels.shape[1::-1] for moment in moments]
    for picture, moment in zip(pictures[1:], moments, strict=True):
        np.testing.assert_array_equal(np.asarray(picture), moment.pixels)
    for expected in ("Sky &amp; sea", "80×60", "stalled", "lite &lt;b&gt;", "MomentsLoss(", "<th>seed</th><td>7</td>"):
        assert expected in page
    assert "40×30 · step 7 · 0.7 s" in page


def test_the_chart_has_a_line_for_each_layer(tmp_path: Path, recorder: Recorder) -> None:
    path = tmp_path / "report.html"
    write_report(path, recorder, PAINTING, SETTINGS)
    colours = set(map(tuple, np.asarray(_pictures(path.read_text("utf-8"))[0].convert("RGB")).reshape(-1, 3).tolist()))
    assert {(0x1C, 0x7E, 0xD6), (0xF7, 0xB2, 0x67), (0x1F, 0x24, 0x30)} <= colours  # content, style, total


def test_png(tmp_path: Path, recorder: Recorder) -> None:
    path = tmp_path / "report.PNG"
    write_report(path, recorder, PAINTING, SETTINGS)
    with Image.open(path) as picture:
        picture.load()
        assert picture.format == "PNG"
        assert picture.width > 1000
        assert len(np.unique(np.asarray(picture.convert("L")))) > 20


@pytest.mark.parametrize("name", ["report.html", "report.png"])
@pytest.mark.parametrize("evaluations", [0, 1, 2])
def test_next_to_nothing_to_show(tmp_path: Path, name: str, evaluations: int) -> None:
    recorder = Recorder()
    for iteration in range(evaluations):
        recorder(progress(1, iteration))
    write_report(tmp_path / name, recorder, PAINTING, SETTINGS)
    assert (tmp_path / name).stat().st_size > 1000


def test_losses_of_zero_and_terms_that_come_and_go(tmp_path: Path) -> None:
    recorder = Recorder()
    for iteration, losses in enumerate(({"a": 0.0}, {"a": 0.0, "b": 1.0}, {"b": 2.0})):
        step = progress(1, iteration)
        recorder(type(step)(**{**vars(step), "losses": losses, "loss": sum(losses.values())}))
    write_report(tmp_path / "report.png", recorder, PAINTING, SETTINGS)
    assert (tmp_path / "report.png").stat().st_size > 1000


def test_no_global_figure_is_left_behind(tmp_path: Path, recorder: Recorder) -> None:
    write_report(tmp_path / "report.png", recorder, PAINTING, SETTINGS)
    pyplot = sys.modules.get("matplotlib.pyplot")
    assert pyplot is None or pyplot.get_fignums() == []


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("report.htm", "Did you mean 'report.html'?"),
        ("report.hmtl", "Did you mean 'report.html'?"),
        ("report.pgn", "Did you mean 'report.png'?"),
        ("report.pdf", ""),
        ("report", ""),
    ],
)
def test_another_suffix(tmp_path: Path, recorder: Recorder, name: str, hint: str) -> None:
    for refused in (
        lambda: check_report(tmp_path / name),
        lambda: write_report(tmp_path / name, recorder, PAINTING, SETTINGS),
    ):
        with pytest.raises(UnknownSuffixError, match=re.escape(name)) as caught:
            refused()
        assert caught.value.exit_code == 24
        assert hint in caught.value.hint
        assert ".html or .png" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_an_existing_report_stays_unless_told_otherwise(tmp_path: Path, recorder: Recorder) -> None:
    path = tmp_path / "report.html"
    path.write_text("mine")
    with pytest.raises(OutputExistsError) as caught:
        write_report(path, recorder, PAINTING, SETTINGS)
    assert caught.value.exit_code == 21
    assert path.read_text() == "mine"
    write_report(path, recorder, PAINTING, SETTINGS, overwrite=True)
    assert path.read_text("utf-8").startswith("<!doctype html>")
    assert list(tmp_path.iterdir()) == [path]  # no temporary file


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UnwritableOutputError) as caught:
        check_report(tmp_path / "missing" / "report.html")
    assert caught.value.exit_code == 22


def test_without_matplotlib(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    find_spec = importlib.util.find_spec

    def missing(name: str, *rest: Any) -> Any:
        return None if name == "matplotlib" else find_spec(name, *rest)

    monkeypatch.setattr(importlib.util, "find_spec", missing)
    with pytest.raises(MissingExtraError, match="studio") as caught:
        check_report(tmp_path / "report.html")
    assert caught.value.exit_code == 50
    assert "pip install 'impasto[studio]'" in caught.value.hint


def test_matplotlib_is_imported_only_for_a_report(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    imported: list[str] = []
    load = builtins.__import__

    def watch(name: str, *rest: Any) -> Any:
        imported.append(name)
        return load(name, *rest)

    monkeypatch.setattr(builtins, "__import__", watch)
    check_report(tmp_path / "report.html")
    assert not [name for name in imported if name.startswith("matplotlib")]
