"""What a report needs to know of a painting, kept while it is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from impasto.painters import Progress
from impasto.pictures import resize


@dataclass(frozen=True)
class Evaluation:
    """One evaluation of the objective: the scale it was made at (from 1), and the losses by name."""

    scale: int
    seconds: float
    loss: float
    losses: Mapping[str, float]


@dataclass(frozen=True)
class Moment:
    """An intermediate picture, small: (h, w, 3) of uint8; `size` is the width and height that it had."""

    scale: int
    size: tuple[int, int]
    iteration: int
    seconds: float
    loss: float
    pixels: NDArray[np.uint8]


class Recorder:
    """A progress callback that remembers every evaluation's losses and a few pictures of each scale.

    Pictures are taken at iterations 0, 1, 2, 4, 8 … because most happens early, and at the last of each scale.

    Args:
        longest_side: of the pictures kept, in pixels.
    """

    def __init__(self, *, longest_side: int = 480) -> None:
        self.longest_side = longest_side
        self.evaluations: list[Evaluation] = []
        self.sizes: dict[int, tuple[int, int]] = {}
        self._moments: list[Moment] = []
        self._latest: Progress | None = None

    def __call__(self, progress: Progress) -> None:
        if self._latest is not None and self._latest.scale != progress.scale:
            self._keep(self._latest)
        self._latest = progress
        self.sizes[progress.scale] = progress.size
        self.evaluations.append(
            Evaluation(progress.scale, progress.seconds, progress.loss, dict(progress.losses)),
        )
        # A later scale starts with the picture that the one before ended with.
        is_power_of_two = progress.iteration & (progress.iteration - 1) == 0
        if is_power_of_two and (progress.iteration > 0 or progress.scale == 1):
            self._keep(progress)

    def moments(self, each: int = 4) -> dict[int, list[Moment]]:
        """Pictures by scale, in order, at most `each` a scale and the last of each among them."""
        if self._latest is not None:
            self._keep(self._latest)
        by_scale: dict[int, list[Moment]] = {}
        for moment in self._moments:
            by_scale.setdefault(moment.scale, []).append(moment)
        return {scale: _thinned(moments, each) for scale, moments in by_scale.items()}

    def _keep(self, progress: Progress) -> None:
        if self._moments and (self._moments[-1].scale, self._moments[-1].iteration) == (
            progress.scale,
            progress.iteration,
        ):
            return
        pixels = progress.preview()
        height, width = pixels.shape[:2]
        factor = min(1.0, self.longest_side / max(height, width))
        small = resize(pixels, (max(1, round(width * factor)), max(1, round(height * factor))))
        self._moments.append(
            Moment(
                progress.scale,
                progress.size,
                progress.iteration,
                progress.seconds,
                progress.loss,
                (small * 255 + 0.5).astype(np.uint8),
            )
        )


def _thinned(moments: list[Moment], each: int) -> list[Moment]:
    """At most `each` of `moments`, evenly spread, the last always among them."""
    if len(moments) <= each:
        return moments
    places = np.linspace(0, len(moments) - 1, each).round().astype(int) if each > 1 else [len(moments) - 1]
    return [moments[place] for place in places]
