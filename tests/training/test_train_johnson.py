"""Training `johnson` for real, only small."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from small_networks import small_johnson

from impasto.errors import UsageError
from impasto.features.encoder import Encoder
from impasto.losses.moments import moments
from impasto.losses.spectrum import spectrum
from impasto.pictures import read_picture
from impasto.training.checkpoint import load_checkpoint
from impasto.training.data import PictureBank
from impasto.training.johnson import JohnsonTask
from impasto.training.johnson_settings import JohnsonTraining
from impasto.training.named_styles import NamedStyle, read_named_styles
from impasto.training.run import TrainingProgress
from impasto.training.sources import find_pictures
from impasto.training.trainer import Trainer

SMALL = JohnsonTraining(
    steps=6,
    size=32,
    batch=2,
    thumbnail=(32, 32),
    style_size=48,
    blends=0.5,
    warm_up=2,
    checkpoint_every=3,
    log_every=3,
    samples_every=6,
    device="cpu",
    half=4,
    quarter=6,
    eighth=8,
    blocks=1,
)


def _task(settings: JohnsonTraining, teacher: Encoder, pictures: Path) -> JohnsonTask:
    styles = [NamedStyle(name, read_picture(pictures / f"{n}.png")) for n, name in enumerate(("stripes", "blots"))]
    return JohnsonTask(settings, teacher, PictureBank(find_pictures([pictures])), styles)


def _trainer(settings: JohnsonTraining, teacher: Encoder, pictures: Path, run: Path) -> Trainer[JohnsonTraining]:
    return Trainer(_task(settings, teacher, pictures), run)


@pytest.mark.slow
def test_it_learns(teacher: Encoder, pictures: Path, tmp_path: Path) -> None:
    reports: list[TrainingProgress] = []
    settings = replace(SMALL, steps=120, log_every=30, checkpoint_every=200, learning_rate=1e-2)
    settings = replace(settings, content_weight=(0, 0), detail_weight=0.0, moments_weight=1.0)
    _trainer(settings, teacher, pictures, tmp_path / "run").run(reports.append)
    first, last = reports[0].losses, reports[-1].losses
    assert last["gram"] < 0.8 * first["gram"]
    assert last["moments"] < 0.9 * first["moments"]
    assert set(last) == {"content", "detail", "gram", "moments", "spectrum", "range"}


def test_an_interrupted_run_goes_on_to_the_same_bits(teacher: Encoder, pictures: Path, tmp_path: Path) -> None:
    whole = _trainer(SMALL, teacher, pictures, tmp_path / "whole").run()
    cut = _trainer(SMALL, teacher, pictures, tmp_path / "cut")
    cut.run(should_stop=lambda: cut.step == 4)
    assert load_checkpoint(tmp_path / "cut" / "checkpoint.pt")["step"] == 4
    resumed = _trainer(SMALL, teacher, pictures, tmp_path / "cut").run()
    tensors, expected = load_file(resumed), load_file(whole)
    assert tensors.keys() == expected.keys()
    assert all(torch.equal(tensors[name], expected[name]) for name in expected)
    sheet = read_picture(tmp_path / "whole" / "samples" / "0000006.jpg")
    assert sheet.width > 2 * 256  # photographs, and a column for each style


def test_what_is_wanted_is_what_the_teacher_sees_in_the_style(teacher: Encoder, pictures: Path) -> None:
    task = _task(replace(SMALL, precision="float32"), teacher, pictures)
    picture = read_picture(pictures / "1.png")
    factor = 48 / max(picture.size)
    small = picture.resized((round(picture.width * factor), round(picture.height * factor))).over()
    batch = torch.from_numpy(small.copy()).permute(2, 0, 1)[None]
    mean, covariance = moments(teacher(batch, ("relu3_1",))["relu3_1"])
    code = np.array([0.0, 1.0], np.float32)
    wanted = task._mixed(code)
    torch.testing.assert_close(wanted.moments["relu3_1"][0], mean, rtol=0.02, atol=1e-3)
    torch.testing.assert_close(wanted.moments["relu3_1"][1], covariance, rtol=0.02, atol=1e-3)
    torch.testing.assert_close(wanted.spectrum, spectrum(batch), rtol=1e-4, atol=1e-5)
    half = task._mixed(np.array([0.5, 0.5], np.float32))
    torch.testing.assert_close(half.spectrum, (task.wanted[0].spectrum + task.wanted[1].spectrum) / 2)


def test_it_begins_with_what_another_knows_of_its_styles(teacher: Encoder, pictures: Path, johnson_file: Path) -> None:
    other = small_johnson()
    styles = [NamedStyle(name, read_picture(pictures / "2.png")) for name in ("new", "night-sky")]
    settings = replace(SMALL, seed=1)
    task = JohnsonTask(settings, teacher, PictureBank(find_pictures([pictures])), styles, start=johnson_file)
    task.begin()
    expected = torch.stack([other.style.learnt.mean(0), other.style.learnt[1]])
    torch.testing.assert_close(task.network.style.learnt.detach(), expected, rtol=1e-3, atol=1e-3)
    found, known = task.network.content.state_dict(), other.content.state_dict()
    assert all(torch.allclose(found[name], known[name], rtol=1e-3, atol=1e-3) for name in known)


def test_styles_are_called_as_their_files(pictures: Path) -> None:
    (pictures / "0.png").rename(pictures / "Starry Night_2.png")
    assert [style.name for style in read_named_styles([pictures])][-1] == "starry-night-2"
    with pytest.raises(UsageError, match="Two styles are called"):
        read_named_styles([pictures, pictures / "1.png"])


@pytest.mark.parametrize("change", [{"size": 60}, {"blends": 2}, {"style_size": 8}])
def test_settings_are_checked(change: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        replace(SMALL, **change)
