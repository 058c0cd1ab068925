"""What distilling one encoder from another needs: errors that compare them, and a teacher made easy to learn from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from impasto.features.architectures import Architecture
from impasto.features.encoder import Encoder


def add(losses: Iterable[Tensor]) -> Tensor:
    """The sum of scalar losses, as a scalar tensor whatever their number but 0."""
    return torch.stack(list(losses)).sum()


def one_sided_error(raw: Tensor, target: Tensor) -> Tensor:
    """Mean squared error of features before their ReLU, over the target's mean square: where the target is 0,
    anything below is right.

    It bounds the error after the ReLU from above, and unlike that it still pulls at a channel that has died.

    Args:
        raw: any shape; its gradient is that of the error as written.
        target: the same shape; it is taken as constant.
    """
    error: Tensor = _OneSidedError.apply(raw, target)  # type: ignore[no-untyped-call]
    return error


class _OneSidedError(torch.autograd.Function):
    """In one pass each way; composed of torch's own operations it would take a third of a training step."""

    @staticmethod
    def forward(ctx: Any, raw: Tensor, target: Tensor) -> Tensor:
        exact = torch.promote_types(raw.dtype, torch.float32)
        target = target.to(raw.dtype)
        error = raw - target
        error = torch.where(target > 0, error, error.clamp_min(0))
        scale = target.square().sum(dtype=exact)
        ctx.save_for_backward(error, scale)
        return error.square().sum(dtype=exact) / scale

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        error, scale = ctx.saved_tensors
        return error * (2 * gradient / scale).to(error.dtype), None


def relative_error(value: Tensor, target: Tensor, *, floor: float = 0.1) -> Tensor:
    """The mean over the batch of `relative_errors`."""
    return relative_errors(value, target, floor=floor).mean()


def relative_errors(value: Tensor, target: Tensor, *, floor: float = 0.1) -> Tensor:
    """‖value − target‖² / ‖target‖² of each picture of a batch, whatever the others are: (B,).

    `floor` adds that share of ‖value − target‖² to the denominator: small errors stay as they are, and none is above
    1 / `floor`, so that an almost empty picture does not outweigh the rest.
    """
    axes = tuple(range(1, value.ndim))
    error = (value - target).square().mean(axes)
    return error / (target.square().mean(axes) + floor * error + 1e-12)


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
def prune(encoder: Encoder, live: Mapping[str, Tensor]) -> Encoder:
    """The encoder without the channels that `live` does not name, for the layers that it does: the same features, as
    what is left out is 0 everywhere.
    """
    assert isinstance(encoder.architecture, Architecture)
    blocks = [list(block) for block in encoder.architecture.blocks]
    for layer, channels in live.items():
        block, number = layer.removeprefix("relu").split("_")
        blocks[int(block) - 1][int(number) - 1] = len(channels)
    pruned = Encoder(
        Architecture(tuple(tuple(block) for block in blocks)),
        layers=[name.replace("conv", "relu") for name in encoder.convolutions],
        padding=encoder.padding,
        pooling=encoder.pooling,
        name=encoder.name,
    )
    pruned.input_affine.load_state_dict(encoder.input_affine.state_dict())
    inputs = torch.arange(3)
    for name in encoder.convolutions:
        old, new = encoder.convolution(name), pruned.convolution(name)
        outputs = live.get(name.replace("conv", "relu"), torch.arange(old.out_channels)).cpu()
        new.weight.copy_(old.weight.cpu()[outputs][:, inputs])
        assert old.bias is not None
        assert new.bias is not None
        new.bias.copy_(old.bias.cpu()[outputs])
        inputs = outputs
    return pruned


@torch.no_grad()
def live_channels(encoder: Encoder, pictures: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
    """Indices of the channels of each layer that are not 0 on all of `pictures`."""
    return {layer: f.amax((0, 2, 3)).nonzero()[:, 0] for layer, f in encoder(pictures, layers).items()}
