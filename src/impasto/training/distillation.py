"""What distilling one encoder from another needs: errors that compare them, and a teacher made easy to learn from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.features.encoder import Encoder


def add(losses: Iterable[Tensor]) -> Tensor:
    """The sum of scalar losses, as a scalar tensor whatever their number but 0."""
    return torch.stack(list(losses)).sum()


def one_sided_error(raw: Tensor, target: Tensor) -> Tensor:
    """Mean squared error of features before their ReLU, over the target's mean square: where the target is 0,
    anything below is right.

    It bounds the error after the ReLU from above, and unlike that it still pulls at a channel that has died.
    """
    return F.mse_loss(torch.where(target > 0, raw, F.relu(raw)), target) / target.square().mean()


def relative_error(value: Tensor, target: Tensor, *, floor: float = 0.1) -> Tensor:
    """Mean over the batch of ‖value − target‖² / ‖target‖², each picture for itself.

    `floor` adds that share of the batch's mean to each denominator, so that an almost empty picture does not outweigh
    the rest.
    """
    axes = tuple(range(1, value.ndim))
    power = target.square().mean(axes)
    return ((value - target).square().mean(axes) / (power + floor * power.mean() + 1e-12)).mean()


@torch.no_grad()
def normalise(encoder: Encoder, pictures: Tensor) -> None:
    """Rescale the convolutions so that every layer's features have a mean square of 1 over `pictures`; directions
    stay as they are.

    ReLU and pooling commute with a positive factor, so the factor of one convolution is undone in the next.
    A student learns such features sooner, and losses on them need no scale of their own.
    """
    names = list(encoder.convolutions)
    features = encoder(pictures, [name.replace("conv", "relu") for name in names])
    before = 1.0
    for name, feature in zip(names, features.values(), strict=True):
        scale = feature.square().mean().sqrt().item()
        convolution = encoder.convolution(name)
        assert convolution.bias is not None
        convolution.weight.mul_(before / scale)
        convolution.bias.div_(scale)
        before = scale


@torch.no_grad()
def live_channels(encoder: Encoder, pictures: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
    """Indices of the channels of each layer that are not 0 on all of `pictures`."""
    return {layer: f.amax((0, 2, 3)).nonzero()[:, 0] for layer, f in encoder(pictures, layers).items()}
