"""Training an encoder for real, only small: it learns, it resumes to the same bits, it refuses what does not fit."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from impasto.errors import OutputError, TrainingDataError, UsageError
from impasto.features import load_encoder
from impasto.features.architectures import MobileArchitecture
from impasto.features.encoder import Encoder
from impasto.features.layers import STYLE_LAYERS
from impasto.training.checkpoint import load_checkpoint, save_checkpoint
from impasto.training.data import PictureBank
from impasto.training.encoder import EncoderTask
from impasto.training.encoder_settings import EncoderTraining
from impasto.training.run import TrainingProgress
from impasto.training.sources import find_pictures
from impasto.training.trainer import Trainer

BLOCKS = ((4, 6), (6,), (8,), (8, 8), (8,))
SMALL = EncoderTraining(
    steps=6,
    size=32,
    batch=4,
    mix=(1, 1, 1, 1),
    warm_up=2,
    hint_weight=0.0,
    gradient_weight=0.5,
    gradient_from=2,
    gradient_crops=2,
    pool=3,
    advance_every=2,
    advance_crops=2,
    advance_steps=2,
    checkpoint_every=3,
    log_every=3,
    device="cpu",
    blocks=BLOCKS,
)


def make(settings: EncoderTraining, teacher: Encoder, pictures: Path, run: Path) -> Trainer[EncoderTraining]:
    bank = PictureBank(find_pictures([pictures]))
    return Trainer(EncoderTask(settings, teacher, bank, bank), run)


def train(
    settings: EncoderTraining,
    teacher: Encoder,
    pictures: Path,
    run: Path,
    report: list[TrainingProgress] | None = None,
) -> Path:
    return make(settings, teacher, pictures, run).run(None if report is None else report.append)


def test_the_student_learns_its_teacher(teacher: Encoder, pictures: Path, tmp_path: Path) -> None:
    reports: list[TrainingProgress] = []
    settings = replace(SMALL, steps=200, gradient_from=180, log_every=20, learning_rate=2e-2, full_precision_from=0.0)
    weights = train(settings, teacher, pictures, tmp_path / "run", reports)
    first, last = reports[0].losses, reports[-1].losses
    assert last["feature"] < first["feature"] / 4
    assert last["gram"] < first["gram"] / 4
    assert "gradient" in last
    assert reports[-1].step == 200
    assert load_encoder(weights).architecture.blocks == BLOCKS
    log = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert [entry["step"] for entry in log] == list(range(20, 201, 20))


def test_an_interrupted_run_goes_on_to_the_same_bits(teacher: Encoder, pictures: Path, tmp_path: Path) -> None:
    whole = train(SMALL, teacher, pictures, tmp_path / "whole")

    class Killed(BaseException):
        pass

    trainer = make(SMALL, teacher, pictures, tmp_path / "cut")
    step = trainer._train_step

    def dies_in_the_fifth_step() -> dict[str, float]:
        if trainer.step == 4:
            raise Killed
        return step()

    trainer._train_step = dies_in_the_fifth_step  # type: ignore[method-assign]
    with pytest.raises(Killed):
        trainer.run()
    assert load_checkpoint(tmp_path / "cut" / "checkpoint.pt")["step"] == 3
    resumed = train(SMALL, teacher, pictures, tmp_path / "cut")
    tensors, expected = load_file(resumed), load_file(whole)
    assert tensors.keys() == expected.keys()
    assert all(torch.equal(tensors[name], expected[name]) for name in expected)


def test_a_run_that_is_asked_to_stop_saves_and_goes_on_to_the_same_bits(
    teacher: Encoder, pictures: Path, tmp_path: Path
) -> None:
    whole = train(SMALL, teacher, pictures, tmp_path / "whole")
    trainer = make(SMALL, teacher, pictures, tmp_path / "stopped")
    trainer.run(should_stop=lambda: trainer.step == 4)
    assert not trainer.finished
    assert load_checkpoint(tmp_path / "stopped" / "checkpoint.pt")["step"] == 4
    resumed = train(SMALL, teacher, pictures, tmp_path / "stopped")
    tensors, expected = load_file(resumed), load_file(whole)
    assert all(torch.equal(tensors[name], expected[name]) for name in expected)


def test_a_folder_with_another_run_is_refused(teacher: Encoder, pictures: Path, tmp_path: Path) -> None:
    train(replace(SMALL, steps=3), teacher, pictures, tmp_path)
    with pytest.raises(TrainingDataError, match="other settings"):
        train(replace(SMALL, seed=1), teacher, pictures, tmp_path)
    # More steps are no other settings.
    train(replace(SMALL, steps=4), teacher, pictures, tmp_path)
    assert load_checkpoint(tmp_path / "checkpoint.pt")["step"] == 4


def test_a_student_of_the_wrong_width_is_told_the_right_one(teacher: Encoder, pictures: Path, tmp_path: Path) -> None:
    narrow = replace(SMALL, blocks=((4, 6), (6,), (8,), (5, 8), (8,)))
    with pytest.raises(TrainingDataError, match="5 channels at relu4_1, but 8") as caught:
        train(narrow, teacher, pictures, tmp_path)
    assert "Set that width to 8" in caught.value.hint


def test_a_damaged_checkpoint_is_an_error_not_a_new_start(teacher: Encoder, pictures: Path, tmp_path: Path) -> None:
    train(replace(SMALL, steps=3), teacher, pictures, tmp_path)
    checkpoint = tmp_path / "checkpoint.pt"
    checkpoint.write_bytes(checkpoint.read_bytes()[:500])
    with pytest.raises(TrainingDataError, match="cannot be read"):
        train(replace(SMALL, steps=3), teacher, pictures, tmp_path)


def test_a_folder_that_is_none_and_settings_that_are_cut(teacher: Encoder, pictures: Path, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(OutputError):
        train(SMALL, teacher, pictures, file)
    run = tmp_path / "run"
    train(replace(SMALL, steps=1), teacher, pictures, run)
    record = run / "settings.json"
    whole = record.read_text()
    record.write_text(whole[:40])
    with pytest.raises(TrainingDataError, match="can't be read"):
        train(SMALL, teacher, pictures, run)
    record.write_text(whole)
    save_checkpoint(run / "checkpoint.pt", {"something": 1})
    with pytest.raises(TrainingDataError, match="another kind of run"):
        train(SMALL, teacher, pictures, run)


def test_a_checkpoint_is_replaced_whole_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    for step in (1, 2):
        save_checkpoint(path, {"step": step, "weights": [torch.full((2,), float(step))]})
    state = load_checkpoint(path)
    assert state["step"] == 2
    assert state["weights"][0].tolist() == [2.0, 2.0]
    assert [p.name for p in path.parent.iterdir()] == ["checkpoint.pt"]


def test_hints_are_taken_at_the_layers_between_which_may_be_wider(
    teacher: Encoder, pictures: Path, tmp_path: Path
) -> None:
    reports: list[TrainingProgress] = []
    blocks = ((4, 9), (6,), (8,), (8, 8), (8,))
    settings = replace(
        SMALL, steps=150, blocks=blocks, hint_weight=2.0, gradient_weight=0.0, log_every=30, learning_rate=2e-2
    )
    weights = train(settings, teacher, pictures, tmp_path / "run", reports)
    assert reports[-1].losses["hint"] < reports[0].losses["hint"] / 2
    assert load_encoder(weights).architecture.blocks == blocks


def test_layers_between_may_not_be_narrower_if_hints_are_asked_for(
    teacher: Encoder, pictures: Path, tmp_path: Path
) -> None:
    settings = replace(SMALL, blocks=((4, 3), (6,), (8,), (8, 8), (8,)), hint_weight=1.0)
    with pytest.raises(TrainingDataError, match="3 channels at relu1_2, but 4"):
        train(settings, teacher, pictures, tmp_path / "run")


def test_it_begins_with_the_weights_that_it_is_given(teacher: Encoder, pictures: Path, tmp_path: Path) -> None:
    bank = PictureBank(find_pictures([pictures]))
    first = load_encoder(train(SMALL, teacher, pictures, tmp_path / "first"))
    task = EncoderTask(SMALL, teacher, bank, bank, start=first)
    for name, value in first.state_dict().items():
        assert torch.equal(task.student.state_dict()[name], value)
    with pytest.raises(TrainingDataError, match="blocks"):
        EncoderTask(replace(SMALL, blocks=((4, 4), (6,), (8,), (8, 8), (8,))), teacher, bank, bank, start=first)


def test_each_sample_is_of_the_kind_that_its_number_says(teacher: Encoder, pictures: Path, tmp_path: Path) -> None:
    settings = replace(SMALL, batch=10, mix=(1, 0, 2, 2), pool=6)
    trainer = make(settings, teacher, pictures, tmp_path)
    task = trainer.task
    assert isinstance(task, EncoderTask)
    task.begin()
    whole = task._batch(range(10), trainer.chance)
    assert len({crop.numpy().tobytes() for crop in whole}) == 10
    for n in (0, 5):
        expected = task.photos.crop(trainer.chance(n), 32, scales=settings.zoom)
        assert torch.equal(whole[n].permute(1, 2, 0), torch.from_numpy(expected.copy()))
    pool = task.unfinished.pictures(range(6))
    assert all((whole[n] == pool).flatten(1).all(1).any() for n in (3, 4, 8, 9))
    # The same samples, whoever makes them, in whatever company.
    assert torch.equal(torch.cat([task._batch(range(n, n + 5), trainer.chance) for n in (0, 5)]), whole)


MOBILE = replace(SMALL, architecture="mobilenet", width=0.1)


def test_a_student_of_inverted_residuals_learns_too(teacher: Encoder, pictures: Path, tmp_path: Path) -> None:
    reports: list[TrainingProgress] = []
    settings = replace(MOBILE, steps=60, gradient_weight=0.0, log_every=10, learning_rate=2e-2)
    weights = train(settings, teacher, pictures, tmp_path / "run", reports)
    first, last = reports[0].losses, reports[-1].losses
    assert last["feature"] < first["feature"] / 2
    assert last["gram"] < first["gram"] / 2
    assert {name for name in last if name.startswith("relu")} == set(STYLE_LAYERS)
    student = load_encoder(weights)
    assert student.architecture == MobileArchitecture((4, 6, 8, 8, 8), 0.1)  # as wide as what is alive in the teacher
    found = student(torch.rand(1, 3, 32, 48), STYLE_LAYERS)
    assert [f.shape[2:] for f in found.values()] == [(32 >> n, 48 >> n) for n in range(5)]


def test_a_run_of_inverted_residuals_goes_on_to_the_same_bits(teacher: Encoder, pictures: Path, tmp_path: Path) -> None:
    whole = train(MOBILE, teacher, pictures, tmp_path / "whole")
    trainer = make(MOBILE, teacher, pictures, tmp_path / "cut")
    trainer.run(should_stop=lambda: trainer.step == 4)
    tensors, expected = load_file(train(MOBILE, teacher, pictures, tmp_path / "cut")), load_file(whole)
    assert tensors.keys() == expected.keys()
    assert all(torch.equal(tensors[name], expected[name]) for name in expected)


def test_students_of_inverted_residuals_neither_teach_nor_begin_as_others(
    teacher: Encoder, pictures: Path, tmp_path: Path
) -> None:
    bank = PictureBank(find_pictures([pictures]))
    student = load_encoder(train(replace(MOBILE, steps=1), teacher, pictures, tmp_path / "run"))
    with pytest.raises(TrainingDataError, match="mobilenet itself"):
        EncoderTask(SMALL, student, bank, bank)
    with pytest.raises(TrainingDataError, match="MobileArchitecture"):
        EncoderTask(SMALL, teacher, bank, bank, start=student)
    assert EncoderTask(MOBILE, teacher, bank, bank, start=student).student.architecture == student.architecture


def test_a_batch_may_be_taken_in_parts(teacher: Encoder, pictures: Path, tmp_path: Path) -> None:
    reports: list[TrainingProgress] = []
    settings = replace(SMALL, batch=8, accumulate=2, pool=4, steps=3, log_every=1)
    train(settings, teacher, pictures, tmp_path / "parts", reports)
    whole: list[TrainingProgress] = []
    train(replace(settings, accumulate=1), teacher, pictures, tmp_path / "whole", whole)
    # Errors are relative to the features of each part, so that the two are alike, not equal.
    assert reports[0].losses["feature"] == pytest.approx(whole[0].losses["feature"], rel=0.1)


def test_the_teacher_stays_as_it_was(teacher: Encoder, pictures: Path, tmp_path: Path) -> None:
    before = {name: value.clone() for name, value in teacher.state_dict().items()}
    make(SMALL, teacher, pictures, tmp_path)
    assert all(torch.equal(before[name], value) for name, value in teacher.state_dict().items())


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"batch": 6}, "batch of 6 is not made of mixes of 4"),
        ({"pool": 1, "mix": (1, 1, 0, 2)}, "pool of 1 is too small"),
        ({"zoom": (2.0, 1.0)}, "zoom is"),
    ],
)
def test_settings_that_don_t_fit_are_refused(change: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        replace(SMALL, **change)
