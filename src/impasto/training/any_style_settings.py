"""What can be chosen about the training of every painter for any style, beside what every painter's training has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from impasto.errors import UsageError
from impasto.training.painter_settings import PainterTraining
from impasto.training.settings import check_pairs


@dataclass(frozen=True)
class AnyStyleTraining(PainterTraining):
    """Settings of a run; see `PainterTraining` for those that all painters have.

    Attributes:
        paintings_as_content: share of contents that are paintings.
        views, renew_every: how many views of style pictures are kept at hand, and after how many steps one is renewed.
        view_sides: bounds of a view's long side.
        kinds: shares of the views that are paintings, photographs and procedural styles.
        blends: share of styles that are blends of two views.
        identity_weight, identity_every: of the mean distance to the content picture where it is its own style, and how
            many steps pass from one such step to the next.
    """

    paintings_as_content: float = 0.15
    views: int = 600
    renew_every: int = 4
    view_sides: tuple[int, int] = (208, 440)
    kinds: tuple[float, float, float] = (0.68, 0.24, 0.08)
    blends: float = 0.15
    identity_weight: float = 1.0
    identity_every: int = 10

    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {
        **PainterTraining.ranges,
        "paintings_as_content": (0, 1),
        "views": (1, 1_000_000),
        "renew_every": (1, 10**9),
        "view_sides": (32, 4096),
        "kinds": (0, 1e6),
        "blends": (0, 1),
        "identity_weight": (0, 1e6),
        "identity_every": (1, 10**9),
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        check_pairs(self, "view_sides")
        if sum(self.kinds) == 0:
            raise UsageError("kinds asks for no styles at all.", hint="At least one of its numbers must be above 0.")
