"""How a model is made one in eight bits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from impasto.records import check_ranges

LEAST = 8192
"""Weights of fewer numbers stay as they are. Small filters stand where a painter looks at the picture, where it puts
branches together and where it paints: errors show there, and there is little to gain.
"""


@dataclass(frozen=True)
class QuantiseSettings:
    """Attributes:
    weights_only: store weights in eight bits, and compute as before.
    least: weights of fewer numbers stay as they are, and so do convolutions with them.
    pictures: so many photographs at most, spread over those that there are.
    styles: in how many styles each is painted.
    side: long side of the photographs, in pixels.
    threads: see `FastSettings`.
    """

    weights_only: bool = False
    least: int = LEAST
    pictures: int = 32
    styles: int = 2
    side: int = 512
    threads: int | None = None

    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {
        "least": (1, 1 << 30),
        "pictures": (1, 10_000),
        "styles": (1, 100),
        "side": (64, 4096),
        "threads": (1, 1024),
    }

    def __post_init__(self) -> None:
        check_ranges(self, self.ranges)
