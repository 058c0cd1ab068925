"""What every loss looks like: a few numbers that describe it, bound to pictures once, then evaluated many times."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

Features = Mapping[str, Tensor]
"""Feature maps by layer name, each (1, C, H, W)."""

BoundLoss = Callable[[Tensor, Features], dict[str, Tensor]]
"""(picture (1, 3, H, W) in [0, 1], its features) → weighted terms by name, such as `style/relu3_1`."""


@dataclass(frozen=True)
class Targets:
    """What a loss may compare with: features of the content picture, and of each style picture with its share.

    Shares add up to 1.
    """

    content: Features
    styles: Sequence[tuple[Features, float]]


class Loss(Protocol):
    """One part of the objective. Implementations are frozen dataclasses, so that a recipe prints as itself."""

    @property
    def content_layers(self) -> tuple[str, ...]:
        """Layers at which the content picture's features are needed."""
        ...

    @property
    def style_layers(self) -> tuple[str, ...]:
        """Layers at which the style pictures' features are needed."""
        ...

    def bind(self, targets: Targets) -> BoundLoss:
        """The loss against these targets. Called without gradients; must keep no more of `targets` than it needs."""
        ...


def full_precision(tensor: Tensor) -> Tensor:
    """`tensor` in float32 or better: sums over a layer overflow float16 and lose their digits in bfloat16."""
    return tensor if tensor.dtype == torch.float64 else tensor.float()
