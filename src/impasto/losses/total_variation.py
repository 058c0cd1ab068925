"""Total variation (TV): how much neighbouring pixels differ; keeps a painting calm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from impasto.losses.base import BoundLoss, Features, Targets

Reduction = Literal["mean", "sum"]
Variation = Literal["squared", "absolute"]


def total_variation(pictures: Tensor, *, power: float = 1.0, reduction: Reduction = "mean") -> Tensor:
    """Σ ((x[i+1, j] − x[i, j])² + (x[i, j+1] − x[i, j])²)^power over channels and all pixels but last row and column.

    `power` 1 is the squared (L2) total variation; 1.25 is that of the Keras example (Chollet 2016, after Mahendran &
    Vedaldi 2015, eq. 3 with β = 2.5). `mean` divides by the number of summands; a picture one pixel high or wide has
    none and gives 0.

    Args:
        pictures: (B, C, H, W).
    """
    here = pictures[:, :, :-1, :-1]
    squared = (pictures[:, :, 1:, :-1] - here).square() + (pictures[:, :, :-1, 1:] - here).square()
    if squared.numel() == 0:
        return pictures.sum() * 0
    if power != 1.0:
        # The slope of t^power at 0 is 0 for powers above 1, but autograd's is 0 · ∞ for powers below.
        squared = (squared + 1e-12).pow(power)
    return squared.mean() if reduction == "mean" else squared.sum()


def absolute_variation(pictures: Tensor, *, reduction: Reduction = "mean") -> Tensor:
    """Σ |x[i+1, j] − x[i, j]| + Σ |x[i, j+1] − x[i, j]| over channels and every pair of neighbours.

    The anisotropic (L1) total variation; its sum is TensorFlow's `tf.image.total_variation`. `mean` divides by the
    number of pairs; a single pixel has none and gives 0.

    Args:
        pictures: (B, C, H, W).
    """
    down = (pictures[:, :, 1:] - pictures[:, :, :-1]).abs()
    right = (pictures[:, :, :, 1:] - pictures[:, :, :, :-1]).abs()
    summed = down.sum() + right.sum()
    return summed if reduction == "sum" else summed / max(1, down.numel() + right.numel())


@dataclass(frozen=True)
class TotalVariationLoss:
    """weight · variation of the picture times `range` (255 for recipes that count pixels in 0–255).

    `kind` "squared" is `total_variation` with `power`; "absolute" is `absolute_variation`, which has no power.
    """

    weight: float = 1.0
    power: float = 1.0
    reduction: Reduction = "mean"
    range: float = 1.0
    kind: Variation = "squared"

    @property
    def content_layers(self) -> tuple[str, ...]:
        return ()

    @property
    def style_layers(self) -> tuple[str, ...]:
        return ()

    def bind(self, targets: Targets) -> BoundLoss:
        def evaluate(picture: Tensor, features: Features) -> dict[str, Tensor]:
            scaled = picture * self.range
            if self.kind == "absolute":
                variation = absolute_variation(scaled, reduction=self.reduction)
            else:
                variation = total_variation(scaled, power=self.power, reduction=self.reduction)
            return {"total variation": self.weight * variation}

        return evaluate
