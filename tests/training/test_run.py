"""The folder of a run: its log, its board, and what it refuses."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from impasto.errors import OutputError, TrainingDataError, UnwritableOutputError
from impasto.training.board import Board, board_writer
from impasto.training.run import RunFolder, TrainingProgress
from impasto.training.settings import TrainingSettings


class Known:
    """An origin of one thing."""

    def __init__(self, style: str) -> None:
        self.style = style

    def record(self) -> dict[str, Any]:
        return {"--style": self.style}

    def differences(self, begun: Mapping[str, Any]) -> list[str]:
        return [name for name, value in self.record().items() if begun[name] != value]


def _run(path: Path, *, style: str | None = None) -> RunFolder:
    run = RunFolder(path, TrainingSettings())
    run.origin = None if style is None else Known(style)
    return run


def _log(run: RunFolder, *steps: int) -> None:
    for step in steps:
        run.log(TrainingProgress(step=step, steps=9, losses={"loss": 1.0}, seconds_left=0.0))


def _logged(run: RunFolder) -> list[int]:
    return [json.loads(line)["step"] for line in (run.path / "log.jsonl").read_text().splitlines()]


def test_what_was_logged_after_the_checkpoint_is_forgotten(tmp_path: Path) -> None:
    run = _run(tmp_path)
    assert run.open() is None
    _log(run, 1, 2, 3)
    run.save({"step": 2})
    with (tmp_path / "log.jsonl").open("a") as log:
        log.write('{"step": 4, "lo')  # the power went
    assert _run(tmp_path).open() == {"step": 2}
    assert _logged(run) == [1, 2]
    _log(run, 3, 4)
    assert _logged(run) == [1, 2, 3, 4]


def test_a_run_without_a_checkpoint_has_logged_nothing(tmp_path: Path) -> None:
    run = _run(tmp_path)
    run.open()
    _log(run, 1)
    assert _run(tmp_path).open() is None
    assert _logged(run) == []


def test_a_log_that_is_not_ahead_is_left_alone(tmp_path: Path) -> None:
    run = _run(tmp_path)
    run.rewind(0)
    assert not (tmp_path / "log.jsonl").exists()
    _log(run, 1, 2)
    before = (tmp_path / "log.jsonl").stat()
    run.rewind(2)
    assert (tmp_path / "log.jsonl").stat().st_ino == before.st_ino
    run.rewind(1)
    assert _logged(run) == [1]


def test_a_checkpoint_of_something_else_costs_no_log(tmp_path: Path) -> None:
    run = _run(tmp_path)
    run.open()
    _log(run, 1, 2)
    run.save({"something": 1})
    run.open()
    assert _logged(run) == [1, 2]


@pytest.mark.parametrize("name", ["log.jsonl", "samples", "board"])
def test_what_the_system_refuses_is_told_as_an_error_of_ours(tmp_path: Path, name: str) -> None:
    run = _run(tmp_path)
    if name == "log.jsonl":
        (tmp_path / name).mkdir()
    else:
        (tmp_path / name).write_text("")
    actions: dict[str, Callable[[], object]] = {
        "log.jsonl": lambda: _log(run, 1),
        "samples": run.samples,
        "board": lambda: Board(board_writer(), tmp_path / "board", first=0),
    }
    with pytest.raises(UnwritableOutputError, match=name):
        actions[name]()


def test_a_log_that_cannot_be_read_is_told_too(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").mkdir()
    with pytest.raises(OutputError, match=r"log\.jsonl"):
        _run(tmp_path).rewind(1)


@pytest.mark.skipif(os.name == "nt", reason="POSIX rights")
def test_a_folder_that_may_not_be_entered(tmp_path: Path, as_nobody: Callable[[Callable[[], object]], int]) -> None:
    (tmp_path / "shut").mkdir(mode=0o700)
    assert as_nobody(lambda: _run(tmp_path / "shut" / "run").open()) == UnwritableOutputError.exit_code


def test_samples_have_a_folder(tmp_path: Path) -> None:
    run = _run(tmp_path)
    assert run.samples() == run.samples() == tmp_path / "samples"
    assert (tmp_path / "samples").is_dir()


def test_another_origin_is_refused_and_none_is_not_asked_for(tmp_path: Path) -> None:
    run = _run(tmp_path, style="a")
    run.open()
    run.record()
    run.save({"step": 1})
    assert _run(tmp_path, style="a").open() == _run(tmp_path).open() == {"step": 1}
    with pytest.raises(TrainingDataError, match=r"begun with another --style\. Choose another --run folder"):
        _run(tmp_path, style="b").open()
    (tmp_path / "origin.json").write_text("[1")
    with pytest.raises(TrainingDataError, match=r"origin\.json can't be read\. Remove it"):
        _run(tmp_path, style="a").open()
    (tmp_path / "origin.json").unlink()
    assert _run(tmp_path, style="b").open() == {"step": 1}  # begun before there was such a record


def test_the_board_hides_what_will_be_made_again(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    board = Board(board_writer(), tmp_path, first=0)
    for step in (1, 2, 3, 4):
        board.losses(step, {"loss": float(step)})
    board.rewind(2)
    board.losses(3, {"loss": 30.0})
    board.close()
    told = EventAccumulator(str(tmp_path)).Reload().Scalars("losses/loss")
    assert [(event.step, event.value) for event in told] == [(1, 1.0), (2, 2.0), (3, 30.0)]
