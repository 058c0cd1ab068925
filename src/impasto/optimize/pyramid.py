"""The pyramid: from which size to which size a painting grows, and how much work each scale may take."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from impasto.optimize.settings import Settings
from impasto.pictures.resize import painted_size

Size = tuple[int, int]


@dataclass(frozen=True)
class Scale:
    """One scale: (width, height) in pixels, the steps it may take, and the share of the whole work done before and
    after it.
    """

    size: Size
    iterations: int
    begins: float
    ends: float


def plan(content: Size, settings: Settings) -> list[Scale]:
    """The scales of a painting, coarsest first. Work is counted as steps times pixels."""
    full = painted_size(content, settings.size)
    count = settings.scales
    if count is None:
        count = 1
        while max(full) / 2**count >= settings.coarsest:
            count += 1
    sizes = [_scaled(full, 0.5**k) for k in reversed(range(count))]
    iterations = [settings.coarse_iterations] * (count - 1) + [full_iterations(full, settings)]
    work = [n * width * height for n, (width, height) in zip(iterations, sizes, strict=True)]
    ends = _running_shares(work)
    return [
        Scale(size, n, begin, end)
        for size, n, begin, end in zip(sizes, iterations, [0.0, *ends[:-1]], ends, strict=True)
    ]


def full_iterations(full: Size, settings: Settings) -> int:
    """Steps at the full size: as `settings.iterations` asks, else 400 up to 512 × 512 pixels, 200 at 1024 × 1024, and
    so on down to 100.

    A large picture comes from scales that have settled all but its finest marks; what more steps gain is not seen,
    and a step costs as much as the picture is large.
    """
    if settings.iterations is not None:
        return settings.iterations
    return max(100, min(400, round(400 * 512 / math.sqrt(full[0] * full[1]))))


def style_size(style: Size, painted: Size, settings: Settings) -> Size:
    """(width, height) at which a style picture is looked at beside a picture of size `painted`. Never enlarged unless
    asked for.
    """
    if settings.style_size == "same":
        return painted
    if settings.style_size == "own":
        return _scaled(style, settings.style_scale)
    if settings.style_size == "long_side":
        return _scaled(style, max(painted) / max(style) * settings.style_scale)
    factor = (painted[0] * painted[1] / (style[0] * style[1])) ** 0.5
    return _scaled(style, min(factor, 1.0) * settings.style_scale)


def _running_shares(work: Sequence[int]) -> list[float]:
    total, done, shares = sum(work), 0, []
    for part in work:
        done += part
        shares.append(done / total)
    return shares


def _scaled(size: Size, factor: float) -> Size:
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))
