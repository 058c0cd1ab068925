"""All that can be chosen about the training of `swift`, beside what every training has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from impasto.errors import UsageError
from impasto.training.settings import TrainingSettings, check_pairs


@dataclass(frozen=True)
class SwiftTraining(TrainingSettings):
    """Settings of a run; see `TrainingSettings` for those that all have.

    Attributes:
        learning_rate, head_learning_rate: of the filters (Muon) and of the perceptron that makes the codes (Adam).
        size: of the content crops, in pixels.
        thumbnail: bounds of the side to which a crop is reduced to take its statistics.
        zoom: bounds of how far content crops are reduced and enlarged.
        paintings_as_content: share of contents that are paintings.
        views, renew_every: how many views of style pictures are kept at hand, and after how many steps one is renewed.
        view_sides: bounds of a view's long side.
        kinds: shares of the views that are paintings, photographs and procedural styles.
        blends: share of styles that are blends of two views.
        content_weight: of the content loss at relu4_1, relative; it moves from the first to the second number over the
            last 40 % of the steps: textures are learnt first, then how much of them a picture bears.
        detail_weight: of the content loss at relu2_1 and relu3_1, normalised.
        gram_weight, moments_weight: of the two style losses.
        spectrum_weight: of the loss against lattices; see `losses.spectrum`.
        identity_weight, identity_every: of the mean distance to the content picture where it is its own style, and how
            many steps pass from one such step to the next.
        range_weight: of the mean square of what lies outside [0, 1].
        half, quarter, eighth, blocks, hidden: see `SwiftDesign`.
    """

    steps: int = 40_000
    learning_rate: float = 5e-3
    head_learning_rate: float = 1e-3
    size: int = 192
    thumbnail: tuple[int, int] = (96, 192)
    zoom: tuple[float, float] = (0.6, 1.6)
    paintings_as_content: float = 0.15
    views: int = 600
    renew_every: int = 4
    view_sides: tuple[int, int] = (208, 440)
    kinds: tuple[float, float, float] = (0.68, 0.24, 0.08)
    blends: float = 0.15
    content_weight: tuple[float, float] = (0.2, 0.26)
    detail_weight: float = 0.05
    gram_weight: float = 1.0
    moments_weight: float = 0.2
    spectrum_weight: float = 0.2
    identity_weight: float = 1.0
    identity_every: int = 10
    range_weight: float = 10.0
    half: int = 16
    quarter: int = 48
    eighth: int = 80
    blocks: int = 3
    hidden: int = 256

    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {
        **TrainingSettings.ranges,
        "head_learning_rate": (1e-9, 10),
        "size": (32, 4096),
        "thumbnail": (32, 4096),
        "zoom": (0.05, 20),
        "paintings_as_content": (0, 1),
        "views": (1, 1_000_000),
        "renew_every": (1, 10**9),
        "view_sides": (32, 4096),
        "kinds": (0, 1e6),
        "blends": (0, 1),
        "content_weight": (0, 1e6),
        "detail_weight": (0, 1e6),
        "gram_weight": (0, 1e6),
        "moments_weight": (0, 1e6),
        "spectrum_weight": (0, 1e6),
        "identity_weight": (0, 1e6),
        "identity_every": (1, 10**9),
        "range_weight": (0, 1e6),
        "half": (4, 1024),
        "quarter": (4, 1024),
        "eighth": (4, 1024),
        "blocks": (1, 64),
        "hidden": (4, 8192),
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        check_pairs(self, "thumbnail", "zoom", "view_sides")
        if sum(self.kinds) == 0:
            raise UsageError("kinds asks for no styles at all.", hint="At least one of its numbers must be above 0.")
        if self.size % 8:
            raise UsageError(f"size is {self.size}; it must be a multiple of 8.", hint="Leave it out if in doubt.")
