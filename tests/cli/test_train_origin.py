"""What a run is of: the same command goes on, another one is refused."""

from __future__ import annotations

import json
import shutil
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from cli_answer import Answer
from PIL import Image

from impasto.cli.train.origin import Given
from impasto.runtime.fast import SHIPPED

Impasto = Callable[..., Answer]

_STOPPED, _REFUSED = 130, 54


def _pictures(folder: str, *names: str, seed: int) -> None:
    Path(folder).mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    for name in names:
        pixels = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((48, 48)).save(f"{folder}/{name}.png")


@pytest.fixture
def studio(folder: Path, tiny_encoder_file: Path) -> Path:
    """Two kinds of pictures, called alike, and two encoders of one design whose channels are all alive."""
    import torch

    from impasto.features import load_encoder, save_encoder

    _pictures("photos", "0", "1", seed=0)
    _pictures("paintings", "0", "1", seed=1)
    encoder = load_encoder(tiny_encoder_file)
    for name, bias in (("one", 1.0), ("two", 2.0)):
        for convolution in encoder.convolutions.values():
            torch.nn.init.uniform_(convolution.weight, -0.05, 0.05)
            torch.nn.init.constant_(convolution.bias, bias)
        save_encoder(encoder, Path(f"{name}.safetensors"))
    return folder


# -- without a training


def _style(*paths: str) -> Given:
    return Given("johnson", {"style": [Path(path) for path in paths], "teacher": None, "start": "swift"})


def _sides(source: str, target: str) -> Given:
    return Given("pix2pix", {"source": [Path(source)], "target": [Path(target)]})


def _written(given: Given) -> dict[str, object]:
    record: dict[str, object] = json.loads(json.dumps(given.record()))
    return record


def test_a_record_tells_names_and_bytes(studio: Path) -> None:
    record = _written(Given("distill", {"teacher_model": "swift", "style": ["mosaic", "photo.jpg:2"], "teacher": None}))
    assert (record["command"], record["--teacher-model"], record["--teacher"]) == ("distill", "swift", None)
    first, second = record["--style"]  # type: ignore[misc]
    assert first == "mosaic 1"
    assert second.startswith("sha256:")
    assert second.endswith(" 2")


def test_styles_may_be_moved_and_nothing_else(studio: Path) -> None:
    begun = _written(_style("photos/0.png", "style.png"))
    shutil.copytree("photos", "moved")
    assert _style("moved/0.png", "style.png").differences(begun) == []
    assert _style("style.png", "photos/0.png").differences(begun) == ["--style"]
    assert _style("paintings/0.png", "style.png").differences(begun) == ["--style"]
    assert _style("photos/0.png").differences(begun) == ["--style"]
    shutil.copy("style.png", "other.png")  # the painter knows it by its name
    assert _style("photos/0.png", "other.png").differences(begun) == ["--style"]


def test_sides_may_be_moved_and_grow_but_not_be_others(studio: Path) -> None:
    begun = _written(_sides("photos", "paintings"))
    assert _sides("paintings", "photos").differences(begun) == ["--source", "--target"]
    assert _sides("photos", "photos").differences(begun) == ["--target"]
    shutil.move("photos", "archive/photos")
    _pictures("archive/photos", *(f"-{n}" for n in range(9)), seed=2)
    assert _sides("archive/photos", "paintings").differences(begun) == []
    with tarfile.open("photos.tar", "w") as shard:
        shard.add("archive/photos/1.png", "deep/1.png")
    assert _sides("photos.tar", "paintings").differences(begun) == []
    _pictures("strangers", "0", "1", seed=3)
    assert _sides("strangers", "paintings").differences(begun) == ["--source"]


def test_pictures_that_are_gone_are_no_witnesses(studio: Path) -> None:
    Path("list.txt").write_text("gone.png\nphotos/1.png\n")
    begun = _written(_sides("list.txt", "paintings"))
    assert [mark.split()[0] for mark in begun["--source"]] == ["1.png"]  # type: ignore[attr-defined]
    assert _sides("photos", "paintings").differences(begun) == []


def test_an_option_that_was_not_recorded_is_not_compared(studio: Path) -> None:
    assert _style("style.png").differences({"command": "johnson"}) == []


# -- by command


