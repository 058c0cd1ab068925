"""A training run in a folder: steps, losses, checkpoints; stopped at any time, resumed as if it had never been, and
taken back to the last checkpoint where a loss is no number any more.
"""

from __future__ import annotations

import copy
import json
import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import numpy as np
import torch

from impasto.errors import DivergedError, TrainingDataError
from impasto.files import output_error, place_file
from impasto.painters import ShouldStop
from impasto.training.board import Board, board_writer
from impasto.training.checkpoint import load_checkpoint, save_checkpoint
from impasto.training.memory import peak_memory


class RunSettings(Protocol):
    """What every run's settings, a frozen dataclass, say."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def steps(self) -> int: ...
    @property
    def log_every(self) -> int: ...
    @property
    def checkpoint_every(self) -> int: ...
    @property
    def seed(self) -> int: ...


@dataclass(frozen=True)
class TrainingProgress:
    """Where a run is.

    Attributes:
        losses: means since the last report, of the steps that had them.
        seconds_left: an estimate from the pace of this session.
        rollbacks: how often so far the run was taken back because a loss was no number.
        peak_memory: of this process in bytes, on the device if that is a GPU; 0 where the system does not tell.
    """

    step: int
    steps: int
    losses: dict[str, float]
    seconds_left: float
    rollbacks: int = 0
    peak_memory: int = 0


_RECORD = "settings.json"
_MOST_ROLLBACKS = 5
TrainingCallback = Callable[[TrainingProgress], None]
S = TypeVar("S", bound=RunSettings)
T = TypeVar("T")


class TrainingRun(ABC, Generic[S]):
    """Trains something; `run` goes to the end or until it is asked to stop, and a new object of the same folder goes on
    from there.

    Chance in step n must come from `chance` alone: then a resumed run equals one that was never stopped. A step whose
    losses are no numbers takes the run back to its last checkpoint; from there it goes on with other chance, and at
    half the pace (see `ease`) each time that it happens.

    Args:
        settings: saved beside the checkpoint; a run is resumed only under those it began with (but for `steps`, which
            may be changed to make it longer or shorter).
        folder: holds `settings.json`, `checkpoint.pt`, `log.jsonl`, `board` (for TensorBoard)
            and what the training is for.
    """

    board: Board
    device: torch.device

    def __init__(self, settings: S, folder: Path) -> None:
        self.settings, self.folder = settings, folder
        self.step = self.rollbacks = 0
        self._good: dict[str, Any] = {}  # the state at the last checkpoint

    @property
    def leads(self) -> bool:
        """Whether this process writes files and reports; of several that train together, one does."""
        return True

    def agreed(self, value: T) -> T:
        """What the process that leads gives; all of them must ask."""
        return value

    @property
    def finished(self) -> bool:
        """Whether the last step has been made."""
        return self.step >= self.settings.steps

    def chance(self, *purpose: int) -> np.random.Generator:
        """Of this step: another one for another step, seed, purpose, or after a rollback."""
        again = (2**33 + self.rollbacks,) if self.rollbacks else ()
        return np.random.default_rng((self.settings.seed, self.step, *purpose, *again))

    @property
    def ease(self) -> float:
        """What the learning rate is multiplied by: half for each rollback."""
        return 0.5**self.rollbacks

    def run(self, report: TrainingCallback | None = None, *, should_stop: ShouldStop | None = None) -> Path:
        """Train to the last step and return the path of the weights.

        Args:
            report: called every `log_every` steps, in this thread.
            should_stop: asked before every step; once it says yes, a checkpoint is saved and `finished` stays False.

        Raises:
            TrainingDataError: the folder holds a run with other settings, or a damaged one; there is nothing to train
                on.
            OutputError: the folder can't be written to.
            DivergedError: losses are no numbers again and again; the last checkpoint stands.
        """
        writer = board_writer()  # missing, it should be missed before any work is done
        self._begin()
        if not self.leads:
            return self._run(None, should_stop)
        self.board = Board(writer, self.folder / "board", first=self.step)
        try:
            return self._run(report, should_stop)
        finally:
            self.board.close()

    def _run(self, report: TrainingCallback | None, should_stop: ShouldStop | None) -> Path:
        seen: dict[str, list[float]] = {}
        began, made = time.monotonic(), 0
        while not self.finished:
            if should_stop is not None and self.agreed(should_stop()):
                return self._save()
            losses = self._train_step()
            made += 1
            if not all(map(math.isfinite, losses.values())):
                self._roll_back(losses)
                seen = {}
                continue
            self.step += 1
            for name, value in losses.items():
                seen.setdefault(name, []).append(value)
            if self.step % self.settings.log_every == 0 and self.leads:
                pace = (time.monotonic() - began) / made
                means = {name: sum(values) / len(values) for name, values in seen.items()}
                left = pace * (self.settings.steps - self.step)
                progress = TrainingProgress(
                    self.step, self.settings.steps, means, left, self.rollbacks, peak_memory(self.device)
                )
                self._log(progress, report)
                seen = {}
            if self.step % self.settings.checkpoint_every == 0 and not self.finished:
                self._save()
        return self._save()

    def _roll_back(self, losses: Mapping[str, float]) -> None:
        rollbacks = self.rollbacks + 1
        if rollbacks > _MOST_ROLLBACKS:
            wrong = ", ".join(name for name, value in losses.items() if not math.isfinite(value))
            raise DivergedError(
                f"At step {self.step} the losses are no numbers ({wrong}), for the {rollbacks}th time.",
                hint="Lower the learning rate, or clip gradients to a smaller norm.",
            )
        self.step = self._good["step"]
        self._load(copy.deepcopy(self._good))
        self.rollbacks = rollbacks

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
        self._prepare()
        state = self.agreed(self._checkpoint() if self.leads else None)
        if state is None:
            self._start_anew()
        else:
            try:
                self.step, self.rollbacks = state["step"], state.get("rollbacks", 0)
                self._load(state)
            except (KeyError, TypeError, ValueError, RuntimeError) as error:
                raise TrainingDataError(
                    f"The checkpoint in {self.folder} is of another kind of run.", hint="Choose another --run folder."
                ) from error
        if self.leads:
            self._record()
        self._remember()

    def _checkpoint(self) -> dict[str, Any] | None:
        """The state to go on from, if the folder holds one."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise output_error(error, repr(str(self.folder))) from error
        path = self.folder / "checkpoint.pt"
        if not path.exists():
            return None
        self._check_record()
        return load_checkpoint(path)

    def _remember(self) -> dict[str, Any]:
        """Take note of the state as one to come back to."""
        self._good = copy.deepcopy({"step": self.step, "rollbacks": self.rollbacks, **self._state()})
        return self._good

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
        state = self._remember()
        if not self.leads:
            return self.folder
        save_checkpoint(self.folder / "checkpoint.pt", state)
        return self._write()

    def _log(self, progress: TrainingProgress, report: TrainingCallback | None) -> None:
        with (self.folder / "log.jsonl").open("a") as log:
            log.write(json.dumps(asdict(progress)) + "\n")
        self.board.losses(progress.step, progress.losses)
        if report is not None:
            report(progress)
