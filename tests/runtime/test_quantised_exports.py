"""Exports of ours in eight bits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from impasto.networks.quantisation.quantise import quantise
from impasto.networks.quantisation.settings import QuantiseSettings
from impasto.painters import WeightedStyle
from impasto.pictures import Picture
from impasto.runtime.canvas import BORDER
from impasto.runtime.fast import FastPainter, FastSettings


@pytest.fixture(scope="module")
def photo() -> Picture:
    y, x = np.mgrid[0:75, 0:90].astype(np.float32)
    noise = 0.2 * np.random.default_rng(0).random((75, 90, 3), np.float32)
    return Picture((np.stack([x / 90, y / 75, 0.5 + 0.5 * np.sin(x * y / 90)], 2) * 0.8 + noise).astype(np.float32))


@pytest.fixture(scope="module")
def quantised(swift_file: Path, photo: Picture, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = quantise(swift_file, [photo], QuantiseSettings(least=300, styles=1, threads=1))
    # What is at 1/8 of the size, what leads there, and the block at 1/4.
    assert made.convolutions == 5
    folder = tmp_path_factory.mktemp("quantised")
    for suffix, data in made.files.items():
        (folder / f"small{suffix}").write_bytes(data)
    return folder / "small.onnx"


def test_they_paint_alike_whole_and_in_tiles(swift_file: Path, quantised: Path, photo: Picture) -> None:
    style = [WeightedStyle(Picture(np.random.default_rng(1).random((40, 50, 3), np.float32)))]
    tall = Picture(np.tile(photo.pixels, (4, 2, 1)))
    before, after, tiled = (
        painter.paint(tall, painter.prepare(style)).picture.pixels
        for painter in (
            FastPainter(swift_file, FastSettings(threads=1, tile=4096)),
            FastPainter(quantised, FastSettings(threads=1, tile=4096)),
            FastPainter(quantised, FastSettings(threads=1, tile=128)),
        )
    )
    assert 1e-6 < np.square(after - before).mean() < 1e-3
    # Sums of floats differ in their last digit, and now and then that moves a tensor's number by one step of 255.
    assert np.abs(tiled - after).mean() < 1e-3
    assert np.abs(tiled - after).max() < 0.1


def test_inputs_are_what_the_whole_network_takes(swift_file: Path, photo: Picture) -> None:
    painter = FastPainter(swift_file, FastSettings(threads=1))
    style = painter.prepare([WeightedStyle(photo)])
    session = onnxruntime.InferenceSession(swift_file, providers=["CPUExecutionProvider"])
    whole = session.run(["painting"], painter.inputs(photo, style))[0][0].transpose(1, 2, 0)
    inner = whole[BORDER : BORDER + photo.height, BORDER : BORDER + photo.width]
    np.testing.assert_allclose(inner, painter.paint(photo, style).picture.pixels, atol=1e-4)
