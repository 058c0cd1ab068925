"""The flat public namespace, and `impasto.paint`."""

from __future__ import annotations

import inspect
import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import impasto
from impasto.errors import (
    ImpastoError,
    PictureNotFoundError,
    PictureTooLargeError,
    UnknownNameError,
    UsageError,
)

NAMES = [
    "ImpastoError",
    "OptimizationPainter",
    "Painter",
    "Painting",
    "Picture",
    "Progress",
    "Settings",
    "WeightedStyle",
    "__version__",
    "errors",
    "make_painter",
    "paint",
    "read_picture",
    "write_picture",
]

Pixels = np.ndarray[Any, np.dtype[np.uint8]]


@pytest.fixture(scope="module")
def brief(tiny_encoder_file: Path) -> dict[str, Any]:
    """Settings that make a painting a matter of milliseconds."""
    settings = {"encoder": str(tiny_encoder_file), "optimizer": "adam", "learning_rate": 0.05}
    return settings | {"iterations": 3, "precision": "float32", "device": "cpu"}


@pytest.fixture(scope="module")
def photo() -> Pixels:
    y, x = np.mgrid[0:24, 0:32]
    return np.stack([x * 8, y * 10, (x + y) * 4], axis=-1).astype(np.uint8)


@pytest.fixture(scope="module")
def style() -> Pixels:
    return np.random.default_rng(0).integers(0, 256, (20, 20, 3), dtype=np.uint8)


def test_public_names_are_pinned() -> None:
    assert impasto.__all__ == NAMES
    assert dir(impasto) == NAMES
    assert all(getattr(impasto, name) is not None for name in NAMES)


def test_names_are_those_of_their_homes() -> None:
    from impasto.optimize.settings import Settings
    from impasto.pictures import Picture

    assert impasto.Picture is Picture
    assert impasto.Settings is Settings
    assert impasto.errors.ImpastoError is impasto.ImpastoError
    with pytest.raises(AttributeError, match="no attribute 'pain'"):
        impasto.pain  # noqa: B018


def test_signature_of_paint_is_pinned() -> None:
    parameters = inspect.signature(impasto.paint).parameters
    names = "content style quality preset start max_pixels progress should_stop settings"
    assert list(parameters) == names.split()
    assert [p.kind.name for p in parameters.values()] == [
        *["POSITIONAL_OR_KEYWORD"] * 2,
        *["KEYWORD_ONLY"] * 6,
        "VAR_KEYWORD",
    ]
    assert parameters["quality"].default is None


# Type in = type out


def encoded(pixels: Pixels, kind: str) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind)
    return stream.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_bytes_come_back_as_bytes_of_the_format(photo: Pixels, style: Pixels, brief: dict[str, Any], kind: str) -> None:
    painting = impasto.paint(encoded(photo, kind), style, **brief)
    assert isinstance(painting, bytes)
    assert Image.open(io.BytesIO(painting)).format == kind
    assert Image.open(io.BytesIO(painting)).size == (32, 24)


@pytest.mark.parametrize("convert", [np.uint8, np.float32, np.float64], ids=lambda kind: kind.__name__)
def test_arrays_come_back_as_arrays_of_the_type(
    photo: Pixels, style: Pixels, brief: dict[str, Any], convert: type[Any]
) -> None:
    content = photo if convert is np.uint8 else (photo / 255).astype(convert)
    painting = impasto.paint(content, style, **brief)
    assert (painting.dtype, painting.shape) == (content.dtype, content.shape)


def test_pillow_pictures_come_back_as_such(photo: Pixels, style: Pixels, brief: dict[str, Any]) -> None:
    painting = impasto.paint(Image.fromarray(photo), Image.fromarray(style), **brief)
    assert isinstance(painting, Image.Image)
    assert painting.size == (32, 24)


