"""All that can be chosen about the training of `johnson`, beside what every painter's training has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from impasto.training.painter_settings import BodySettings, PainterTraining
from impasto.training.schedule import Schedule


@dataclass(frozen=True)
class JohnsonTraining(BodySettings, PainterTraining):
    """Settings of a run; see `PainterTraining` for those that all painters have, and `BodySettings`.

    Attributes:
        learning_rate, table_learning_rate: of the filters (Muon) and of what each style asks for (Adam).
        style_size: long side at which the style pictures are looked at, in pixels: the size of the marks on a content
            picture of about that size.
        blends: share of samples painted in a blend of two of the styles.
    """

    steps: int = 1500
    batch: int = 2
    learning_rate: float = 4e-3
    schedule: Schedule = "cosine"
    warm_up: int = 50
    ema: float = 0.99
    table_learning_rate: float = 3e-3
    size: int = 304
    thumbnail: tuple[int, int] = (152, 304)
    zoom: tuple[float, float] = (1.0, 1.6)
    content_weight: tuple[float, float] = (1.2, 1.2)
    detail_weight: float = 0.05
    gram_weight: float = 6.0
    moments_weight: float = 0.4
    spectrum_weight: float = 0.4
    style_size: int = 512
    blends: float = 0.1

    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {
        **PainterTraining.ranges,
        **BodySettings.body_ranges,
        "table_learning_rate": (1e-9, 10),
        "style_size": (32, 4096),
        "blends": (0, 1),
    }
