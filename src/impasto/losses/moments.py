"""Style loss: how far the mean and the covariance of a picture's features are from those of the style."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from impasto.features.layers import STYLE_LAYERS
from impasto.losses.base import BoundLoss, Features, Targets
from impasto.losses.gram import gram_and_mean


def moments(features: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and covariance of feature maps over their locations.

    Args:
        features: (B, C, H, W), any range.

    Returns:
        (B, C) and (B, C, C), in float32 or the features' own precision if that is higher.
    """
    gram, mean = gram_and_mean(features)
    return mean, gram - mean[:, :, None] * mean[:, None, :]


def moments_error(mean: Tensor, covariance: Tensor, target_mean: Tensor, target_covariance: Tensor) -> Tensor:
    """‖μ − μₛ‖² / ‖μₛ‖² + ‖C − Cₛ‖² / ‖Cₛ‖², a scalar: 0 where both agree."""
    pairs = ((mean, target_mean), (covariance, target_covariance))
    return torch.stack([(x - y).square().mean() / (y.square().mean() + 1e-8) for x, y in pairs]).sum()


@dataclass(frozen=True)
class MomentsLoss:
    """Σ over layers of weight · layer weight · `moments_error`. Our own style loss.

    A Gram matrix is covariance and mean in one, C + μμᵀ. Features after ReLU are far from 0 on average, so that nearly
    all of it is μμᵀ: a Gram loss is all but satisfied by the right colours and the right amount of each feature, with
    flat areas left flat. Taken apart, each with its own scale, which features occur together counts as much as how much
    of each there is, and strokes reach the sky. Novak & Nikulin 2016, "Improving the Neural Algorithm of Artistic
    Style" (§4.3), shift activations before the Gram matrix for the same reason; Li et al. 2017, "Demystifying Neural
    Style Transfer", match means and deviations.

    Several styles are one: the targets are the means of theirs by share.
    """

    layers: Mapping[str, float] = field(default_factory=lambda: dict.fromkeys(STYLE_LAYERS, 1 / len(STYLE_LAYERS)))
    weight: float = 1.0

    @property
    def content_layers(self) -> tuple[str, ...]:
        return ()

    @property
    def style_layers(self) -> tuple[str, ...]:
        return tuple(self.layers)

    def bind(self, targets: Targets) -> BoundLoss:
        kept = {layer: _mixed([(moments(f[layer]), share) for f, share in targets.styles]) for layer in self.layers}

        def evaluate(picture: Tensor, features: Features) -> dict[str, Tensor]:
            return {
                f"style/{layer}": self.weight * share * moments_error(*moments(features[layer]), *kept[layer])
                for layer, share in self.layers.items()
            }

        return evaluate


def _mixed(styles: list[tuple[tuple[Tensor, Tensor], float]]) -> tuple[Tensor, Tensor]:
    return (
        torch.stack([share * mean for (mean, _), share in styles]).sum(0),
        torch.stack([share * covariance for (_, covariance), share in styles]).sum(0),
    )
