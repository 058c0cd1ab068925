"""Encoders by name, the public names of the room, and where downloads are kept."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
import weight_files
from safetensors.torch import save_file

import impasto.features
from impasto.errors import UnknownNameError, UnwritableOutputError, WeightsMissingError
from impasto.features import LITE, known_encoders, load_encoder, weights
from impasto.home import impasto_home, weights_folder


@pytest.mark.parametrize("name", ["vgg19", "vgg16", "vgg19-torchvision", "VGG16-torchvision"])
def test_weights_that_are_not_here_name_the_command(home: Path, name: str) -> None:
    with pytest.raises(WeightsMissingError) as caught:
        load_encoder(name)
    assert caught.value.hint == f"Type: impasto weights get {name.lower()}"
    assert caught.value.exit_code == 31
    assert not home.exists(), "asking makes no folder"


@pytest.mark.parametrize(("name", "near"), [("vgg-19", "'vgg19'"), ("lit", "'lite'"), ("VGG18", "'vgg19' or 'vgg16'")])
def test_unknown_names_suggest_near_ones(name: str, near: str) -> None:
    with pytest.raises(UnknownNameError, match=f"Did you mean .*{near}"):
        load_encoder(name)


def test_known_names_come_with_the_refusal() -> None:
    with pytest.raises(UnknownNameError) as caught:
        load_encoder("resnet")
    for name in known_encoders():
        assert name in caught.value.hint


def test_a_path_is_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a folder or a suffix, as a Path, or as a bare word that is a file."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    save_file(weight_files.native(), tmp_path / "mine")
    for source in ("mine", Path("mine"), tmp_path / "mine", "./mine", "~/mine"):
        assert load_encoder(source).name == "mine"
    for missing in ("other.h5", "./other", Path("vgg19")):
        with pytest.raises(WeightsMissingError, match="no weight file"):
            load_encoder(missing)


def test_lite_comes_from_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "MODELS", tmp_path)
    with pytest.raises(WeightsMissingError, match="missing from this installation"):
        load_encoder()
    save_file(weight_files.native(LITE.blocks), tmp_path / "lite.safetensors")
    encoder = load_encoder()
    assert (encoder.name, encoder.architecture) == ("lite", LITE)


def test_the_shipped_lite() -> None:
    path = weights.MODELS / "lite.safetensors"
    if not path.is_file():
        pytest.skip("this checkout has no trained lite encoder yet")
    assert path.stat().st_size <= 4_000_000
    encoder = load_encoder("lite")
    layers = [*(f"relu{b}_1" for b in range(1, 6)), "relu4_2"]
    found = encoder(torch.rand(1, 3, 64, 64), layers)
    assert all(torch.isfinite(features).all() and features.std() > 0 for features in found.values())


def test_the_public_names() -> None:
    assert impasto.features.__all__ == [
        "ARCHITECTURES",
        "LITE",
        "PUBLISHED",
        "VGG16",
        "VGG19",
        "Architecture",
        "DownloadProgress",
        "Encoder",
        "MobileArchitecture",
        "MobileEncoder",
        "Padding",
        "Patience",
        "Pooling",
        "PublishedWeights",
        "WeightsStatus",
        "download_weights",
        "known_encoders",
        "load_encoder",
        "save_encoder",
        "weights_status",
    ]
    for name in impasto.features.__all__:
        assert getattr(impasto.features, name) is not None
        assert name in dir(impasto.features)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = impasto.features.nothing


def test_downloads_need_no_torch_and_the_package_needs_nothing() -> None:
    code = (
        "import sys, impasto.features\n"
        "heavy = {'torch', 'httpx', 'h5py', 'safetensors', 'numpy'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
        "impasto.features.weights_status(), impasto.features.download_weights\n"
        "assert 'torch' not in sys.modules and 'httpx' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# --- IMPASTO_HOME ---


def test_the_variable_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("IMPASTO_HOME", str(tmp_path / "here"))
    assert weights_folder() == tmp_path / "here" / "weights"
    assert weights_folder(tmp_path / "there") == tmp_path / "there" / "weights"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IMPASTO_HOME", "relative")
    assert impasto_home() == tmp_path / "relative"
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("IMPASTO_HOME", "~/of mine")
    assert impasto_home() == tmp_path / "of mine"


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        ("linux", {}, ".local/share/impasto"),
        ("linux", {"XDG_DATA_HOME": ""}, ".local/share/impasto"),
        ("linux", {"XDG_DATA_HOME": "relative/is/invalid"}, ".local/share/impasto"),
        ("linux", {"XDG_DATA_HOME": "/data"}, "/data/impasto"),
        ("darwin", {"XDG_DATA_HOME": "/data"}, "Library/Application Support/impasto"),
        ("win32", {"LOCALAPPDATA": "/appdata"}, "/appdata/impasto"),
        ("win32", {}, "AppData/Local/impasto"),
    ],
)
def test_each_platform_has_its_place(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, platform: str, variables: dict[str, str], expected: str
) -> None:
    for name in ("IMPASTO_HOME", "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", platform)
    assert impasto_home() == tmp_path / expected


def test_no_home_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMPASTO_HOME", "~nobody-of-that-name/impasto")
    with pytest.raises(UnwritableOutputError, match="Set IMPASTO_HOME"):
        impasto_home()
