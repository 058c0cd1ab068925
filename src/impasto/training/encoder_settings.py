"""All that can be chosen about the training of an encoder, in one flat, checked record."""

from __future__ import annotations

from dataclasses import dataclass

from impasto.errors import UsageError
from impasto.features.architectures import LITE
from impasto.records import check_ranges


@dataclass(frozen=True)
class EncoderTraining:
    """Settings of a run, saved beside its checkpoint; a run is resumed only under the settings it began with (but for
    `steps`, which may be changed to make it longer or shorter).

    `blocks` are the student's channels (see `Architecture`). `mix` is how many crops of a batch are photos,
    paintings, blends and unfinished paintings; `zoom` bounds how far they are reduced and enlarged. The learning rate
    falls exponentially from `learning_rate` to a hundredth of it: Muon's steps are as long as the rate whatever the
    gradient, so that the error cannot fall below what the rate allows. `content_weight` is that of the features of
    the content layer, the other layers' being 1, and `hint_weight` that of the layers between them (FitNets, Romero et
    al. 2015), whose first channels are then matched too. `pool` unfinished paintings are kept, each replaced after
    `lifetime` steps of its own.
    """

    steps: int = 16_000
    size: int = 128
    mix: tuple[int, int, int, int] = (1, 1, 1, 2)
    zoom: tuple[float, float] = (0.5, 2.5)
    learning_rate: float = 8e-3
    warm_up: int = 200
    content_weight: float = 2.0
    gram_weight: float = 2.0
    hint_weight: float = 4.0
    gradient_weight: float = 0.0
    gradient_from: int = 2_000
    gradient_crops: int = 2
    pool: int = 48
    lifetime: int = 240
    advance_every: int = 24
    advance_crops: int = 6
    advance_steps: int = 10
    full_precision_from: float = 0.9
    ema: float = 0.999
    checkpoint_every: int = 500
    log_every: int = 50
    device: str = "auto"
    seed: int = 0
    blocks: tuple[tuple[int, ...], ...] = LITE.blocks

    def __post_init__(self) -> None:
        check_ranges(self, _RANGES)
        if sum(self.mix) == 0:
            raise UsageError(
                "mix asks for no pictures at all.", hint="At least one of its four numbers must be above 0."
            )
        if self.zoom[0] > self.zoom[1]:
            raise UsageError(f"zoom is {self.zoom}.", hint="The smaller number comes first.")
        if len(self.blocks) != 5 or len(self.blocks[3]) < 2:
            raise UsageError(
                "blocks does not reach the layers that are matched.",
                hint="It must hold five blocks, the fourth with two convolutions or more.",
            )


_MOST = 10**9
_RANGES: dict[str, tuple[float, float]] = {
    "steps": (1, _MOST),
    "size": (16, 4096),
    "mix": (0, 1024),
    "zoom": (0.05, 20),
    "learning_rate": (1e-9, 10),
    "warm_up": (1, _MOST),
    "content_weight": (0, 1e6),
    "gram_weight": (0, 1e6),
    "hint_weight": (0, 1e6),
    "gradient_weight": (0, 1e6),
    "gradient_from": (0, _MOST),
    "gradient_crops": (1, 1024),
    "pool": (1, 4096),
    "lifetime": (1, 100_000),
    "advance_every": (1, _MOST),
    "advance_crops": (1, 1024),
    "advance_steps": (1, 1000),
    "full_precision_from": (0, 1),
    "ema": (0, 0.999999),
    "checkpoint_every": (1, _MOST),
    "log_every": (1, _MOST),
    "seed": (0, 2**32),
    "blocks": (1, 4096),
}
