"""What the optimiser moves: pixels themselves, or angles that can't leave the range of a picture."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor

from impasto.optimize import settings


class Parametrisation(ABC):
    """A map from the optimiser's variables (1, 3, H, W) to a picture (1, 3, H, W)."""

    @abstractmethod
    def variables(self, picture: Tensor) -> Tensor:
        """Variables whose picture is `picture` (in [0, 1]), or as near to it as lets the optimiser move on."""

    @abstractmethod
    def picture(self, variables: Tensor) -> Tensor:
        """The picture that the losses see."""

    @abstractmethod
    def project(self, variables: Tensor) -> None:
        """Bring variables back into their range after a step, in place."""


class Bounded(Parametrisation):
    """picture = sin²(variables): always in [0, 1], so what is optimised is what is saved.

    Against the logistic function, which serves the same end, its slope √(x (1 − x)) dies more slowly near black and
    white, so that saturated skies still move. Starts are kept `margin` away from both ends, where the slope is
    exactly 0.
    """

    margin = 1 / 256

    def variables(self, picture: Tensor) -> Tensor:
        return picture.clamp(self.margin, 1 - self.margin).sqrt().asin()

    def picture(self, variables: Tensor) -> Tensor:
        return variables.sin().square()

    def project(self, variables: Tensor) -> None:
        """Nothing to do: every angle has a picture."""


class Free(Parametrisation):
    """Pixels themselves, times `pixel_range`; they may leave [0, 1] on the way."""

    def __init__(self, pixel_range: float) -> None:
        self.pixel_range = pixel_range

    def variables(self, picture: Tensor) -> Tensor:
        return picture * self.pixel_range

    def picture(self, variables: Tensor) -> Tensor:
        return variables / self.pixel_range

    def project(self, variables: Tensor) -> None:
        """Nothing to do: pixels may be anywhere until the end."""


class Clipped(Free):
    """Pixels themselves, clipped to their range after each step."""

    def project(self, variables: Tensor) -> None:
        with torch.no_grad():
            variables.clamp_(0, self.pixel_range)


def parametrisation(domain: settings.Domain, pixel_range: float) -> Parametrisation:
    if domain == "bounded":
        return Bounded()
    return Clipped(pixel_range) if domain == "clipped" else Free(pixel_range)
