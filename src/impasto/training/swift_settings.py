"""All that can be chosen about the training of `swift`, beside what all painters for any style have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from impasto.training.any_style_settings import AnyStyleTraining
from impasto.training.painter_settings import BodySettings


@dataclass(frozen=True)
class SwiftTraining(BodySettings, AnyStyleTraining):
    """Settings of a run; see `AnyStyleTraining` for those that all painters for any style have, and `BodySettings`.

    Attributes:
        learning_rate, head_learning_rate: of the filters (Muon) and of the perceptron that makes the codes (Adam).
        hidden: see `SwiftDesign`.
    """

    steps: int = 40_000
    learning_rate: float = 5e-3
    head_learning_rate: float = 1e-3
    hidden: int = 256

    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {
        **AnyStyleTraining.ranges,
        **BodySettings.body_ranges,
        "head_learning_rate": (1e-9, 10),
        "hidden": (4, 8192),
    }
