"""What a family of networks brings to the trainer: its parts, their losses, its files."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from impasto.pictures import Picture
from impasto.training.settings import TrainingSettings

S = TypeVar("S", bound=TrainingSettings)

Losses = dict[str, tuple[float, Tensor]]
"""Weight and value, a scalar, by name. A weight of 0: only told."""

Chance = Callable[..., np.random.Generator]
"""Of this step: called with the number of a sample, and more numbers for more purposes."""


class Bank(Protocol):
    """Training pictures."""

    @property
    def skipped(self) -> int:
        """How many of them turned out to be unusable so far."""
        ...


class Optimizer(Protocol):
    """Of torch's kind, but its rate is given with each step; steps drop the gradients."""

    def step(self, learning_rate: float) -> None: ...
    def state_dict(self) -> dict[str, Any]: ...
    def load_state_dict(self, state: dict[str, Any]) -> None: ...


@dataclass(frozen=True)
class Player:
    """A part of what is trained, with losses of its own: the painter, or a discriminator against it.

    Attributes:
        name: for users, and in checkpoints.
        module: what is stepped; while it plays, the others' parameters are taken as constant.
        optimizers: each with its learning rate; together they hold all parameters of the module.
    """

    name: str
    module: nn.Module
    optimizers: Sequence[tuple[Optimizer, float]]


class Task(ABC, Generic[S]):
    """One family's training.

    Attributes:
        settings: of the run.
        device: where all of it is.
        players: take their turns in this order in each step.
        shipped: whose moving average is the result; part of the players' modules.
        banks: the pictures that it is trained on.
    """

    settings: S
    device: torch.device
    players: Sequence[Player]
    shipped: nn.Module
    banks: Sequence[Bank] = ()

    @abstractmethod
    def losses(self, player: Player, samples: range, chance: Chance) -> Losses:
        """Those of a player for some samples of this step's batch: means over them.

        The same sample is the same whoever computes it, in whatever company.
        """

    @abstractmethod
    def write(self, folder: Path, weights: Mapping[str, Tensor]) -> Path:
        """Write `shipped` with these weights as users get it, and return the file's path."""

    def ready(self, step: int) -> None:
        """Get at hand what step number `step` needs; it may come after any other."""

    def begin(self) -> None:
        """Called before the first step of a run that goes on from nothing."""

    def sheet(self, weights: Mapping[str, Tensor]) -> Picture | None:
        """What `shipped` with these weights does, for the eye: of the same pictures each time."""
        return None

    def state(self) -> dict[str, Any]:
        """What else the next step depends on, as checkpoints take it."""
        return {}

    def load(self, state: dict[str, Any]) -> None:
        """Take up what `state` gave."""
