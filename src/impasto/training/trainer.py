"""The trainer: any family's task, step by step, on one device or with a crew of processes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import nn

from impasto.optimize.hardware import resolve_precision
from impasto.pictures import write_picture
from impasto.training.average import Average
from impasto.training.crew import Crew
from impasto.training.patience import Patience
from impasto.training.run import TrainingRun
from impasto.training.schedule import pace
from impasto.training.settings import TrainingSettings
from impasto.training.task import Losses, Player, Task

S = TypeVar("S", bound=TrainingSettings)
T = TypeVar("T")


class Trainer(TrainingRun[S]):
    """See `TrainingRun`.

    Args:
        task: what is trained, and on what.
        folder: gets the task's own files, and sheets of `samples`.
    """

    def __init__(self, task: Task[S], folder: Path) -> None:
        super().__init__(task.settings, folder)
        self.task, self.device = task, task.device
        self.precision = resolve_precision(self.settings.precision, self.device)
        self.average = Average(task.shipped, self.settings.ema)
        self.crew = Crew(self.device)
        self.patience = Patience(self.settings.patience, self.settings.log_every)
        self._parts = self.crew.share(self.settings.batch, self.settings.accumulate)

    @property
    def leads(self) -> bool:
        return self.crew.leads

    def agreed(self, value: T) -> T:
        agreed: T = self.crew.told(value)
        return agreed

    @property
    def finished(self) -> bool:
        """Whether the last step has been made, or nothing has been gained for so long that there is no point in it."""
        return super().finished or self.patience.lost

    # -- one step

    def _train_step(self) -> dict[str, float]:
        self.task.ready(self.step)
        told: dict[str, float] = {}
        total = 0.0
        for player in self.task.players:
            its, weighted = self._play(player)
            told |= its
            total += weighted
        self.patience.update(total)
        self.average.update(self.task.shipped, self.step)
        if (self.step + 1) % self.settings.samples_every == 0:
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
                torch.autograd.backward(_weighted(losses) / len(self._parts))
                for name, (weight, value) in losses.items():
                    weights[name] = weight
                    told[name] = told.get(name, 0.0) + value.item() / len(self._parts)
        parameters = [p for p in player.module.parameters() if p.grad is not None]
        self.crew.average(p.grad for p in parameters if p.grad is not None)
        nn.utils.clip_grad_norm_(parameters, s.clip)
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
        if not self.crew.leads:
            return
        sheet = self.task.sheet(self.average.weights)
        if sheet is None:
            return
        self.board.picture(self.step + 1, "samples", sheet)
        folder = self.folder / "samples"
        folder.mkdir(exist_ok=True)
        write_picture(sheet, folder / f"{self.step + 1:07}.jpg", overwrite=True)

    # -- state

    def _start_anew(self) -> None:
        self.task.begin()
        self.average = Average(self.task.shipped, self.settings.ema)

    def _state(self) -> dict[str, Any]:
        return {
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
        for player in self.task.players:
            its = state["players"][player.name]
            player.module.load_state_dict(its["module"])
            for (optimizer, _), saved in zip(player.optimizers, its["optimizers"], strict=True):
                optimizer.load_state_dict(saved)
        self.average.load(state["average"])
        self.patience.load(state["patience"])
        self.task.load(state["task"])

    def _write(self) -> Path:
        return self.task.write(self.folder, self.average.weights)


def _weighted(losses: Losses) -> torch.Tensor:
    return torch.stack([weight * value for weight, value in losses.values() if weight]).sum()
