"""`impasto train encoder` and `impasto train swift`."""

from __future__ import annotations

import json
import os
import shutil
import signal
import tomllib
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import numpy as np
import onnx
import pytest
from cli_answer import Answer
from PIL import Image

from impasto.cli.train.config import as_toml, make_settings
from impasto.errors import UnknownNameError, UsageError
from impasto.training.encoder_settings import EncoderTraining

Impasto = Callable[..., Answer]

BLOCKS = ((4, 4), (6, 6), (8, 8), (8, 8), (8,))


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random encoder whose channels are all alive."""
    import torch

    from impasto.features import save_encoder
    from impasto.features.architectures import Architecture
    from impasto.features.encoder import Encoder

    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = Encoder(Architecture(BLOCKS), padding="reflect", name="teacher")
    for convolution in network.convolutions.values():
        torch.nn.init.uniform_(convolution.weight, -0.05, 0.05)
        torch.nn.init.constant_(convolution.bias, 1.0)
    path = tmp_path_factory.mktemp("teacher") / "teacher.safetensors"
    save_encoder(network, path)
    return path


@pytest.fixture
def studio(folder: Path) -> list[str]:
    """Folders of pictures and a config for a run of seconds; the words that start it."""
    rng = np.random.default_rng(0)
    for room in ("photos", "paintings"):
        (folder / room).mkdir()
        for n in range(2):
            pixels = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
            Image.fromarray(pixels).resize((48, 48)).save(folder / room / f"{n}.png")
    config = {
        "size": 32,
        "batch": 4,
        "mix": [1, 1, 1, 1],
        "pool": 2,
        "advance_crops": 1,
        "advance_steps": 1,
        "gradient_from": 2,
    }
    config |= {"checkpoint_every": 100, "log_every": 1, "blocks": [list(block) for block in BLOCKS]}
    (folder / "run.toml").write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in config.items()))
    places = "--photos photos --paintings paintings --run run --config run.toml"
    return ["train", "encoder", *places.split()]


def test_all_settings_survive_toml(tmp_path: Path) -> None:
    settings = EncoderTraining(steps=7, learning_rate=1e-4, blocks=BLOCKS)
    path = tmp_path / "run.toml"
    path.write_text(as_toml(settings))
    assert make_settings(EncoderTraining, path, {}) == settings
    assert make_settings(EncoderTraining, path, {"steps": 9}).steps == 9


def test_print_config_prints_the_defaults(impasto: Impasto) -> None:
    answer = impasto("train", "encoder", "--print-config", "--seed", "3")
    assert answer.code == 0
    told = tomllib.loads(answer.out)
    assert told["seed"] == 3
    assert told["steps"] == EncoderTraining().steps
    assert set(told) == {field.name for field in fields(EncoderTraining)}


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        ("step = 5", UnknownNameError, "no training setting named 'step'.*Did you mean 'steps'"),
        ("steps = 'many'", UsageError, "steps is 'many'; it must be a whole number"),
        ("steps = true", UsageError, "steps is True; it must be a whole number"),
        ("steps = 0", UsageError, "steps is 0; it must be between 1 and"),
        ("learning_rate = -1", UsageError, "learning rate is -1"),
        ("learning_rate = nan", UsageError, "learning rate is nan"),
        ("mix = [1, 2]", UsageError, "mix is .*; it must be a list of 4"),
        ("mix = [1, 2, 3, -4]", UsageError, "mix is -4"),
        ("blocks = [[4.5]]", UsageError, "blocks is .*; it must be a list"),
        ("blocks = [[4, 4], [4], [4], [4], [4]]", UsageError, "blocks does not reach"),
        ("mix = [0, 0, 0, 0]", UsageError, "mix asks for no pictures"),
        ("steps == 5", UsageError, "is not TOML"),
    ],
)
def test_config_is_checked(tmp_path: Path, text: str, error: type[Exception], says: str) -> None:
    path = tmp_path / "run.toml"
    path.write_text(text)
    with pytest.raises(error, match=says):
        make_settings(EncoderTraining, path, {})


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--steps", "0"], 2, "--steps"),
        (["--config", "gone.toml"], 2, "'gone.toml' can't be read"),
        (["--teacher", "gone.safetensors"], 31, "gone.safetensors"),
        (["--architecture", "mobilnet"], 3, "Did you mean 'mobilenet'"),
        (["--photos", "home"], 54, "no pictures in home"),
    ],
)
def test_refusals(impasto: Impasto, studio: list[str], teacher: Path, words: list[str], code: int, says: str) -> None:
    answer = impasto(*studio, "--teacher", teacher, *words)
    assert (answer.code, answer.out) == (code, ""), answer.err
    assert says in answer.err
    assert not Path("run").exists()


def test_places_are_needed(impasto: Impasto) -> None:
    answer = impasto("train", "encoder", "--steps", "5")
    assert answer.code == 2
    assert "--teacher, --photos, --paintings and --run are all needed." in answer.err


@pytest.mark.parametrize("kind", [[], ["--architecture", "mobilenet", "--width", "0.1"]])
def test_trains_and_the_result_paints(
    impasto: Impasto, folder: Path, studio: list[str], teacher: Path, kind: list[str]
) -> None:
    answer = impasto(*studio, "--teacher", teacher, *kind, "--steps", "4", "--json")
    assert answer.code == 0, answer.err
    *steps, result = answer.objects
    assert [o["step"] for o in steps] == [1, 2, 3, 4]
    assert {"feature", "gram"} <= set(steps[0]["losses"])
    assert result == {"weights": "run/encoder.safetensors", "step": 4}
    answer = impasto("paint", "photo.jpg", "-s", "style.png", "--encoder", result["weights"], "--iterations", "2")
    assert answer.code == 0, answer.err


@pytest.mark.slow
def test_swift_is_trained_from_the_same_kind_of_words(impasto: Impasto, folder: Path, studio: list[str]) -> None:
    from impasto.features import load_encoder
    from impasto.networks.swift import SwiftDesign, SwiftNetwork
    from impasto.networks.swift_file import save_swift

    config = {
        "size": 32,
        "batch": 1,
        "thumbnail": [32, 32],
        "views": 2,
        "view_sides": [32, 40],
        "kinds": [1, 1, 0],
    }
    config |= {"half": 4, "quarter": 4, "eighth": 8, "blocks": 1, "hidden": 4, "log_every": 1}
    Path("swift.toml").write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in config.items()))
    save_swift(SwiftNetwork(SwiftDesign(4, 4, 8, 1, 4), load_encoder("lite")), Path("start.safetensors"))
    places = "--content photos --style paintings --run swift --config swift.toml --steps 2"
    words = ["train", "swift", *places.split()]
    answer = impasto(*words, "--start", "start.safetensors", "--name", "ours", "--json")
    assert answer.code == 0, answer.err
    *steps, result = answer.objects
    assert [o["step"] for o in steps] == [1, 2]
    assert result == {"weights": "swift/swift.safetensors", "step": 2}
    assert Path("swift/swift.safetensors").stat().st_size > 1000
    for part in ("swift.onnx", "swift-style.onnx"):
        about = {entry.key: entry.value for entry in onnx.load(Path("swift") / part).metadata_props}
        assert (about["name"], about["family"], json.loads(about["training"])["steps"]) == ("ours", "swift", 2)
    answer = impasto(*words, "--start", "photo.jpg")
    assert answer.code == 32, answer.err


@pytest.mark.slow
def test_johnson_begins_with_what_swift_knows(
    impasto: Impasto, folder: Path, studio: list[str], swift_file: Path
) -> None:
    config = {
        "size": 32,
        "batch": 1,
        "thumbnail": [32, 32],
        "half": 4,
        "quarter": 6,
        "eighth": 6,
        "blocks": 1,
        "style_size": 48,
        "log_every": 1,
    }
    Path("johnson.toml").write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in config.items()))
    common = "--content photos --style photo.jpg --style style.png --config johnson.toml --steps 2"
    answer = impasto("train", "johnson", *common.split(), "--run", "run", "--start", swift_file, "--json")
    assert answer.code == 0, answer.err
    assert answer.objects[-1] == {"weights": "run/johnson.safetensors", "step": 2}
    model = "run/johnson-photo.onnx"
    answer = impasto("paint", "photo.jpg", "--model", model, "-o", "x.png", "--quiet")
    assert (answer.code, "Name one or more of the model's: photo, style." in answer.err) == (2, True)
    answer = impasto(
        "paint", "photo.jpg", "--model", "run/johnson-photo.onnx", "-s", "style:2", "-s", "photo", "--json"
    )
    assert answer.code == 0, answer.err
    assert answer.objects[0]["output"].endswith("photo-style-photo.jpg")
    style_side = swift_file.with_name("small-style.onnx")
    answer = impasto("train", "johnson", *common.split(), "--run", "other", "--start", style_side)
    assert (answer.code, "no painter to begin with" in answer.err) == (32, True)
    Path("elsewhere").mkdir()
    shutil.copy("style.png", "elsewhere/style.png")
    shutil.copy("photo.jpg", "elsewhere/photo.jpg")
    folder = "--content photos --styles elsewhere --config johnson.toml --steps 2 --start none"
    answer = impasto("train", "johnson", *folder.split(), "--run", "folder")
    assert answer.code == 0, answer.err
    shown = impasto("models", "show", "folder/johnson-photo.onnx", "--json")
    assert list(shown.objects[0]["styles"]) == ["photo", "style"]
    again = common.replace("--style style.png", "--style elsewhere/style.png --style style.png").split()
    answer = impasto("train", "johnson", *again, "--run", "other", "--start", "none")
    assert (answer.code, "Two styles are called 'style'." in answer.err) == (2, True)


@pytest.mark.slow
@pytest.mark.parametrize("family", ["adain", "attention"])
def test_decoders_are_trained_and_paint(impasto: Impasto, folder: Path, studio: list[str], family: str) -> None:
    Path("it.toml").write_text("size = 32\nbatch = 1\nthumbnail = [32, 32]\nviews = 2\nview_sides = [32, 40]\n")
    words = "--content photos --style paintings --run run --config it.toml --steps 2"
    answer = impasto("train", family, *words.split(), "--json")
    assert answer.code == 0, answer.err
    assert answer.objects[-1] == {"weights": f"run/{family}.safetensors", "step": 2}
    answer = impasto("paint", "photo.jpg", "--model", f"run/{family}.onnx", "-s", "style.png", "--json")
    assert answer.code == 0, answer.err
    assert answer.objects[0]["facts"]["painter"] == family
    about = {entry.key: entry.value for entry in onnx.load(f"run/{family}.onnx").metadata_props}
    assert about["name"] == "mine"
    answer = impasto("train", family, *words.split(), "--encoder", "vgg91")
    assert answer.code != 0
    assert "vgg19" in answer.err


@pytest.mark.parametrize("family", ["pix2pix", "cyclegan"])
def test_translators_are_trained_and_translate(impasto: Impasto, folder: Path, studio: list[str], family: str) -> None:
    Path("it.toml").write_text("size = 32\nbatch = 1\nhalf = 4\nquarter = 4\nblocks = 1\ncritic_width = 4\n")
    words = "--source photos --target photos --run run --config it.toml --steps 2"
    answer = impasto("train", family, *words.split(), "--name", "same", "--json")
    assert answer.code == 0, answer.err
    answer = impasto("paint", "photo.jpg", "--model", "run/same.onnx", "--json")
    assert answer.code == 0, answer.err
    assert answer.objects[0]["facts"]["painter"] == family
    assert Path("run/same-back.onnx").exists() == (family == "cyclegan")
    answer = impasto("train", family, *words.split(), "--name", "a/b")
    assert (answer.code, "can't be called 'a/b'" in answer.err) == (2, True)
    answer = impasto("train", family, "--source", "photos")
    assert (answer.code, "--source, --target and --run are all needed." in answer.err) == (2, True)


def test_the_places_of_swift_are_needed(impasto: Impasto) -> None:
    answer = impasto("train", "swift")
    assert answer.code == 2
    assert "--content, --style and --run are all needed." in answer.err


@pytest.mark.slow
def test_ctrl_c_saves_a_checkpoint_and_the_same_command_goes_on(
    impasto: Impasto, folder: Path, studio: list[str], teacher: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from impasto.training.trainer import Trainer

    log = Trainer._log

    def log_and_interrupt(trainer: Trainer[EncoderTraining], *rest: object) -> None:
        log(trainer, *rest)  # type: ignore[arg-type]
        if trainer.step == 2:
            os.kill(os.getpid(), signal.SIGINT)

    words = [*studio, "--teacher", teacher, "--steps", "4"]
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_log", log_and_interrupt)
        answer = impasto(*words)
    assert (answer.code, answer.out) == (130, "")
    assert "error: Stopped after step 2 of 4." in answer.err
    assert "hint: A checkpoint is saved; the same command goes on from there." in answer.err
    answer = impasto(*words, "--json")
    assert answer.code == 0, answer.err
    assert [o["step"] for o in answer.objects] == [3, 4, 4]
