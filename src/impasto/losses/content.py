"""Content loss: how far a picture's features are from those of the content picture, place by place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from torch import Tensor

from impasto.losses.base import BoundLoss, Features, Targets, full_precision
from impasto.losses.normalised import normalised_error

ContentError = Literal["relative", "mean", "half_sum", "normalised"]


def content_error(features: Tensor, target: Tensor, error: ContentError = "relative") -> Tensor:
    """Squared distance of two feature maps (B, C, H, W), as a scalar.

    - `half_sum`: ½ Σ (F − P)², Gatys et al. 2016, eq. 1.
    - `mean`: the mean of (F − P)², as in the Keras and TensorFlow tutorials.
    - `relative`: `mean` over the mean of P². Ours: independent of the size of the picture and the scale of the
      encoder, so that weights mean the same for every encoder and layer.
    - `normalised`: half the `mean` of the maps with each channel shifted and scaled to mean 0 and deviation 1: one
      minus the correlation of the two maps, averaged over channels. Ours: it asks where a feature is stronger and
      weaker, not how strong it is, which is the style's to say, so that the two do not pull against each other. A
      channel without variation counts for nothing. Differentiable once.
    """
    if error == "normalised":
        return normalised_error(features, target)
    features, target = full_precision(features), full_precision(target)
    squared = (features - target).square()
    if error == "half_sum":
        return squared.sum() / 2
    if error == "mean":
        return squared.mean()
    return squared.mean() / (target.square().mean() + 1e-8)


@dataclass(frozen=True)
class ContentLoss:
    """Σ over layers of weight · layer weight · `content_error`."""

    layers: Mapping[str, float] = field(default_factory=lambda: {"relu4_1": 1.0})
    weight: float = 1.0
    error: ContentError = "relative"

    @property
    def content_layers(self) -> tuple[str, ...]:
        return tuple(self.layers)

    @property
    def style_layers(self) -> tuple[str, ...]:
        return ()

    def bind(self, targets: Targets) -> BoundLoss:
        kept = {layer: targets.content[layer] for layer in self.layers}

        def evaluate(picture: Tensor, features: Features) -> dict[str, Tensor]:
            return {
                f"content/{layer}": self.weight * share * content_error(features[layer], kept[layer], self.error)
                for layer, share in self.layers.items()
            }

        return evaluate