def test_paths_come_back_as_pictures(photo: Pixels, style: Pixels, brief: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    Image.fromarray(photo).save(path)
    painting = impasto.paint(path, style, **brief)
    assert isinstance(painting, impasto.Picture)
    painting.save(tmp_path / "painting.png")
    # The kind of the input changes the kind of the output, never the painting.
    with Image.open(tmp_path / "painting.png") as saved:
        assert np.array_equal(np.asarray(saved), impasto.paint(photo, style, **brief))
    assert isinstance(impasto.paint(impasto.read_picture(path), style, **brief), impasto.Picture)


# Styles


def test_weights_are_relative(photo: Pixels, style: Pixels, brief: dict[str, Any]) -> None:
    other = photo[::-1]
    first = impasto.paint(photo, [(style, 0.5), (other, 0.25)], **brief)
    assert np.array_equal(first, impasto.paint(photo, [(style, 2), (other, 1)], **brief))
    assert not np.array_equal(first, impasto.paint(photo, [(style, 1), (other, 2)], **brief))
    assert np.array_equal(impasto.paint(photo, [style], **brief), impasto.paint(photo, style, **brief))


def test_a_style_may_be_a_name(photo: Pixels, brief: dict[str, Any]) -> None:
    by_name = impasto.paint(photo, "mosaic", **brief)
    assert by_name.shape == photo.shape
    assert np.array_equal(by_name, impasto.paint(photo, [("Mosaic", 3.0)], **brief))


def test_a_file_comes_before_a_style_of_its_name(
    photo: Pixels, style: Pixels, brief: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.fromarray(style).save(tmp_path / "mosaic", "PNG")
    monkeypatch.chdir(tmp_path)
    assert np.array_equal(impasto.paint(photo, "mosaic", **brief), impasto.paint(photo, style, **brief))


# Settings, presets, painters


def test_settings_change_the_painting(photo: Pixels, style: Pixels, brief: dict[str, Any]) -> None:
    plain = impasto.paint(photo, style, **brief)
    for change in (
        {"content_weight": 0.0},
        {"content_layers": {"relu1_1": 1.0}},
        {"style_layers": ["relu1_1"]},
        {"tv_weight": 10.0},
        {"tv_weight": 0.0},
        {"start": "noise"},
        {"start": "style"},
        {"start": style},
        {"learning_rate": 0.1},
    ):
        assert not np.array_equal(plain, impasto.paint(photo, style, **(brief | change))), change
    # Shares of layers are relative, and none given for a loss is what it has.
    assert np.array_equal(
        impasto.paint(photo, style, **brief, style_layers=["relu1_1", "relu2_1"]),
        impasto.paint(photo, style, **brief, style_layers={"relu1_1": 7, "relu2_1": 7}),
    )
    preset = brief | {"preset": "gatys", "content_layers": ["relu4_1"]}  # it has no total variation
    assert np.array_equal(impasto.paint(photo, style, **preset), impasto.paint(photo, style, **preset, tv_weight=0))


def test_size_is_the_content_s_unless_asked_otherwise(photo: Pixels, style: Pixels, brief: dict[str, Any]) -> None:
    assert impasto.paint(photo, style, **brief, size=16).shape == (12, 16, 3)
    assert impasto.paint(photo, style, **brief, size=(40, 20)).shape == (20, 40, 3)


def test_a_painter_prepares_once_and_paints_many(photo: Pixels, style: Pixels, brief: dict[str, Any]) -> None:
    painter = impasto.make_painter(**brief)
    prepared = painter.prepare([impasto.WeightedStyle(impasto.read_picture(style))])
    for content in (photo, photo[:, ::-1].copy()):
        painting = painter.paint(impasto.read_picture(content), prepared)
        assert painting.stop == "finished"
        expected = impasto.paint(content, style, **brief)
        assert np.array_equal((painting.picture.pixels * 255 + 0.5).astype(np.uint8), expected)


def test_progress_is_told_and_stopping_keeps_the_best(photo: Pixels, style: Pixels, brief: dict[str, Any]) -> None:
    seen: list[impasto.Progress] = []
    given = {**brief, "iterations": 50}
    painting = impasto.paint(photo, style, **given, progress=seen.append, should_stop=lambda: len(seen) >= 5)
    assert len(seen) == 5
    assert [p.iteration for p in seen] == list(range(5))
    assert seen[0].fraction < seen[-1].fraction < 1
    assert sum(seen[-1].losses.values()) == pytest.approx(seen[-1].loss, rel=1e-4)
    assert painting.shape == photo.shape
    assert not np.array_equal(painting, photo)


# Refusals


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"iteration": 3}, UnknownNameError, "no setting named 'iteration'.*Did you mean 'iterations'"),
        ({"iterations": "many"}, UsageError, "iterations is 'many'; it must be a whole number"),
        ({"iterations": 2.5}, UsageError, "iterations is 2.5; it must be a whole number"),
        ({"iterations": True}, UsageError, "iterations is True; it must be a whole number"),
        ({"iterations": 0}, UsageError, "iterations is 0"),
        ({"seconds": "20"}, UsageError, "seconds is '20'; it must be a number or nothing"),
        ({"size": (1, 2, 3)}, UsageError, "size is .*; it must be a whole number or a list of 2 or nothing"),
        ({"optimizer": "sgd"}, ImpastoError, "optimizer"),
        ({"content_weight": -1}, UsageError, "content weight is -1"),
        ({"content_weight": "much"}, UsageError, "content weight is 'much'"),
        ({"style_layers": []}, UsageError, "shares of the style layers"),
        ({"style_layers": {"relu1_1": 0}}, UsageError, "shares of the style layers"),
        ({"style_layers": ["relu77_1"]}, UnknownNameError, "relu77_1"),
        ({"preset": "gatis"}, UnknownNameError, "Did you mean 'gatys'"),
        ({"quality": "bst"}, UnknownNameError, "Did you mean 'best'"),
        ({"start": "noize"}, UnknownNameError, "Did you mean 'noise'"),
        ({"start": "gone.png"}, PictureNotFoundError, "gone.png"),
        ({"max_pixels": 100}, PictureTooLargeError, "The limit is 100 pixels"),
        ({"style": "mosiac"}, UnknownNameError, "Did you mean 'mosaic'"),
        ({"style": "gone.png"}, PictureNotFoundError, "gone.png"),
        ({"style": []}, UsageError, "There is no style"),
        ({"style": [("mosaic", "much")]}, UsageError, "weight of a style is 'much'"),
        ({"style": [("mosaic", -1.0)]}, UsageError, "positive"),
        ({"style": 3}, UsageError, "can't be read from 'int'"),
        ({"content": "gone.png"}, PictureNotFoundError, "gone.png"),
    ],
)
def test_refusals(
    photo: Pixels,
    style: Pixels,
    brief: dict[str, Any],
    options: dict[str, Any],
    error: type[Exception],
    says: str,
) -> None:
    paint: Callable[..., Any] = impasto.paint
    with pytest.raises(error, match=says or None):
        paint(**({"content": photo, "style": style} | brief | options))


def test_without_torch_the_error_is_the_command_that_installs_it() -> None:
    code = """
import sys
sys.modules["torch"] = None  # importing it fails as if it were not installed
import impasto
painters = (lambda quality=quality: impasto.make_painter(quality) for quality in ("fine", "best"))
for use in (lambda: impasto.paint("a.png", "b.png"), lambda: impasto.OptimizationPainter, *painters):
    try:
        use()
    except impasto.ImpastoError as error:
        print(type(error).__name__, error.hint)
from impasto.cli import main
sys.exit(main(["presets"]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == [
        "PictureNotFoundError Check the name and the folder.",
        *["MissingExtraError Type: pip install 'impasto[studio]'"] * 3,
    ]
    assert done.returncode == 50
    assert "error: The list of presets needs the optional part 'studio'" in done.stderr
    assert "hint: Type: pip install 'impasto[studio]'" in done.stderr
