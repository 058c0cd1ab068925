"""All that can be chosen about the training of translators: `pix2pix` and `cyclegan`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from impasto.errors import UsageError
from impasto.losses.objectives import Objective
from impasto.networks.translator_design import MULTIPLE, TranslatorDesign
from impasto.training.critic_settings import CriticSettings
from impasto.training.schedule import Schedule
from impasto.training.settings import TrainingSettings

Channels = Literal[1, 3]


@dataclass(frozen=True)
class TranslatorTraining(CriticSettings, TrainingSettings):
    """Settings of a run; see `TrainingSettings` for those that all have, and `CriticSettings`.

    Attributes:
        size: of the crops, in pixels.
        mirror: whether half of the crops are mirrored, left for right.
        source_channels, target_channels: of the domains: 3 (colour) or 1 (gray).
        full, half, quarter, blocks: see `TranslatorDesign`.
    """

    steps: int = 10_000
    learning_rate: float = 1e-3
    schedule: Schedule = "cosine"
    clip: float = 100.0
    size: int = 128
    mirror: bool = True
    source_channels: Channels = 3
    target_channels: Channels = 3
    full: int = 12
    half: int = 24
    quarter: int = 64
    blocks: int = 4

    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {
        **TrainingSettings.ranges,
        **CriticSettings.critic_ranges,
        "size": (32, 4096),
        "source_channels": (1, 3),
        "target_channels": (1, 3),
        "full": (4, 1024),
        "half": (4, 1024),
        "quarter": (4, 1024),
        "blocks": (1, 64),
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.size % MULTIPLE:
            raise UsageError(f"size is {self.size}; it must be a multiple of {MULTIPLE}.", hint="Try 128.")
        self.check_critic(self.size)
        for name in ("source_channels", "target_channels"):
            if getattr(self, name) == 2:
                raise UsageError(f"{name} is 2.", hint="Give 3 for colour, or 1 for gray.")

    def design(self, *, back: bool = False) -> TranslatorDesign:
        """Of the network from the source to the target, or of that on the way back."""
        source, target = self.source_channels, self.target_channels
        if back:
            source, target = target, source
        return TranslatorDesign(source, target, self.full, self.half, self.quarter, self.blocks)


@dataclass(frozen=True)
class Pix2PixTraining(TranslatorTraining):
    """Settings of a run; see `TranslatorTraining`.

    Attributes:
        pixel_weight: of the mean absolute difference to the true picture.
    """

    pixel_weight: float = 100.0

    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {**TranslatorTraining.ranges, "pixel_weight": (0, 1e6)}


@dataclass(frozen=True)
class CycleGANTraining(TranslatorTraining):
    """Settings of a run; see `TranslatorTraining`.

    Attributes:
        batch: one, as in the paper: many steps help the game more than steady ones.
        critic_layers: two: patches of 34 pixels. Critics that saw more won too soon.
        penalty_weight: of the critics' steepness, see `gradient_penalty`. Without it they win sooner or later, and who
            always loses does not learn; with 0.03 painters leapt, and with 0.3 critics learnt more slowly.
        cycle_weight: of the mean absolute difference between a picture and what comes back of it.
        cycle_noise: deviation of the noise on a picture before it comes back (Bashkirova et al. 2019, "Adversarial
            Self-Defense for Cycle-Consistent GANs"): painters otherwise hide in faint grids what they should show.
        mirror_from: share of the steps after which it is also mirrored at random before it comes back, left for right
            and top for bottom: otherwise one way may move all by some pixels, and the other move it back. From the
            beginning it led into negatives, or shapes went far astray. 1: never.
        light_weight: of how much lighter or darker a translation is than the picture, as far as one domain is not
            lighter than the other as a whole; see `lightness_error`. Where a mapping and its negative would please the
            critics alike, 3 decides for the one that keeps light and dark in place. By default 0: a meadow in snow, or
            a brain by another sequence, does not.
        identity_weight: of the mean absolute difference between a picture of the target and its own translation to
            there, relative to the cycle's; only where both domains have the same channels. It holds colours, and holds
            translators between domains of different colours where they begin, which is with the picture itself.
        pool: how many painted pictures the critics are shown again later (Shrivastava et al. 2017), of each domain.
    """

    batch: int = 1
    critic_learning_rate: float = 1e-3
    critic_layers: int = 2
    objective: Objective = "least-squares"
    penalty_weight: float = 0.1
    cycle_weight: float = 1.0
    cycle_noise: float = 0.03
    mirror_from: float = 0.25
    light_weight: float = 0.0
    identity_weight: float = 0.0
    pool: int = 48

    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {
        **TranslatorTraining.ranges,
        "penalty_weight": (0, 1e6),
        "cycle_weight": (0, 1e6),
        "cycle_noise": (0, 1),
        "mirror_from": (0, 1),
        "light_weight": (0, 1e6),
        "identity_weight": (0, 1e6),
        "pool": (0, 100_000),
    }
