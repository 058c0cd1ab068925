"""The part of a training's settings that is about its critic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from impasto.losses.objectives import Objective


@dataclass(frozen=True)
class CriticSettings:
    """
    Attributes:
        critic_learning_rate, critic_width, critic_layers: of the critic, and see `PatchCritic`.
        objective: of the game; see `verdict_loss`.
        adversarial_weight: of the painter's part in it; 0: the critic learns, and nobody listens to it.
    """

    critic_learning_rate: float = 2e-4
    critic_width: int = 32
    critic_layers: int = 3
    objective: Objective = "cross-entropy"
    adversarial_weight: float = 1.0

    critic_ranges: ClassVar[Mapping[str, tuple[float, float]]] = {
        "critic_learning_rate": (1e-9, 10),
        "critic_width": (4, 1024),
        "critic_layers": (1, 5),
        "adversarial_weight": (0, 1e6),
    }
