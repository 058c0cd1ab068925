"""All that can be chosen about the training of an encoder, beside what every training has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from impasto.errors import UsageError
from impasto.features.architectures import LITE
from impasto.training.settings import TrainingSettings, check_pairs

_MOST = 10**9


@dataclass(frozen=True)
class EncoderTraining(TrainingSettings):
    """Settings of a run; see `TrainingSettings` for those that all have.

    Attributes:
        learning_rate: Muon's steps are as long as the rate whatever the gradient, so that the error cannot fall below
            what the rate allows.
        size: of the crops, in pixels.
        mix: how many crops of a batch, or of each equal part of it, are photos, paintings, blends and unfinished
            paintings.
        zoom: bounds of how far crops are reduced and enlarged.
        content_weight: of the features of the content layer, the other layers' being 1.
        gram_weight: of the Gram matrices.
        hint_weight: of the layers between them (FitNets, Romero et al. 2015), whose first channels are then matched
            too.
        gradient_weight, gradient_from, gradient_crops: of the gradient of the style loss; from which step on; on how
            many crops of a batch.
        pool, lifetime: how many unfinished paintings are kept, and after how many steps of its own each is replaced.
        advance_every, advance_crops, advance_steps: after how many steps of the training how many of them are taken how
            many steps further.
        full_precision_from: share of the steps after which all is computed in float32.
        architecture: of the student: plain convolutions as VGG's (`vgg`), or MobileNetV2's inverted residuals
            (`mobilenet`), which has the style layers alone, each as wide as what is alive of the teacher there.
        blocks: channels of a `vgg`; see `Architecture`.
        width: of a `mobilenet`, as a multiple of the published one's; see `MobileArchitecture`.
    """

    steps: int = 16_000
    batch: int = 5
    learning_rate: float = 8e-3
    warm_up: int = 200
    clip: float = 1.0
    size: int = 128
    mix: tuple[int, int, int, int] = (1, 1, 1, 2)
    zoom: tuple[float, float] = (0.5, 2.5)
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
    architecture: Literal["vgg", "mobilenet"] = "vgg"
    blocks: tuple[tuple[int, ...], ...] = LITE.blocks
    width: float = 0.5

    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {
        **TrainingSettings.ranges,
        "size": (16, 4096),
        "mix": (0, 1024),
        "zoom": (0.05, 20),
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
        "blocks": (1, 4096),
        "width": (0.05, 8),
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        check_pairs(self, "zoom")
        self._check_mix()
        if len(self.blocks) != 5 or len(self.blocks[3]) < 2:
            raise UsageError(
                "blocks does not reach the layers that are matched.",
                hint="It must hold five blocks, the fourth with two convolutions or more.",
            )

    def _check_mix(self) -> None:
        crops = sum(self.mix)
        if crops == 0:
            raise UsageError(
                "mix asks for no pictures at all.", hint="At least one of its four numbers must be above 0."
            )
        if self.batch % crops:
            raise UsageError(
                f"A batch of {self.batch} is not made of mixes of {crops}.", hint=f"Make it a multiple of {crops}."
            )
        if self.mix[3] * (self.batch // crops) > self.pool:
            raise UsageError(
                f"A pool of {self.pool} is too small for the unfinished paintings of a batch.", hint="Make it larger."
            )
