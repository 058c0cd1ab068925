"""The one protocol that every way of painting obeys, and what passes through it: weighted styles, progress, the
painting.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from impasto.pictures import Picture
    from impasto.styles.code import StyleCode

Stop = Literal["finished", "stalled", "time is up", "interrupted"]


@dataclass(frozen=True)
class WeightedStyle:
    """A style and its share; shares are divided by their sum, so 2 and 1 mean the same as 0.5 and 0.25.

    A style is a picture or, for painters that take them, a code of one.
    """

    style: Picture | StyleCode
    weight: float = 1.0


@dataclass(frozen=True)
class Progress:
    """Where a painting is. Handed to a callback; the bar, the log and the web page all read this.

    Attributes:
        scale, scales: which scale of the pyramid, counted from 1, of how many.
        size: width and height of the picture at this scale, in pixels.
        iteration, iterations: how far this scale is, and how far it may go.
        loss: the value of the whole objective.
        losses: its parts by name and layer (`style/relu3_1`), weights included; they add up to `loss`.
        seconds: since the painting began.
        fraction: of the whole work, 0 to 1.
        preview: the picture as it stands, (H, W, 3) in [0, 1], at this scale's size; computed when called.
    """

    scale: int
    scales: int
    size: tuple[int, int]
    iteration: int
    iterations: int
    loss: float
    losses: Mapping[str, float]
    seconds: float
    fraction: float
    preview: Callable[[], NDArray[np.float32]]


@dataclass(frozen=True)
class Painting:
    """A finished picture and how it came about.

    Attributes:
        stop: why it ended.
        seconds: how long it took.
        facts: what the painter used: device, precision …
        steps: how many steps, tiles or passes came into it; 0 means that it is the picture that painting began with.
    """

    picture: Picture
    stop: Stop
    seconds: float
    facts: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    steps: int = 1


ProgressCallback = Callable[[Progress], None]
ShouldStop = Callable[[], bool]

Style = TypeVar("Style")


class Painter(Protocol[Style]):
    """Paints content pictures in a style.

    `prepare` looks at the style pictures once and returns all that the painter needs to know of them; `paint` uses it
    for any number of content pictures. Pictures go in and come out at their own size.
    """

    name: str

    def prepare(self, styles: Sequence[WeightedStyle]) -> Style:
        """What this painter needs to know of the styles.

        Raises:
            UsageError: no style, a weight that is not positive and finite, or a style code where it needs pictures.
        """
        ...

    def paint(
        self,
        content: Picture,
        style: Style,
        *,
        progress: ProgressCallback | None = None,
        should_stop: ShouldStop | None = None,
    ) -> Painting:
        """Paint one picture.

        Args:
            content: the picture whose subject is kept.
            style: what `prepare` returned.
            progress: called often, from the thread that paints.
            should_stop: asked often; once it says yes, the best picture so far is returned at once.
        """
        ...