_PAINTER = 'size = 32\nbatch = 1\nthumbnail = [32, 32]\ndevice = "cpu"\n'
_TRANSLATOR = 'size = 32\nbatch = 1\nhalf = 4\nquarter = 4\nblocks = 1\ncritic_width = 4\ndevice = "cpu"\n'
_CONFIGS = {
    "johnson": f"{_PAINTER}half = 4\nquarter = 4\neighth = 6\nblocks = 1\nstyle_size = 48\n",
    "swift": f"{_PAINTER}views = 2\nview_sides = [32, 40]\nhalf = 4\nquarter = 4\neighth = 8\nblocks = 1\nhidden = 4\n",
    "adain": f"{_PAINTER}views = 2\nview_sides = [32, 40]\n",
    "distill": f"{_PAINTER}pairs = 2\nwidth = 0.1\n",
    "pix2pix": _TRANSLATOR,
    "cyclegan": _TRANSLATOR,
    "encoder": "size = 32\nbatch = 4\nmix = [1, 1, 1, 1]\npool = 2\nadvance_crops = 1\nadvance_steps = 1\n"
    'blocks = [[4, 4], [6, 6], [8, 8], [8, 8], [8]]\ndevice = "cpu"\n',
}
_CONFIGS |= {"gan": _CONFIGS["swift"], "attention": _CONFIGS["adain"]}
_WORDS = {
    "johnson": "--content photos --style style.png --start none",
    "distill": "--content photos --style mosaic",
    "encoder": "--photos photos --paintings paintings --teacher one.safetensors",
    **dict.fromkeys(("pix2pix", "cyclegan"), "--source photos --target paintings"),
    **dict.fromkeys(("swift", "gan", "adain", "attention"), "--content photos --style paintings"),
}


@pytest.fixture
def train(impasto: Impasto, studio: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Answer]:
    """Starts a training that is stopped before its first step."""
    from impasto.training.trainer import Trainer

    monkeypatch.setattr(Trainer, "_run", lambda trainer, *_: trainer._save())

    def start(family: str, words: str) -> Answer:
        Path("it.toml").write_text(_CONFIGS[family])
        return impasto("train", family, "--run", "run", "--config", "it.toml", *words.split())

    return start


@pytest.mark.parametrize(
    ("family", "others", "differs"),
    [
        ("johnson", ["--content photos --style photo.jpg --start none"], "--style"),
        ("johnson", ["--content photos --style style.png --start swift"], "--start"),
        ("johnson", ["--content photos --style style.png --start none --teacher one.safetensors"], "--teacher"),
        ("swift", ["--content photos --style paintings --teacher one.safetensors"], "--teacher"),
        ("gan", ["--content photos --style paintings --teacher one.safetensors"], "--teacher"),
        ("adain", ["--content photos --style paintings --encoder one.safetensors"], "--encoder"),
        ("attention", ["--content photos --style paintings --encoder one.safetensors"], "--encoder"),
        (
            "distill",
            [
                "--content photos --style starry-night",
                "--content photos --style style.png",
                "--content photos --style mosaic --style starry-night",
            ],
            "--style",
        ),
        ("distill", [f"--content photos --style mosaic --teacher-model {SHIPPED}"], "--teacher-model"),
        ("pix2pix", ["--source paintings --target photos"], "--source and another --target"),
        ("cyclegan", ["--source paintings --target photos"], "--source and another --target"),
        ("encoder", ["--photos photos --paintings paintings --teacher two.safetensors"], "--teacher"),
    ],
)
def test_another_command_is_refused(
    train: Callable[..., Answer], family: str, others: Sequence[str], differs: str
) -> None:
    answer = train(family, _WORDS[family])
    assert answer.code == _STOPPED, answer.err
    record = json.loads(Path("run/origin.json").read_text())
    assert record["command"] == family
    before = Path("run/checkpoint.pt").read_bytes()
    for other in others:
        answer = train(family, other)
        assert answer.code == _REFUSED, answer.err
        assert f"error: The run in run was begun with another {differs}." in answer.err
        assert "hint: Choose another --run folder; origin.json in that one tells what it is of." in answer.err
    assert json.loads(Path("run/origin.json").read_text()) == record
    assert Path("run/checkpoint.pt").read_bytes() == before
    assert not list(Path("run").glob("*.onnx"))
    assert train(family, _WORDS[family]).code == _STOPPED


def test_a_run_of_another_family_is_refused(train: Callable[..., Answer]) -> None:
    assert train("adain", _WORDS["adain"]).code == _STOPPED
    answer = train("attention", _WORDS["attention"])
    assert (answer.code, "was begun with another command." in answer.err) == (_REFUSED, True)


def test_photographs_may_be_moved_and_become_more(train: Callable[..., Answer]) -> None:
    assert train("johnson", _WORDS["johnson"]).code == _STOPPED
    shutil.move("photos", "moved")
    _pictures("moved", "2", seed=4)
    answer = train("johnson", _WORDS["johnson"].replace("photos", "moved"))
    assert answer.code == _STOPPED, answer.err


def test_a_run_from_before_there_was_a_record_goes_on(train: Callable[..., Answer]) -> None:
    assert train("johnson", _WORDS["johnson"]).code == _STOPPED
    Path("run/origin.json").unlink()
    assert train("johnson", "--content photos --style photo.jpg --start none").code == _STOPPED
