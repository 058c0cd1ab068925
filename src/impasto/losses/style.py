"""Style loss: how far a picture's Gram matrices are from those of the style."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor

from impasto.errors import UsageError
from impasto.features.layers import STYLE_LAYERS
from impasto.losses.base import BoundLoss, Features, Targets
from impasto.losses.gram import gram_matrix

StyleError = Literal["relative", "mean", "gatys", "mean_by_channels"]


def style_error(gram: Tensor, target: Tensor, error: StyleError = "relative") -> Tensor:
    """Squared distance of two Gram matrices (1, C, C), as a scalar.

    - `gatys`: Σ (G − A)² / (4 C²), Gatys et al. 2016, eq. 4. Theirs divides by 4 N² M² because their Gram matrix is a
      sum over the M locations; ours is a mean, which already holds the 1/M². Equal where both pictures are of one size,
      as theirs are.
    - `mean`: the mean of (G − A)², as in the TensorFlow tutorial.
    - `mean_by_channels`: `mean` / (4 C²), as in guides that keep the divisor of eq. 4 and take the mean for its sum.
    - `relative`: `mean` over the mean of A². Ours: every layer counts the same, whatever the scale of the encoder.
    """
    squared = (gram - target).square()
    if error == "gatys":
        return squared.sum() / (4 * gram.shape[-1] ** 2)
    if error == "mean":
        return squared.mean()
    if error == "mean_by_channels":
        return squared.mean() / (4 * gram.shape[-1] ** 2)
    return squared.mean() / (target.square().mean() + 1e-8)


@dataclass(frozen=True)
class GramLoss:
    """Σ over layers of weight · layer weight · `style_error`.

    Several styles are one: the target is the mean of their Gram matrices by share. For squared errors that has the same
    gradient as the sum of their losses by share, and it can reach zero.

    `unnormalised` takes Gram matrices as sums over locations (no 1/M), as PyTorch guides do. Sums grow with the
    picture, so it needs style pictures of the painting's own size.

    Raises:
        UsageError: when evaluated, if `unnormalised` and the sizes differ.
    """

    layers: Mapping[str, float] = field(default_factory=lambda: dict.fromkeys(STYLE_LAYERS, 1 / len(STYLE_LAYERS)))
    weight: float = 1.0
    error: StyleError = "relative"
    unnormalised: bool = False

    @property
    def content_layers(self) -> tuple[str, ...]:
        return ()

    @property
    def style_layers(self) -> tuple[str, ...]:
        return tuple(self.layers)

    def bind(self, targets: Targets) -> BoundLoss:
        kept = {
            layer: torch.stack([share * self._gram(features[layer]) for features, share in targets.styles]).sum(0)
            for layer in self.layers
        }
        sizes = {features[layer].shape[2:] for features, _ in targets.styles for layer in self._one_layer}

        def evaluate(picture: Tensor, features: Features) -> dict[str, Tensor]:
            if self.unnormalised and sizes != {features[layer].shape[2:] for layer in self._one_layer}:
                raise UsageError(
                    "Un-normalised Gram matrices compare only pictures of one size.", hint="Use --style-size same."
                )
            errors = {layer: style_error(self._gram(features[layer]), kept[layer], self.error) for layer in self.layers}
            return {f"style/{layer}": self.weight * share * errors[layer] for layer, share in self.layers.items()}

        return evaluate

    @property
    def _one_layer(self) -> tuple[str, ...]:
        return self.style_layers[:1]

    def _gram(self, features: Tensor) -> Tensor:
        gram = gram_matrix(features)
        return gram * (features.shape[2] * features.shape[3]) if self.unnormalised else gram
