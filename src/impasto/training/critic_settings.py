"""The part of a training's settings that is about its critic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from impasto.errors import UsageError
from impasto.losses.objectives import Objective

_LEAST = 3  # places across, after the layers that halve them: the next makes two of them, see `PatchCritic`


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

    def check_critic(self, side: int) -> None:
        """See that a critic of so many layers has patches to compare in squares of this side.

        Raises:
            UsageError: they are too small: instance normalisation needs more than one place.
        """
        if side >> self.critic_layers < _LEAST:
            raise UsageError(
                f"Critics of {self.critic_layers} layers can't look at {side} pixels.",
                hint=f"Show them {_LEAST << self.critic_layers}, or take fewer critic_layers.",
            )

    critic_ranges: ClassVar[Mapping[str, tuple[float, float]]] = {
        "critic_learning_rate": (1e-9, 10),
        "critic_width": (4, 1024),
        "critic_layers": (1, 5),
        "adversarial_weight": (0, 1e6),
    }
