"""The examples of CONTRIBUTING.md do what they promise: each is one file, and one line makes it known."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

import impasto
from impasto.errors import UnknownNameError, WeightsFormatError
from impasto.features import formats, load_encoder
from impasto.losses.content import ContentLoss
from impasto.optimize import presets

PAGE = Path(__file__).parent.parent / "CONTRIBUTING.md"
BRIEF = {"size": 32, "scales": 1, "iterations": 3, "precision": "float32"}


def _example(heading: str) -> str:
    """The Python of the section under a heading."""
    section = PAGE.read_text(encoding="utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    (code,) = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    return str(code)


def _as_module(heading: str, name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The example as a file of its own, imported under the name that it would have in the package."""
    file = folder / f"{name.rpartition('.')[2]}.py"
    file.write_text(_example(heading), encoding="utf-8")
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, module)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def photo() -> impasto.Picture:
    return impasto.Picture(np.random.default_rng(0).random((24, 32, 3), dtype=np.float32))


@pytest.fixture
def style() -> impasto.Picture:
    return impasto.Picture(np.random.default_rng(1).random((40, 30, 3), dtype=np.float32))


def test_a_loss(
    photo: impasto.Picture,
    style: impasto.Picture,
    tiny_encoder_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = _as_module("Add a loss", "impasto.losses.statistics", tmp_path, monkeypatch)
    told: list[impasto.Progress] = []
    losses = (ContentLoss({"relu4_1": 1.0}, weight=0.1), module.StatisticsLoss())
    painted = impasto.paint(
        photo, style, losses=losses, encoder=str(tiny_encoder_file), start="noise", progress=told.append, **BRIEF
    )
    assert painted.size == photo.size
    assert {f"statistics/relu{block}_1" for block in range(1, 6)} < set(told[-1].losses)
    assert told[-1].loss < told[0].loss


def test_a_weight_layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = _as_module("Add an encoder", "impasto.features.formats.caffe_state", tmp_path, monkeypatch)
    shapes = {"conv1_1": (4, 3), "conv1_2": (5, 4), "conv2_1": (6, 5)}
    state = {f"vgg.{name}.weight": torch.randn(*shape, 3, 3) for name, shape in shapes.items()}
    state |= {f"vgg.{name}.bias": torch.randn(shape[0]) for name, shape in shapes.items()}
    file = tmp_path / "vgg.pth"
    torch.save(state, file)
    with pytest.raises(WeightsFormatError):
        load_encoder(file)
    monkeypatch.setattr(formats, "LAYOUTS", (*formats.LAYOUTS, module.read))
    picture = torch.rand(1, 3, 16, 12)
    bgr = 255 * picture.flip(1) - torch.tensor(module.MEAN)[:, None, None]
    expected = torch.nn.functional.conv2d(bgr, state["vgg.conv1_1.weight"], state["vgg.conv1_1.bias"], padding=1)
    found = load_encoder(file)(picture, ["conv1_1"])["conv1_1"]
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-3)


def test_a_preset(
    photo: impasto.Picture,
    style: impasto.Picture,
    tiny_encoder_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _as_module("Add a preset", "impasto.optimize.presets.calm", tmp_path, monkeypatch)
    monkeypatch.setattr(presets, "_FILES", (*presets._FILES, "calm"))
    layers = {"encoder": str(tiny_encoder_file), "content_layers": ["relu4_1"], **BRIEF}
    assert impasto.paint(photo, style, preset="calm", **layers).size == photo.size
    with pytest.raises(UnknownNameError, match="calm"):
        impasto.paint(photo, style, preset="clam", **layers)
