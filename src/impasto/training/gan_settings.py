"""All that can be chosen about the training of `gan`, beside what `swift` has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from impasto.training.critic_settings import CriticSettings
from impasto.training.swift_settings import SwiftTraining


@dataclass(frozen=True)
class GanTraining(CriticSettings, SwiftTraining):
    """Settings of a run; see `SwiftTraining` and `CriticSettings`.

    Attributes:
        blends: none: there are no pictures of blends to compare paintings to.
        patch: side of what the critic sees of a painting, in pixels.
    """

    steps: int = 10_000
    views: int = 300
    blends: float = 0.0
    patch: int = 128
    adversarial_weight: float = 0.05

    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {
        **SwiftTraining.ranges,
        **CriticSettings.critic_ranges,
        "blends": (0, 0),
        "patch": (32, 4096),
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_critic(self.patch)
