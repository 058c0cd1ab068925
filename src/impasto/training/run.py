"""A training run in a folder: steps, losses, checkpoints; stopped at any time, resumed as if it had never been."""

from __future__ import annotations

import json
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from impasto.errors import TrainingDataError
from impasto.files import output_error, place_file
from impasto.painters import ShouldStop
from impasto.training.board import Board, board_writer
from impasto.training.checkpoint import load_checkpoint, save_checkpoint


class RunSettings(Protocol):
    """What every run's settings, a frozen dataclass, say."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def steps(self) -> int: ...
    @property
    def log_every(self) -> int: ...
    @property
    def checkpoint_every(self) -> int: ...


@dataclass(frozen=True)
class TrainingProgress:
    """Where a run is.

    Attributes:
        losses: means since the last report, of the steps that had them.
        seconds_left: an estimate from the pace of this session.
    """

    step: int
    steps: int
    losses: dict[str, float]
    seconds_left: float


_RECORD = "settings.json"
TrainingCallback = Callable[[TrainingProgress], None]
S = TypeVar("S", bound=RunSettings)


class TrainingRun(ABC, Generic[S]):
    """Trains something; `run` goes to the end or until it is asked to stop, and a new object of the same folder goes on
    from there.

    Chance in step n must come from the seed and n alone: then a resumed run equals one that was never stopped.

    Args:
        settings: saved beside the checkpoint; a run is resumed only under those it began with (but for `steps`, which
            may be changed to make it longer or shorter).
        folder: holds `settings.json`, `checkpoint.pt`, `log.jsonl`, `board` (for TensorBoard)
            and what the training is for.
    """

    board: Board

    def __init__(self, settings: S, folder: Path) -> None:
        self.settings, self.folder = settings, folder
        self.step = 0

    @property
    def finished(self) -> bool:
        """Whether the last step has been made."""
        return self.step >= self.settings.steps

    def run(self, report: TrainingCallback | None = None, *, should_stop: ShouldStop | None = None) -> Path:
        """Train to the last step and return the path of the weights.

        Args:
            report: called every `log_every` steps, in this thread.
            should_stop: asked before every step; once it says yes, a checkpoint is saved and `finished` stays False.

        Raises:
            TrainingDataError: the folder holds a run with other settings, or a damaged one; there is nothing to train
                on.
            OutputError: the folder can't be written to.
        """
        writer = board_writer()  # missing, it should be missed before any work is done
        self._begin()
        self.board = Board(writer, self.folder / "board", first=self.step)
        try:
            return self._run(report, should_stop)
        finally:
            self.board.close()

    def _run(self, report: TrainingCallback | None, should_stop: ShouldStop | None) -> Path:
        seen: dict[str, list[float]] = {}
        began, first = time.monotonic(), self.step
        while not self.finished:
            if should_stop is not None and should_stop():
                return self._save()
            losses = self._train_step()
            self.step += 1
            for name, value in losses.items():
                seen.setdefault(name, []).append(value)
            if self.step % self.settings.log_every == 0:
                pace = (time.monotonic() - began) / (self.step - first)
                means = {name: sum(values) / len(values) for name, values in seen.items()}
                left = pace * (self.settings.steps - self.step)
                self._log(TrainingProgress(self.step, self.settings.steps, means, left), report)
                seen = {}
            if self.step % self.settings.checkpoint_every == 0 and not self.finished:
                self._save()
        return self._save()

    @abstractmethod
    def _train_step(self) -> dict[str, float]:
        """Make step number `self.step` and return its losses by name."""

    @abstractmethod
    def _state(self) -> dict[str, Any]:
        """All that the next step depends on, as `save_checkpoint` takes it."""

    @abstractmethod
    def _load(self, state: dict[str, Any]) -> None:
        """Take up what `_state` gave."""

    @abstractmethod
    def _write(self) -> Path:
        """Write the weights as they are best used now, and return their path."""

    def _prepare(self) -> None:
        """Get at hand what the first step, and the first after a checkpoint was loaded, need alike."""

    def _start_anew(self) -> None:
        """Called instead of `_load` where there is no checkpoint."""

    def _begin(self) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise output_error(error, repr(str(self.folder))) from error
        self._prepare()
        checkpoint = self.folder / "checkpoint.pt"
        if not checkpoint.exists():
            self._record()
            self._start_anew()
            return
        self._check_record()
        state = load_checkpoint(checkpoint)
        try:
            self.step = state["step"]
            self._load(state)
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise TrainingDataError(
                f"The checkpoint {checkpoint} is of another kind of run.", hint="Choose another --run folder."
            ) from error
        self._record()

    def _settings(self) -> dict[str, Any]:
        """The settings as JSON gives them back."""
        settings: dict[str, Any] = json.loads(json.dumps(asdict(self.settings)))
        return settings

    def _record(self) -> None:
        text = json.dumps(self._settings(), indent=1)
        place_file(self.folder / _RECORD, text.encode(), overwrite=True)

    def _check_record(self) -> None:
        record, now = self.folder / _RECORD, self._settings()
        if not record.exists():
            return
        try:
            begun = json.loads(record.read_text())
            same = {**begun, "steps": now["steps"]} == now
        except (OSError, ValueError, TypeError) as error:
            raise TrainingDataError(
                f"{record} can't be read.", hint="Remove it to go on without this check."
            ) from error
        if not same:
            raise TrainingDataError(
                f"{self.folder} holds a run with other settings.",
                hint="Choose another --run folder, or remove that one.",
            )

    def _save(self) -> Path:
        save_checkpoint(self.folder / "checkpoint.pt", {"step": self.step, **self._state()})
        return self._write()

    def _log(self, progress: TrainingProgress, report: TrainingCallback | None) -> None:
        with (self.folder / "log.jsonl").open("a") as log:
            log.write(json.dumps(asdict(progress)) + "\n")
        self.board.losses(progress.step, progress.losses)
        if report is not None:
            report(progress)
