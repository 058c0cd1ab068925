"""Training `swift` for real, only small: it learns, it resumes to the same bits; its losses against NumPy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from impasto.errors import DivergedError, UsageError
from impasto.features.architectures import Architecture
from impasto.features.encoder import Encoder
from impasto.features.layers import STYLE_LAYERS
from impasto.losses.moments import moments
from impasto.networks.swift_file import load_swift, load_trained
from impasto.pictures import read_picture
from impasto.training.checkpoint import load_checkpoint
from impasto.training.data import PictureBank
from impasto.training.painter_losses import out_of_range, style_errors
from impasto.training.run import TrainingProgress
from impasto.training.sources import find_pictures
from impasto.training.style_views import StyleViews
from impasto.training.swift import SwiftTask
from impasto.training.swift_settings import SwiftTraining
from impasto.training.trainer import Trainer

SMALL = SwiftTraining(
    steps=6,
    size=32,
    batch=2,
    thumbnail=(32, 32),
    views=3,
    renew_every=2,
    view_sides=(32, 48),
    kinds=(2, 1, 0),
    blends=0.5,
    warm_up=2,
    identity_every=3,
    checkpoint_every=3,
    log_every=3,
    device="cpu",
    learning_rate=3e-3,
    half=4,
    quarter=6,
    eighth=8,
    blocks=1,
    hidden=8,
)


def _trainer(settings: SwiftTraining, teacher: Encoder, pictures: Path, run: Path) -> Trainer[SwiftTraining]:
    bank = PictureBank(find_pictures([pictures]))
    with torch.random.fork_rng():
        torch.manual_seed(1)
        encoder = Encoder(Architecture(((3, 3), (4,), (5,), (6, 6), (7,))), padding="reflect")
    return Trainer(SwiftTask(settings, teacher, encoder, bank, bank), run)


@pytest.mark.slow
def test_it_learns(teacher: Encoder, pictures: Path, tmp_path: Path) -> None:
    reports: list[TrainingProgress] = []
    settings = replace(SMALL, steps=300, log_every=30, checkpoint_every=1000)
    _trainer(settings, teacher, pictures, tmp_path / "run").run(reports.append)
    first, last = reports[0].losses, reports[-1].losses
    assert last["gram"] < 0.8 * first["gram"]
    assert last["moments"] < 0.9 * first["moments"]
    assert last["identity"] < 0.05  # as it begins: what is painted in its own style is left alone
    assert last["range"] < 1e-3
    assert set(last) == {"content", "detail", "gram", "moments", "spectrum", "range", "identity"}


def test_an_interrupted_run_goes_on_to_the_same_bits(teacher: Encoder, pictures: Path, tmp_path: Path) -> None:
    whole = _trainer(SMALL, teacher, pictures, tmp_path / "whole").run()
    cut = _trainer(SMALL, teacher, pictures, tmp_path / "cut")
    cut.run(should_stop=lambda: cut.step == 4)
    assert load_checkpoint(tmp_path / "cut" / "checkpoint.pt")["step"] == 4
    resumed = _trainer(SMALL, teacher, pictures, tmp_path / "cut").run()
    tensors, expected = load_file(resumed), load_file(whole)
    assert tensors.keys() == expected.keys()
    assert all(torch.equal(tensors[name], expected[name]) for name in expected)


def test_it_begins_with_the_weights_of_another_run(teacher: Encoder, pictures: Path, tmp_path: Path) -> None:
    first = _trainer(SMALL, teacher, pictures, tmp_path / "first").run()
    start = load_trained(first)
    settings = replace(SMALL, steps=1, learning_rate=1e-9, head_learning_rate=1e-9, ema=0)
    bank, encoder = PictureBank(find_pictures([pictures])), load_swift(first).style.encoder
    second = Trainer(SwiftTask(settings, teacher, encoder, bank, bank, start=start), tmp_path / "second").run()
    tensors = load_trained(second)
    assert tensors.keys() == start.keys()
    for name, tensor in start.items():
        torch.testing.assert_close(tensors[name], tensor, msg=name)
    resumed = Trainer(SwiftTask(settings, teacher, encoder, bank, bank), tmp_path / "second")
    assert torch.equal(load_trained(resumed.run())["content.stem.weight"], tensors["content.stem.weight"])


def _break_at(trainer: Trainer[SwiftTraining], steps: set[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Spoil weights and losses at the n-th steps made, counted from 0."""
    real, made = trainer._train_step, [0]

    def step() -> dict[str, float]:
        losses = real()
        made[0] += 1
        if made[0] - 1 in steps:
            with torch.no_grad():
                trainer.task.shipped["content"].stem.weight.fill_(torch.nan)
            return {**losses, "gram": float("nan")}
        return losses

    monkeypatch.setattr(trainer, "_train_step", step)


