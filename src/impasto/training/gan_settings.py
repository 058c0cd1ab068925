"""All that can be chosen about the training of `gan`, beside what `swift` has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from impasto.losses.adversarial import Objective
from impasto.training.swift_settings import SwiftTraining


@dataclass(frozen=True)
class GanTraining(SwiftTraining):
    """Settings of a run; see `SwiftTraining`.

    Attributes:
        blends: none: there are no pictures of blends to compare paintings to.
        patch: side of what the critic sees of a painting, in pixels.
        critic_learning_rate, critic_width, critic_layers: of the critic, and see `PatchCritic`.
        objective: of the game; see `verdict_loss`.
        adversarial_weight: of the painter's part in it; 0: the critic learns, and nobody listens to it.
    """

    steps: int = 10_000
    views: int = 300
    blends: float = 0.0
    patch: int = 128
    critic_learning_rate: float = 2e-4
    critic_width: int = 32
    critic_layers: int = 3
    objective: Objective = "cross-entropy"
    adversarial_weight: float = 0.05

    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {
        **SwiftTraining.ranges,
        "blends": (0, 0),
        "patch": (32, 4096),
        "critic_learning_rate": (1e-9, 10),
        "critic_width": (4, 1024),
        "critic_layers": (1, 5),
        "adversarial_weight": (0, 1e6),
    }
