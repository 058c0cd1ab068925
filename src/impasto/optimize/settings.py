"""All that can be chosen about an optimisation, in one flat, checked record. The command line reads its defaults from
here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

from impasto.errors import UnknownNameError, UsageError
from impasto.records import check_ranges

if TYPE_CHECKING:
    from impasto.losses.base import Loss

Start = Literal["content", "style", "noise"]
Optimizer = Literal["lbfgs", "adam"]
Schedule = Literal["constant", "exponential", "cosine"]
Domain = Literal["bounded", "clipped", "free"]
Precision = Literal["auto", "float32", "bfloat16"]


def default_losses() -> tuple[Loss, ...]:
    """Our own objective: losses without a scale of their own, so that the weights mean the same for every encoder."""
    # Imported here: whoever only reads the defaults, such as the command line, need not have torch.
    from impasto.losses.content import ContentLoss
    from impasto.losses.moments import MomentsLoss
    from impasto.losses.total_variation import TotalVariationLoss

    # A little variation calms the coloured grain that the style loss doesn't mind.
    return (ContentLoss(weight=0.15, error="normalised"), MomentsLoss(weight=1.0), TotalVariationLoss(weight=2.0))


@dataclass(frozen=True)
class Settings:
    """How a picture is optimised.

    Attributes:
        losses: the parts of the objective, each with its weight and layers.
        encoder: name or weight file of the loss network.
        pooling, padding: of the encoder; padding None means what its weights were trained with.
        size: long side of the painting in pixels, or (width, height); None paints at the content picture's own size.
        style_size: "content" reduces each style picture to the area of the picture being painted times `style_scale`
            squared; "same" gives it the painted picture's very width and height, "long_side" only its long side, as
            recipes do; "own" leaves it alone.
        style_scale: size of the style's marks; 2 makes strokes twice as large.
        scales: how many scales the pyramid has, each half as large as the next; None chooses by size, 1 is no pyramid.
        coarsest: with `scales` None, no scale has a long side under this many pixels.
        iterations: steps at the full size; None means 400 for small pictures and fewer for large ones, see
            `pyramid.full_iterations`.
        coarse_iterations: steps at each smaller size.
        seconds: time for the whole painting; None means as long as it takes.
        patience, tolerance: a scale ends early once `patience` steps together lowered the loss by less than this
            share; 0 never does.
        start: the picture from which the coarsest scale starts.
        optimizer, learning_rate, betas, epsilon: L-BFGS uses the learning rate alone, as its step length.
        epsilon_hat: Adam adds `epsilon` before it corrects the bias, as TensorFlow's and Keras's do (Kingma & Ba 2015,
            end of §2, ε̂), not after, as in the paper's algorithm 1; it matters where epsilon is large.
        schedule, decay: the learning rate stays, is multiplied by `decay` at each step, or falls to 0 as a half cosine.
        history: how many steps L-BFGS remembers; None means 20, or as many as 192 MiB hold,
            but never fewer than 5.
        margin: how many pixels beyond the content's border are painted, mirrored, and cut off; recipes have none.
        domain: "bounded" optimises an angle whose squared sine is the pixel, so that no pixel ever leaves [0, 1];
            "clipped" clips after each step, "free" only once at the end, as published recipes do, which costs them
            much of what they gained.
        pixel_range: 255 makes the optimiser see pixels in 0–255, as recipes with such learning rates expect.
        precision: bfloat16 for the encoder's convolutions where the processor has it ("auto"), or float32.
        checkpointing: recompute features in the backward pass; less memory for more time.
        device: "auto", "cpu", "cuda" …
        seed: of the noise.
    """

    losses: tuple[Loss, ...] = field(default_factory=default_losses)
    encoder: str = "lite"
    pooling: Literal["max", "average"] = "max"
    padding: Literal["zero", "reflect", "replicate"] | None = None
    size: int | tuple[int, int] | None = None
    style_size: Literal["content", "same", "long_side", "own"] = "content"
    style_scale: float = 1.0
    scales: int | None = None
    coarsest: int = 160
    iterations: int | None = None
    coarse_iterations: int = 60
    seconds: float | None = None
    patience: int = 20
    tolerance: float = 0.001
    start: Start = "content"
    optimizer: Optimizer = "lbfgs"
    learning_rate: float = 1.0
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-8
    epsilon_hat: bool = False
    schedule: Schedule = "constant"
    decay: float = 0.99
    history: int | None = None
    margin: int = 16
    domain: Domain = "bounded"
    pixel_range: float = 1.0
    precision: Precision = "auto"
    checkpointing: bool = False
    device: str = "auto"
    seed: int = 0

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise UnknownNameError(name.replace("_", " "), str(getattr(self, name)), choices)
        check_ranges(self, _RANGES)
        if not self.losses:
            raise UsageError("There is nothing to optimise.", hint="Name at least one loss.")


_CHOICES: dict[str, tuple[str, ...]] = {
    "start": get_args(Start),
    "optimizer": get_args(Optimizer),
    "schedule": get_args(Schedule),
    "domain": get_args(Domain),
    "precision": get_args(Precision),
    "pooling": ("max", "average"),
    "style_size": ("content", "same", "long_side", "own"),
}

_RANGES: dict[str, tuple[float, float]] = {
    "size": (1, 100_000),
    "style_scale": (0.05, 20),
    "scales": (1, 16),
    "coarsest": (1, 100_000),
    "iterations": (1, 1_000_000),
    "coarse_iterations": (1, 1_000_000),
    "seconds": (1e-9, math.inf),
    "patience": (0, 1_000_000),
    "tolerance": (0, 1),
    "learning_rate": (1e-12, 1e6),
    "decay": (1e-6, 1),
    "history": (1, 1000),
    "margin": (0, 1000),
    "pixel_range": (1, 65535),
    "seed": (0, 2**63 - 1),
}
