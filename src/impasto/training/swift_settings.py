"""All that can be chosen about the training of `swift`, in one flat, checked record."""

from __future__ import annotations

from dataclasses import dataclass

from impasto.errors import UsageError
from impasto.records import check_ranges


@dataclass(frozen=True)
class SwiftTraining:
    """Settings of a run.

    Attributes:
        size, batch: of the content crops, in pixels.
        thumbnail: bounds of the side to which a crop is reduced to take its statistics.
        zoom: bounds of how far content crops are reduced and enlarged.
        paintings_as_content: share of contents that are paintings.
        views, renew_every: how many views of style pictures are kept at hand, and after how many steps one is renewed.
        view_sides: bounds of a view's long side.
        kinds: shares of the views that are paintings, photographs and procedural styles.
        blends: share of styles that are blends of two views.
        learning_rate, head_learning_rate: of the filters (Muon) and of the perceptron that makes the codes (Adam).
            They rise for `warm_up` steps and fall exponentially to a hundredth.
        clip: gradients are scaled down to this norm.
        content_weight: of the content loss at relu4_1, relative; it moves from the first to the second number over the
            last 40 % of the steps: textures are learnt first, then how much of them a picture bears.
        detail_weight: of the content loss at relu2_1 and relu3_1, normalised.
        gram_weight, moments_weight: of the two style losses.
        identity_weight, identity_every: of the mean distance to the content picture where it is its own style, and how
            many steps pass from one such step to the next.
        range_weight: of the mean square of what lies outside [0, 1].
        samples_every: steps between sample sheets.
        half, quarter, eighth, blocks, hidden: see `SwiftDesign`.
    """

    steps: int = 40_000
    size: int = 192
    batch: int = 4
    thumbnail: tuple[int, int] = (96, 192)
    zoom: tuple[float, float] = (0.6, 1.6)
    paintings_as_content: float = 0.15
    views: int = 600
    renew_every: int = 4
    view_sides: tuple[int, int] = (288, 576)
    kinds: tuple[float, float, float] = (0.68, 0.24, 0.08)
    blends: float = 0.15
    learning_rate: float = 5e-3
    head_learning_rate: float = 1e-3
    warm_up: int = 100
    clip: float = 2.0
    content_weight: tuple[float, float] = (0.15, 0.3)
    detail_weight: float = 0.05
    gram_weight: float = 1.0
    moments_weight: float = 0.2
    identity_weight: float = 1.0
    identity_every: int = 10
    range_weight: float = 10.0
    ema: float = 0.999
    checkpoint_every: int = 500
    log_every: int = 50
    samples_every: int = 2000
    device: str = "auto"
    seed: int = 0
    half: int = 16
    quarter: int = 48
    eighth: int = 96
    blocks: int = 3
    hidden: int = 256

    def __post_init__(self) -> None:
        check_ranges(self, _RANGES)
        for name in ("thumbnail", "zoom", "view_sides"):
            low, high = getattr(self, name)
            if low > high:
                raise UsageError(f"{name} is {(low, high)}.", hint="The smaller number comes first.")
        if sum(self.kinds) == 0:
            raise UsageError("kinds asks for no styles at all.", hint="At least one of its numbers must be above 0.")
        if self.size % 8 or self.thumbnail[0] < 32:
            raise UsageError(
                "size must be a multiple of 8, and thumbnails have 32 pixels or more.",
                hint="Leave them out if in doubt.",
            )


_MOST = 10**9
_RANGES: dict[str, tuple[float, float]] = {
    "steps": (1, _MOST),
    "size": (32, 4096),
    "batch": (1, 1024),
    "thumbnail": (32, 4096),
    "zoom": (0.05, 20),
    "paintings_as_content": (0, 1),
    "views": (1, 1_000_000),
    "renew_every": (1, _MOST),
    "view_sides": (32, 4096),
    "kinds": (0, 1e6),
    "blends": (0, 1),
    "learning_rate": (1e-9, 10),
    "head_learning_rate": (1e-9, 10),
    "clip": (1e-6, 1e9),
    "warm_up": (1, _MOST),
    "content_weight": (0, 1e6),
    "detail_weight": (0, 1e6),
    "gram_weight": (0, 1e6),
    "moments_weight": (0, 1e6),
    "identity_weight": (0, 1e6),
    "identity_every": (1, _MOST),
    "range_weight": (0, 1e6),
    "ema": (0, 0.999999),
    "checkpoint_every": (1, _MOST),
    "log_every": (1, _MOST),
    "samples_every": (1, _MOST),
    "seed": (0, 2**32),
    "half": (4, 1024),
    "quarter": (4, 1024),
    "eighth": (4, 1024),
    "blocks": (1, 64),
    "hidden": (4, 8192),
}
