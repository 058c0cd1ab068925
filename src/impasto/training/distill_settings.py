"""All that can be chosen about teaching a small painter what a large one does, beside what every training has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from impasto.errors import UsageError
from impasto.training.settings import TrainingSettings, check_pairs


@dataclass(frozen=True)
class DistillTraining(TrainingSettings):
    """Settings of a run; see `TrainingSettings` for those that all have.

    Attributes:
        learning_rate, table_learning_rate: of the filters (Muon) and of what the style asks for (Adam).
        student: of plain convolutions (`content`), as swift's own content side, or of inverted residuals
            (`mobilenet`).
        width: how many times as wide as the usual one of its kind the student is at 1/4 and 1/8 of the size.
        palette: whether pictures get the colours of the teacher's paintings, by formula, before they are painted
            (`style`), or keep their own (`content`); auto: whatever the teacher does.
        size: of the content crops, in pixels.
        thumbnail: bounds of the side to which a crop is reduced to take its statistics.
        zoom: bounds of how far content crops are reduced and enlarged.
        pairs, renew_every: how many crops are kept with their paintings, and after how many steps one is renewed.
        pixel_weight: of the mean distance between the student's and the teacher's pixels.
        feature_weight: of the relative error of the loss network's features, student's to teacher's.
        gram_weight: of the relative error of Gram matrices, student's to the style picture's.
    """

    steps: int = 6000
    learning_rate: float = 1e-2
    table_learning_rate: float = 1e-2
    student: Literal["content", "mobilenet"] = "content"
    width: float = 0.5
    palette: Literal["auto", "style", "content"] = "auto"
    size: int = 192
    thumbnail: tuple[int, int] = (96, 192)
    zoom: tuple[float, float] = (0.6, 1.6)
    pairs: int = 256
    renew_every: int = 2
    pixel_weight: float = 2.0
    feature_weight: float = 1.0
    gram_weight: float = 0.0

    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {
        **TrainingSettings.ranges,
        "table_learning_rate": (1e-9, 10),
        "width": (0.05, 4),
        "size": (32, 4096),
        "thumbnail": (32, 4096),
        "zoom": (0.05, 20),
        "pairs": (1, 100_000),
        "renew_every": (1, 10**9),
        "pixel_weight": (0, 1e6),
        "feature_weight": (0, 1e6),
        "gram_weight": (0, 1e6),
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        check_pairs(self, "thumbnail", "zoom")
        if self.size % 8:
            raise UsageError(f"size is {self.size}; it must be a multiple of 8.", hint="Leave it out if in doubt.")
        if not (self.pixel_weight or self.feature_weight or self.gram_weight):
            raise UsageError("All weights of the losses are 0.", hint="Leave one of them out.")
