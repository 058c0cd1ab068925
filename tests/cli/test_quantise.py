"""`impasto models quantise`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from cli_answer import Answer
from made_by_hand import painter
from PIL import Image

Impasto = Callable[..., Answer]

LARGE = ("--least", "576", "--threads", "1")


@pytest.fixture
def photos(folder: Path) -> Path:
    """Two, and a file that is none; a painter, `dots.onnx`, is here too."""
    painter(folder / "dots.onnx", ("dots", "waves"))
    (folder / "photos").mkdir()
    for n in range(2):
        blocks = np.random.default_rng(n).integers(0, 256, (6, 8, 3), dtype=np.uint8)
        Image.fromarray(blocks).resize((96, 72), Image.Resampling.BILINEAR).save(folder / "photos" / f"{n}.png")
    (folder / "photos" / "none.png").write_bytes(b"no picture")
    return Path("photos")


def test_it_is_written_told_and_used(impasto: Impasto, photos: Path) -> None:
    answer = impasto("models", "quantise", "dots.onnx", "--calibration", photos, "-o", "small.onnx", *LARGE)
    assert answer.code == 0, answer.err
    assert "2 convolutions run in eight bits" in answer.out
    assert all(word in answer.out for word in ("size", "time", "PSNR", "SSIM", "content", "style"))
    assert "2 photographs from photos, 1 more could not be read" in answer.err
    assert impasto("models", "verify", "small.onnx").out.split()[-1] == "whole"
    assert "convolutions: 2" in impasto("models", "show", "small.onnx").out
    assert impasto("paint", "photo.jpg", "--model", "small.onnx", "-s", "dots", "-o", "painting.png").code == 0
    assert impasto("models", "add", "small.onnx", "--name", "dots-small").code == 0
    assert impasto("models", "verify", "dots-small").code == 0
    answer = impasto("models", "quantise", "dots-small", "--calibration", photos, "-o", "again.onnx", *LARGE)
    assert (answer.code, "quantised already" in answer.err) == (2, True)
    assert not Path("again.onnx").exists()


def test_weights_alone_as_json(impasto: Impasto, photos: Path) -> None:
    words = ("models", "quantize", "dots.onnx", "--calibration", photos, "-o", "small.onnx", "--weights-only", "--json")
    answer = impasto(*words, *LARGE)
    assert answer.code == 0, answer.err
    (told,) = answer.objects
    assert (told["convolutions"], told["weights"], told["files"]) == (0, 2, ["small.onnx"])
    assert told["mean"]["psnr"] > 40
    assert told["bytes"][1] == Path("small.onnx").stat().st_size
    assert len(told["seconds"]) == 2
    assert any(text.startswith("No smaller") for text in told["complaints"]) == (told["bytes"][1] >= told["bytes"][0])


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["dots.onnx", "-o", "small.bin"], 24, "must end in .onnx"),
        (["dots.onnx", "-o", "x-style.onnx"], 24, "no name for a model"),
        (["dots.onnx", "-o", "dots.onnx"], 21, "exists already"),
        (["dots.onnx", "-o", "gone/small.onnx"], 22, "doesn't exist"),
        (["dost", "-o", "small.onnx"], 3, "no model named 'dost'"),
        (["dots.onnx", "-o", "small.onnx"], 2, "--least"),
        (["dots.onnx", "-o", "small.onnx", "--calibration", "nowhere"], 54, "no pictures in nowhere"),
        (["photo.jpg", "-o", "small.onnx"], 32, "no network"),
    ],
)
def test_refusals(impasto: Impasto, photos: Path, words: list[str], code: int, said: str) -> None:
    before = sorted(Path().iterdir())
    given = [] if "--calibration" in words else ["--calibration", photos]
    answer = impasto("models", "quantise", *words, *given)
    assert (answer.code, said in answer.err) == (code, True), answer.err
    assert sorted(Path().iterdir()) == before


def test_near_words_are_found(impasto: Impasto, folder: Path) -> None:
    answer = impasto("models", "quantse")
    assert (answer.code, "quantise" in answer.err) == (2, True)
