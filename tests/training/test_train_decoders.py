"""Training `adain` and `attention` for real, only small."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from impasto.errors import UsageError
from impasto.features.architectures import Architecture
from impasto.features.encoder import Encoder
from impasto.training.data import PictureBank
from impasto.training.decoder import DecoderTask
from impasto.training.decoder_settings import AdaINTraining, AttentionTraining
from impasto.training.run import TrainingProgress
from impasto.training.sources import find_pictures
from impasto.training.trainer import Trainer

_COMMON = {
    "steps": 6,
    "size": 32,
    "batch": 2,
    "thumbnail": (32, 32),
    "views": 3,
    "renew_every": 2,
    "view_sides": (32, 48),
    "kinds": (2, 1, 0),
    "blends": 0.5,
    "warm_up": 2,
    "identity_every": 2,
    "checkpoint_every": 3,
    "log_every": 3,
    "samples_every": 6,
    "device": "cpu",
}
SMALL = [AdaINTraining(**_COMMON), AttentionTraining(**_COMMON, slots=4, keys=4, heads=2, blocks=1, places=4)]  # type: ignore[arg-type]


def _trainer(settings: AdaINTraining, teacher: Encoder, pictures: Path, run: Path) -> Trainer[AdaINTraining]:
    bank = PictureBank(find_pictures([pictures]))
    with torch.random.fork_rng():
        torch.manual_seed(1)
        encoder = Encoder(Architecture(((6, 6), (8,), (10,), (12, 12), (8,))), padding="reflect")
    return Trainer(DecoderTask(settings, teacher, encoder, bank, bank), run)


@pytest.mark.parametrize("settings", SMALL, ids=lambda s: s.family)
def test_they_learn(settings: AdaINTraining, teacher: Encoder, pictures: Path, tmp_path: Path) -> None:
    reports: list[TrainingProgress] = []
    settings = replace(settings, steps=120, log_every=30, checkpoint_every=200, samples_every=200, learning_rate=1e-2)
    _trainer(settings, teacher, pictures, tmp_path / "run").run(reports.append)
    first, last = reports[0].losses, reports[-1].losses
    assert last["gram"] < 0.7 * first["gram"]
    assert last["identity"] < 0.8 * first["identity"]
    assert set(last) == {"content", "detail", "gram", "moments", "spectrum", "range", "identity"}


@pytest.mark.parametrize("settings", SMALL, ids=lambda s: s.family)
def test_an_interrupted_run_goes_on_to_the_same_bits(
    settings: AdaINTraining, teacher: Encoder, pictures: Path, tmp_path: Path
) -> None:
    whole = _trainer(settings, teacher, pictures, tmp_path / "whole").run()
    cut = _trainer(settings, teacher, pictures, tmp_path / "cut")
    cut.run(should_stop=lambda: cut.step == 4)
    resumed = _trainer(settings, teacher, pictures, tmp_path / "cut").run()
    tensors, expected = load_file(resumed), load_file(whole)
    assert tensors.keys() == expected.keys()
    assert all(torch.equal(tensors[name], expected[name]) for name in expected)
    assert (tmp_path / "whole" / "samples" / "0000006.jpg").exists()


@pytest.mark.parametrize("change", [{"slots": 0}, {"keys": 1}, {"heads": 0}, {"places": 1}, {"kinds": (0, 0, 0)}])
def test_settings_are_checked(change: dict[str, int]) -> None:
    with pytest.raises(UsageError):
        replace(SMALL[1], **change)
