"""The trainer: any family's task, step by step, on one device or with a crew of processes; stopped at any time, resumed
as if it had never been, and taken back to the last checkpoint where a loss is no number any more.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from torch import nn

from impasto.errors import DivergedError, TrainingDataError
from impasto.optimize.hardware import resolve_precision
from impasto.painters import ShouldStop
from impasto.pictures import write_picture
from impasto.training.average import Average
from impasto.training.board import Board, board_writer
from impasto.training.crew import Crew
from impasto.training.memory import peak_memory
from impasto.training.patience import Patience
from impasto.training.run import RunFolder, TrainingCallback, TrainingProgress
from impasto.training.schedule import pace
from impasto.training.settings import TrainingSettings
from impasto.training.task import Player, Task

_MOST_ROLLBACKS = 5
S = TypeVar("S", bound=TrainingSettings)


class Trainer(Generic[S]):
    """Trains what a task brings; `run` goes to the end or until it is asked to stop, and a new object of the same
    folder goes on from there.

    Chance in step n comes from `chance` alone: so a resumed run equals one that was never stopped. A step whose losses
    or gradients are no numbers, or weights that are none when they would be saved, take the run back to its last
    checkpoint; from there it goes on with other chance, and at half the pace (see `ease`) each time that it happens.

    Args:
        task: what is trained, and on what.
        folder: see `RunFolder`; gets the task's own files too, and sheets of `samples`.
    """

    board: Board

    def __init__(self, task: Task[S], folder: Path) -> None:
        self.task, self.settings, self.device = task, task.settings, task.device
        self.folder = RunFolder(folder, self.settings)
        self.step = self.rollbacks = 0
        self.precision = resolve_precision(self.settings.precision, self.device)
        self.average = Average(task.shipped, self.settings.ema)
        self.crew = Crew(self.device)
        self.patience = Patience(self.settings.patience, self.settings.log_every)
        self._parts = self.crew.share(self.settings.batch, self.settings.accumulate)
        self._good: dict[str, Any] = {}  # the state at the last checkpoint

    @property
    def leads(self) -> bool:
        """Whether this process writes files and reports; of several that train together, one does."""
        return self.crew.leads

    @property
    def finished(self) -> bool:
        """Whether the last step has been made, or nothing has been gained for so long that there is no point in it."""
        return self.step >= self.settings.steps or self.patience.lost

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
            DivergedError: losses, gradients or weights are no numbers again and again; the last checkpoint stands.
        """
        writer = board_writer()  # missing, it should be missed before any work is done
        self._begin()
        if not self.leads:
            return self._run(None, should_stop)
        self.board = Board(writer, self.folder.path / "board", first=self.step)
        try:
            return self._run(report, should_stop)
        finally:
            self.board.close()

    def _run(self, report: TrainingCallback | None, should_stop: ShouldStop | None) -> Path:
        seen: dict[str, list[float]] = {}
        began, made = time.monotonic(), 0
        while not self.finished:
            if should_stop is not None and self.crew.told(should_stop()):
                self._check_weights()
                return self._save()
            losses = self._train_step()
            made += 1
            if not all(map(math.isfinite, losses.values())):
                self._roll_back(losses)
                seen = {}
                continue
            self.step += 1
            due = self.step % self.settings.checkpoint_every == 0
            if (due or self.finished) and not self._check_weights():
                seen = {}
                continue
            for name, value in losses.items():
                seen.setdefault(name, []).append(value)
            if self.step % self.settings.log_every == 0:
                self._log(self._progress(seen, (time.monotonic() - began) / made), report)
                seen = {}
            if due and not self.finished:
                self._save()
        return self._save()

    def _check_weights(self) -> bool:
        """Whether all are numbers, which a step whose losses and gradients were may have spoilt; if not, roll back."""
        modules = [player.module.state_dict() for player in self.task.players]
        sound = all(bool(value.isfinite().all()) for its in (*modules, self.average.weights) for value in its.values())
        if not sound:
            self._roll_back({"weights": math.nan})
        return sound

    def _progress(self, seen: Mapping[str, list[float]], seconds: float) -> TrainingProgress:
        """With the losses of each step since the last report, and the seconds that a step takes."""
        means = {name: sum(values) / len(values) for name, values in seen.items()}
        return TrainingProgress(
            step=self.step,
            steps=self.settings.steps,
            losses=means,
            seconds_left=seconds * (self.settings.steps - self.step),
            rollbacks=self.rollbacks,
            peak_memory=peak_memory(self.device),
            pace=self.settings.batch / seconds,
            skipped=sum(bank.skipped for bank in set(self.task.banks)),
        )

    def _log(self, progress: TrainingProgress, report: TrainingCallback | None) -> None:
        if not self.leads:
            return
        self.folder.log(progress)
        self.board.losses(progress.step, progress.losses)
        if report is not None:
            report(progress)

    def _roll_back(self, losses: Mapping[str, float]) -> None:
        rollbacks = self.rollbacks + 1
        if rollbacks > _MOST_ROLLBACKS:
            wrong = ", ".join(name for name, value in losses.items() if not math.isfinite(value))
            raise DivergedError(
                f"At step {self.step} these are no numbers: {wrong}; for the {rollbacks}th time.",
                hint="Lower the learning rate, or clip gradients to a smaller norm.",
            )
        self._load(copy.deepcopy(self._good))
        self.rollbacks = rollbacks
        if self.leads:
            self.folder.rewind(self.step)
            self.board.rewind(self.step)

    # -- one step

    def _train_step(self) -> dict[str, float]:
        """Make step number `self.step` and return its losses by name."""
        self.task.ready(self.step)
        told: dict[str, float] = {}
        total = 0.0
        for player in self.task.players:
            its, weighted = self._play(player)
            told |= its
            total += weighted
        self.patience.update(total)
        self.average.update(self.task.shipped, self.step)
        if (self.step + 1) % self.settings.samples_every == 0 or self.step + 1 == self.settings.steps:
            self._show_samples()
        return told

    def _play(self, player: Player) -> tuple[dict[str, float], float]:
        """The losses of the player's turn by name, and their weighted sum."""
        s = self.settings
        weights: dict[str, float] = {}
        told: dict[str, float] = {}
        with self._alone(player):
            for samples in self._parts:
                with torch.autocast(self.device.type, self.precision, enabled=self.precision != torch.float32):
                    losses = self.task.losses(player, samples, self.chance)
                weighted = [weight * value for weight, value in losses.values() if weight]
                if weighted:
                    torch.autograd.backward(torch.stack(weighted).sum() / len(self._parts))
                for name, (weight, value) in losses.items():
                    weights[name] = weight
                    told[name] = told.get(name, 0.0) + value.item() / len(self._parts)
        parameters = [p for p in player.module.parameters() if p.grad is not None]
        self.crew.average(p.grad for p in parameters if p.grad is not None)
        norm = float(nn.utils.clip_grad_norm_(parameters, s.clip))
        if not math.isfinite(norm):
            player.module.zero_grad()
            return {f"gradients of {player.name}": norm}, norm
        rate = self.ease * pace(s.schedule, self.step, s.steps, warm_up=s.warm_up)
        for optimizer, its_rate in player.optimizers:
            optimizer.step(rate * its_rate)
        told = self.crew.mean(told)
        return told, sum(weights[name] * value for name, value in told.items())

    @contextmanager
    def _alone(self, player: Player) -> Iterator[None]:
        """The other players' parameters are constants."""
        mine = set(player.module.parameters())
        resting = [
            p for other in self.task.players for p in other.module.parameters() if p not in mine and p.requires_grad
        ]
        for parameter in resting:
            parameter.requires_grad_(False)
        try:
            yield
        finally:
            for parameter in resting:
                parameter.requires_grad_(True)

    def _show_samples(self) -> None:
        if not self.leads:
            return
        sheet = self.task.sheet(self.average.weights)
        if sheet is None:
            return
        self.board.picture(self.step + 1, "samples", sheet)
        write_picture(sheet, self.folder.samples() / f"{self.step + 1:07}.jpg", overwrite=True)

    # -- state

    def _begin(self) -> None:
        state = self.crew.told(self.folder.open() if self.leads else None)
        if state is None:
            self.task.begin()
            self.average = Average(self.task.shipped, self.settings.ema)
        else:
            try:
                self._load(state)
            except (KeyError, TypeError, ValueError, RuntimeError) as error:
                raise TrainingDataError(
                    f"The checkpoint in {self.folder.path} is of another kind of run.",
                    hint="Choose another --run folder.",
                ) from error
        if self.leads:
            self.folder.record()
        self._remember()

    def _save(self) -> Path:
        state = self._remember()
        if not self.leads:
            return self.folder.path
        self.folder.save(state)
        return self.task.write(self.folder.path, self.average.weights)

    def _remember(self) -> dict[str, Any]:
        """Take note of the state as one to come back to."""
        self._good = copy.deepcopy(self._state())
        return self._good

    def _state(self) -> dict[str, Any]:
        """All that the next step depends on, as `save_checkpoint` takes it."""
        return {
            "step": self.step,
            "rollbacks": self.rollbacks,
            "players": {
                player.name: {
                    "module": player.module.state_dict(),
                    "optimizers": [optimizer.state_dict() for optimizer, _ in player.optimizers],
                }
                for player in self.task.players
            },
            "average": self.average.weights,
            "patience": self.patience.state(),
            "task": self.task.state(),
        }

    def _load(self, state: dict[str, Any]) -> None:
        """Take up what `_state` gave."""
        self.step, self.rollbacks = state["step"], state.get("rollbacks", 0)
        for player in self.task.players:
            its = state["players"][player.name]
            player.module.load_state_dict(its["module"])
            for (optimizer, _), saved in zip(player.optimizers, its["optimizers"], strict=True):
                optimizer.load_state_dict(saved)
        self.average.load(state["average"])
        self.patience.load(state["patience"])
        self.task.load(state["task"])