def test_a_loss_that_is_no_number_takes_the_run_back(
    teacher: Encoder, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports: list[TrainingProgress] = []
    trainer = _trainer(replace(SMALL, log_every=1), teacher, pictures, tmp_path / "run")
    _break_at(trainer, {4}, monkeypatch)  # a checkpoint stands at 3
    weights = load_trained(trainer.run(reports.append))
    assert all(torch.isfinite(tensor).all() for tensor in weights.values())
    assert [(report.step, report.rollbacks) for report in reports] == [(1, 0), (2, 0), (3, 0), (4, 0)] + [
        (step, 1) for step in (4, 5, 6)
    ]
    assert trainer.ease == 0.5
    assert reports[-1].peak_memory > 10**7
    again = _trainer(replace(SMALL, log_every=1), teacher, pictures, tmp_path / "run")
    again.run()
    assert again.rollbacks == 1  # a resumed run remembers


def test_losses_that_stay_no_numbers_end_it(
    teacher: Encoder, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = _trainer(SMALL, teacher, pictures, tmp_path / "run")
    _break_at(trainer, set(range(4, 100)), monkeypatch)
    with pytest.raises(DivergedError, match=r"At step 3 .*gram.*6th"):
        trainer.run()
    assert load_checkpoint(tmp_path / "run" / "checkpoint.pt")["step"] == 3


def test_sample_sheets_and_losses_can_be_seen_by_step(teacher: Encoder, pictures: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    settings = replace(SMALL, samples_every=3, log_every=1, learning_rate=0.05)
    trainer = _trainer(settings, teacher, pictures, run)

    def broken_off_after_what_is_saved(progress: TrainingProgress) -> None:
        if progress.step == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trainer.run(broken_off_after_what_is_saved)
    _trainer(settings, teacher, pictures, run).run()
    assert [file.name for file in sorted((run / "samples").iterdir())] == ["0000003.jpg", "0000006.jpg"]
    first, last = (read_picture(file) for file in sorted((run / "samples").iterdir()))
    assert first.size == last.size
    assert first.width > 5 * 256
    # The photographs stand in the first column, the paintings beside them; only these change.
    column = first.width // 5
    assert np.abs(first.pixels - last.pixels)[:, :column].max() < 0.1
    assert np.abs(first.pixels - last.pixels)[:, column:].max() > 0.1
    events = EventAccumulator(str(run / "board")).Reload()
    # Step 3 is one of identity, and what was told of 4 and 5 before the run broke off is told once.
    assert [event.step for event in events.Scalars("losses/content")] == [2, 3, 5, 6]
    assert [event.step for event in events.Images("samples")] == [3, 6]


def test_style_errors_against_numpy() -> None:
    random = torch.Generator().manual_seed(0)
    features, styles = (
        {layer: torch.rand(2, 3, 4, 5, generator=random, dtype=torch.float64) for layer in STYLE_LAYERS} for _ in "ab"
    )
    gram, apart = style_errors(features, {layer: moments(styles[layer]) for layer in STYLE_LAYERS})
    grams, parts = [], []
    for layer in STYLE_LAYERS:
        x, y = (f[layer].numpy().reshape(2, 3, -1) for f in (features, styles))
        ratios = []
        for kind in (_gram, _mean, _covariance):
            distances = [np.sum((kind(x[b]) - kind(y[b])) ** 2) for b in range(2)]
            powers = [np.sum(kind(y[b]) ** 2) for b in range(2)]
            ratios.append(np.divide(distances, np.add(powers, 0.01 * np.array(distances))))
        grams.append(ratios[0])
        parts.append(ratios[1] + ratios[2])
    for found, errors in ((gram, grams), (apart, parts)):
        assert found.item() == pytest.approx(np.mean(2 * (np.sqrt(1 + np.mean(errors, 0)) - 1)), rel=1e-4)


def _gram(x: np.ndarray) -> np.ndarray:
    return np.asarray(x @ x.T / x.shape[1])


def _mean(x: np.ndarray) -> np.ndarray:
    return np.asarray(x.mean(1))


def _covariance(x: np.ndarray) -> np.ndarray:
    return np.cov(x, bias=True)


def test_out_of_range_of_known_values() -> None:
    picture = torch.tensor([[[[-1.0, 0.5], [1.0, 3.0]]]])
    assert out_of_range(picture).item() == pytest.approx((1 + 0 + 0 + 4) / 4)


def test_views_are_the_same_whenever_they_are_made_and_old_ones_go() -> None:
    made: list[int] = []

    def draw(n: int) -> torch.Tensor:
        made.append(n)
        return torch.full((1, 3, 4, 4), float(n))

    def look(picture: torch.Tensor) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        return picture[:, :, 0, 0], dict.fromkeys(STYLE_LAYERS, picture)

    views = StyleViews(3, draw, look)
    views.ready(2)
    views.ready(3)
    assert made == [0, 1, 2, 3]
    late = StyleViews(3, draw, look)
    late.ready(3)
    assert torch.equal(views.statistics(), late.statistics())
    assert views.statistics()[:, 0].tolist() == [1, 2, 3]


def test_blends_mix_statistics_and_moments_by_one_share() -> None:
    def look(picture: torch.Tensor) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        return picture[:, :, 0, 0], dict.fromkeys(STYLE_LAYERS, picture)

    views = StyleViews(4, lambda n: torch.full((1, 3, 4, 4), float(n)), look)
    views.ready(3)
    statistics, wanted = views.batch([np.random.default_rng(n) for n in range(16)], blends=1.0)
    means, _ = wanted.moments["relu3_1"]
    assert len(set(statistics[:, 0].tolist())) > 4
    torch.testing.assert_close(means, statistics, rtol=2**-7, atol=1e-2)
    whole, _ = views.batch([np.random.default_rng(n) for n in range(16)], blends=0.0)
    assert set(whole[:, 0].tolist()) <= {0.0, 1.0, 2.0, 3.0}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"size": 30}, "size"),
        ({"thumbnail": (64, 32)}, "thumbnail"),
        ({"kinds": (0, 0, 0)}, "kinds"),
        ({"batch": 0}, "batch is 0"),
    ],
)
def test_settings_are_checked(change: dict[str, object], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        replace(SMALL, **change)  # type: ignore[arg-type]
