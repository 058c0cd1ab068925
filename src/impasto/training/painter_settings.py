"""What can be chosen about the training of every painter that a loss network judges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from impasto.errors import UsageError
from impasto.training.settings import TrainingSettings, check_pairs


@dataclass(frozen=True)
class PainterTraining(TrainingSettings):
    """Settings of a run; see `TrainingSettings` for those that all have.

    Attributes:
        size: of the content crops, in pixels.
        thumbnail: bounds of the side to which a crop is reduced to take its statistics.
        zoom: bounds of how far content crops are reduced and enlarged.
        content_weight: of the content loss at relu4_1, relative; it moves from the first to the second number over the
            last 40 % of the steps: textures are learnt first, then how much of them a picture bears.
        detail_weight: of the content loss at relu2_1 and relu3_1, normalised.
        gram_weight, moments_weight: of the two style losses.
        spectrum_weight: of the loss against lattices; see `losses.spectrum`.
        range_weight: of the mean square of what lies outside [0, 1].
    """

    size: int = 192
    thumbnail: tuple[int, int] = (96, 192)
    zoom: tuple[float, float] = (0.6, 1.6)
    content_weight: tuple[float, float] = (0.2, 0.26)
    detail_weight: float = 0.05
    gram_weight: float = 1.0
    moments_weight: float = 0.2
    spectrum_weight: float = 0.2
    range_weight: float = 10.0

    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {
        **TrainingSettings.ranges,
        "size": (32, 4096),
        "thumbnail": (32, 4096),
        "zoom": (0.05, 20),
        "content_weight": (0, 1e6),
        "detail_weight": (0, 1e6),
        "gram_weight": (0, 1e6),
        "moments_weight": (0, 1e6),
        "spectrum_weight": (0, 1e6),
        "range_weight": (0, 1e6),
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        check_pairs(self, "thumbnail", "zoom")
        if self.size % 8:
            raise UsageError(f"size is {self.size}; it must be a multiple of 8.", hint="Leave it out if in doubt.")


@dataclass(frozen=True)
class BodySettings:
    """The part of a training's settings that says how large its content side is.

    Attributes:
        half, quarter, eighth, blocks: see `ContentDesign`.
    """

    half: int = 16
    quarter: int = 48
    eighth: int = 80
    blocks: int = 3

    body_ranges: ClassVar[Mapping[str, tuple[float, float]]] = {
        "half": (4, 1024),
        "quarter": (4, 1024),
        "eighth": (4, 1024),
        "blocks": (1, 64),
    }
