"""All that can be chosen about the training of `johnson`, beside what every painter's training has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from impasto.training.painter_settings import BodySettings, PainterTraining


@dataclass(frozen=True)
class JohnsonTraining(BodySettings, PainterTraining):
    """Settings of a run; see `PainterTraining` for those that all painters have, and `BodySettings`.

    Attributes:
        learning_rate, table_learning_rate: of the filters (Muon) and of what each style asks for (Adam).
        style_size: long side at which the style pictures are looked at, in pixels: the size of the marks on a content
            picture of about that size.
        blends: share of samples painted in a blend of two of the styles.
    """

    steps: int = 3000
    learning_rate: float = 3e-3
    table_learning_rate: float = 3e-3
    size: int = 224
    thumbnail: tuple[int, int] = (112, 224)
    zoom: tuple[float, float] = (0.7, 1.5)
    content_weight: tuple[float, float] = (0.2, 0.25)
    detail_weight: float = 0.15
    style_size: int = 512
    blends: float = 0.1
    eighth: int = 48

    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {
        **PainterTraining.ranges,
        **BodySettings.body_ranges,
        "table_learning_rate": (1e-9, 10),
        "style_size": (32, 4096),
        "blends": (0, 1),
    }
