"""Training `gan` for real, only small."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from impasto.errors import UsageError
from impasto.features.architectures import Architecture
from impasto.features.encoder import Encoder
from impasto.networks.critic import PatchCritic
from impasto.training.data import PictureBank
from impasto.training.gan import GanTask
from impasto.training.gan_settings import GanTraining
from impasto.training.run import TrainingProgress
from impasto.training.sources import find_pictures
from impasto.training.swift_settings import SwiftTraining
from impasto.training.trainer import Trainer

SMALL = GanTraining(
    steps=7,
    size=48,
    batch=2,
    thumbnail=(32, 32),
    views=3,
    renew_every=2,
    view_sides=(32, 48),
    kinds=(1, 0, 0),
    paintings_as_content=0.0,
    warm_up=2,
    identity_every=3,
    checkpoint_every=3,
    log_every=3,
    samples_every=100,
    device="cpu",
    half=4,
    quarter=6,
    eighth=8,
    blocks=1,
    hidden=8,
    patch=32,
    zoom=(1.0, 1.0),
    critic_width=8,
    critic_layers=2,
)


def _task(settings: GanTraining, teacher: Encoder, pictures: Path) -> GanTask:
    """Photographs of noise, in the style of the pictures, which are of stripes."""
    noise = pictures.parent / "noise"
    noise.mkdir(exist_ok=True)
    for n in range(3):
        pixels = np.random.default_rng(n).integers(256, size=(48, 64, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(noise / f"{n}.png")
    banks = PictureBank(find_pictures([noise])), PictureBank(find_pictures([pictures]))
    with torch.random.fork_rng():
        torch.manual_seed(1)
        encoder = Encoder(Architecture(((3, 3), (4,), (5,), (6, 6), (7,))), padding="reflect")
    return GanTask(settings, teacher, encoder, *banks)


def test_the_critic_learns_to_tell_paintings_from_pictures(teacher: Encoder, pictures: Path, tmp_path: Path) -> None:
    reports: list[TrainingProgress] = []
    settings = replace(SMALL, steps=120, log_every=30, checkpoint_every=500, critic_learning_rate=3e-3)
    settings = replace(settings, adversarial_weight=0.0)
    Trainer(_task(settings, teacher, pictures), tmp_path / "run").run(reports.append)
    assert reports[-1].losses["critic"] < 0.8 * reports[0].losses["critic"]
    assert reports[-1].losses["gram"] < 0.95 * reports[0].losses["gram"]
    assert {"adversarial", "identity", "content"} <= set(reports[-1].losses)


def test_who_is_listened_to_is_pleased(teacher: Encoder, pictures: Path, tmp_path: Path) -> None:
    """With all other losses off, the painter finds what pleases a critic that never learns, and only if it listens."""
    last = []
    for weight in (0.0, 1.0):
        reports: list[TrainingProgress] = []
        settings = replace(SMALL, steps=80, log_every=20, checkpoint_every=500, critic_learning_rate=1e-9)
        settings = replace(settings, adversarial_weight=weight, gram_weight=0.0, moments_weight=0.0, learning_rate=1e-2)
        settings = replace(settings, content_weight=(0.0, 0.0), detail_weight=0.0, spectrum_weight=0.0)
        settings = replace(settings, range_weight=0.001, identity_weight=0.001, schedule="constant")
        Trainer(_task(settings, teacher, pictures), tmp_path / f"run-{weight}").run(reports.append)
        last.append(reports[-1].losses["adversarial"])
    assert last[1] < 0.95 * last[0]


def test_an_interrupted_run_goes_on_to_the_same_bits(teacher: Encoder, pictures: Path, tmp_path: Path) -> None:
    whole = Trainer(_task(SMALL, teacher, pictures), tmp_path / "whole").run()
    cut = Trainer(_task(SMALL, teacher, pictures), tmp_path / "cut")
    cut.run(should_stop=lambda: cut.step == 5)
    resumed = Trainer(_task(SMALL, teacher, pictures), tmp_path / "cut").run()
    tensors, expected = load_file(resumed), load_file(whole)
    assert all(torch.equal(tensors[name], expected[name]) for name in expected)


def test_real_pictures_are_those_of_the_styles_painted(teacher: Encoder, pictures: Path) -> None:
    task = _task(SMALL, teacher, pictures)
    task.begin()
    task.ready(0)

    def chances() -> list[np.random.Generator]:
        return [np.random.default_rng(n) for n in range(6)]

    statistics, _ = task.views.batch(chances(), blends=0.0)
    for picture, its in zip(task.views.pictures(chances()), statistics, strict=True):
        torch.testing.assert_close(task.network.style.statistics(picture[None])[0], its, rtol=0.05, atol=0.02)


def test_what_critics_see_is_not_too_small_for_them() -> None:
    """The least that is accepted they can look at; half of it they could not."""
    for layers in range(1, 6):
        least = next(side for side in range(32, 4096) if _is_seen(side, layers))
        replace(SMALL, patch=least, critic_layers=layers)
        critic = PatchCritic(3, width=4, layers=layers)
        critic(torch.rand(1, 3, least, least))
        if least > 32:
            with pytest.raises(ValueError, match="more than 1 spatial"):
                critic(torch.rand(1, 3, least - 1, least - 1))
    with pytest.raises(UsageError, match="Critics of 5 layers can't look at 64 pixels"):
        replace(SMALL, patch=64, critic_layers=5)


def _is_seen(side: int, layers: int) -> bool:
    try:
        replace(SMALL, patch=side, critic_layers=layers)
    except UsageError:
        return False
    return True


def test_blends_have_no_pictures() -> None:
    with pytest.raises(UsageError, match="blends"):
        replace(SMALL, blends=0.2)
    assert SwiftTraining().blends > 0
