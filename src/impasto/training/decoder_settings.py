"""All that can be chosen about the training of `adain` and `attention`, beside what all painters for any style have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from impasto.training.any_style_settings import AnyStyleTraining


@dataclass(frozen=True)
class AdaINTraining(AnyStyleTraining):
    """Settings of a run; see `AnyStyleTraining`, and `networks.adain` for the network."""

    family: ClassVar[Literal["adain", "attention"]] = "adain"

    steps: int = 12_000
    learning_rate: float = 3e-3
    views: int = 300
    identity_every: int = 5


@dataclass(frozen=True)
class AttentionTraining(AdaINTraining):
    """Settings of a run; see `AnyStyleTraining`, and `networks.attention` for the network.

    Attributes:
        slots, keys, heads, blocks, places: see `AttentionDesign`.
    """

    family: ClassVar[Literal["adain", "attention"]] = "attention"

    slots: int = 48
    keys: int = 32
    heads: int = 4
    blocks: int = 2
    places: int = 20

    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {
        **AdaINTraining.ranges,
        "slots": (1, 1024),
        "keys": (4, 256),
        "heads": (1, 64),
        "blocks": (0, 64),
        "places": (2, 128),
    }
