"""The two lanes of a worker: small orders never wait for what is large, or of a quality that takes minutes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from impasto.qualities import DEFAULT_QUALITY

Lane = Literal["quick", "slow"]
QUEUES: Mapping[Lane, str] = {"quick": "painting", "slow": "painting-slow"}

_SMALL = 150_000  # pixels: what takes as long again as to begin
_DEAR = 100  # times as long as the fast painter the others take for a pixel, about


def is_quick(quality: str | None) -> bool:
    """Whether it takes no more than a look at each pixel."""
    return quality in (None, DEFAULT_QUALITY)


def lane_of(quality: str | None, pixels: int | None, *, quick_pixels: int) -> Lane:
    """
    Args:
        quality: of the order.
        pixels: of the largest picture in it; None: that is not known.
        quick_pixels: that may be painted in the quick lane.
    """
    return "quick" if is_quick(quality) and pixels is not None and pixels <= quick_pixels else "slow"


def cost_of(quality: str | None, pixels: int) -> int:
    """How long it takes, in units of some hundredths of a second; of those of one lane only the proportions matter."""
    return (1 + pixels // _SMALL) * (1 if is_quick(quality) else _DEAR)
