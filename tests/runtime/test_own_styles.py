"""Painters that know a few styles by name, and no others."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

import impasto
from impasto.errors import UnknownNameError, UsageError, WeightsFormatError
from impasto.networks.content_side import ContentDesign
from impasto.networks.johnson import JohnsonNetwork
from impasto.networks.johnson_file import export_johnson
from impasto.painters import WeightedStyle
from impasto.painting import read_styles
from impasto.pictures import Picture
from impasto.runtime.fast import FastPainter, FastSettings
from impasto.runtime.network import load_model


@pytest.fixture
def file(johnson_file: Path) -> Path:
    return johnson_file


@pytest.fixture
def photo() -> Picture:
    return Picture(np.random.default_rng(0).random((48, 64, 3), dtype=np.float32))


def test_their_styles_are_known_by_name(file: Path, photo: Picture) -> None:
    painter = FastPainter(file)
    assert (painter.name, list(painter.styles)) == ("johnson", ["dots", "night-sky"])
    dots, night = (impasto.paint(photo, name, model=str(file)).pixels for name in ("dots", "Night_Sky"))
    assert np.abs(dots - night).mean() > 0.01


def test_they_are_blended(file: Path, photo: Picture) -> None:
    painter = FastPainter(file)
    code = painter.prepare(read_styles([("dots", 3), ("night-sky", 1)], codes=painter.codes))
    np.testing.assert_allclose(code.values, [[0.75, 0.25]])
    assert impasto.paint(photo, [("dots", 3), ("night-sky", 1)], model=str(file)).size == photo.size


def test_strength_is_how_much_of_the_painting_shows(file: Path, photo: Picture) -> None:
    whole, half, none = (impasto.paint(photo, "dots", model=str(file), strength=s).pixels for s in (1, 0.5, 0))
    np.testing.assert_allclose(half, (whole + photo.pixels) / 2, atol=1e-6)
    np.testing.assert_allclose(none, photo.pixels, atol=1e-6)
    with pytest.raises(UsageError, match="can't go beyond"):
        impasto.paint(photo, "dots", model=str(file), strength=1.2)


def test_other_styles_are_refused(file: Path, photo: Picture) -> None:
    with pytest.raises(UsageError, match="own styles only: dots, night-sky"):
        impasto.paint(photo, photo, model=str(file))
    with pytest.raises(UsageError, match="own styles only"):
        impasto.paint(photo, "mosaic", model=str(file))
    with pytest.raises(UnknownNameError, match="dots"):
        impasto.paint(photo, "dost", model=str(file))
    with pytest.raises(UsageError, match="Name one or more of the model's: dots, night-sky"):
        impasto.paint(photo, model=str(file))
    with pytest.raises(UsageError, match="no brush"):
        impasto.paint(photo, "dots", model=str(file), brush=2.0)
    with pytest.raises(UsageError, match="quality best has no model"):
        impasto.paint(photo, "dots", model=str(file), quality="best")


def test_an_only_style_need_not_be_named(file: Path, photo: Picture, tmp_path: Path) -> None:
    colours = torch.full((1, 9), 0.2)
    only = JohnsonNetwork(ContentDesign(half=4, quarter=4, eighth=4, blocks=1), ["one"], colours)
    export_johnson(only, tmp_path / "one.onnx", name="one", training={})
    assert impasto.paint(photo, model=str(tmp_path / "one.onnx")).size == photo.size
    with pytest.raises(UsageError, match="There is no style"):
        impasto.paint(photo)


@pytest.mark.parametrize("styles", ["no list", json.dumps(["one"]), json.dumps({"dots": 1})])
def test_styles_that_can_t_be_are_refused(file: Path, tmp_path: Path, styles: str) -> None:
    wrong = tmp_path / "wrong.onnx"
    wrong.write_bytes(load_model(file).described({"styles": styles}))
    with pytest.raises(WeightsFormatError, match="does not say its styles"):
        FastPainter(wrong)


@pytest.mark.parametrize("name", ["../../../pictures/x", "/x", "..\\x", "..", "", "a\nb", "a\0", "\ud800", 7, ["dots"]])
def test_a_style_can_t_be_called_as_a_place_elsewhere(file: Path, tmp_path: Path, name: object) -> None:
    wrong = tmp_path / "wrong.onnx"
    wrong.write_bytes(load_model(file).described({"styles": json.dumps(["dots", name])}))
    with pytest.raises(WeightsFormatError, match="can't have a style called"):
        FastPainter(wrong)


def test_a_style_may_be_called_as_any_picture(file: Path, tmp_path: Path) -> None:
    """Those of `impasto train johnson` are: after hours of training nothing may be wrong with them."""
    names = ["van-gogh---starry-night-(1889)", "星空…"]
    odd = tmp_path / "odd.onnx"
    odd.write_bytes(load_model(file).described({"styles": json.dumps(names)}))
    assert list(FastPainter(odd).styles) == names


def test_tiles_change_nothing(file: Path) -> None:
    photo = Picture(np.random.default_rng(1).random((333, 260, 3), dtype=np.float32))
    whole, tiled = (FastPainter(file, FastSettings(tile=tile)) for tile in (4096, 96))
    style = whole.prepare([WeightedStyle(whole.styles["dots"])])
    assert np.abs(whole.paint(photo, style).picture.pixels - tiled.paint(photo, style).picture.pixels).max() < 1e-4
