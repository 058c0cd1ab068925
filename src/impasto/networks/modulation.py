"""Modulated normalisation: the style decides how strong each feature is and where it lies.

y = (x − μ) / σ · (1 + γ) + β: adaptive instance normalisation (Huang & Belongie 2017, eq. 8) with γ and β predicted
from the style, as in conditional instance normalisation (Dumoulin et al. 2017; Ghiasi et al. 2017). Ours: μ and σ are
taken from a thumbnail of the picture and then used for the picture, so that it may be painted tile by tile with the
same numbers for all. Each normalisation directly follows a convolution, so that runtimes can fold it into the filters
once the style and the thumbnail are known.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Normalise = Callable[[Tensor], Tensor]

_FLOOR = 1e-4  # of the variance: a channel that is flat in the thumbnail must not blow up the picture's


class _Numbers:
    """A batch of vectors (B, W), read piece by piece."""

    def __init__(self, vectors: Tensor) -> None:
        self._vectors, self._place = vectors, 0

    def next(self, count: int) -> Tensor:
        """(B, count)."""
        self._place += count
        return self._vectors[:, self._place - count : self._place]


class Measure:
    """Normalises a thumbnail's features by their own statistics, and remembers how.

    Args:
        wishes: (B, W): γ and β of each normalisation, in the order in which they are met.
    """

    def __init__(self, wishes: Tensor) -> None:
        self._wishes = _Numbers(wishes)
        self._parts: list[Tensor] = []

    def __call__(self, x: Tensor) -> Tensor:
        """(B, C, H, W) → the same shape."""
        channels = x.shape[1]
        gamma, beta = self._wishes.next(channels), self._wishes.next(channels)
        exact = x.to(torch.promote_types(x.dtype, torch.float32))
        variance, mean = torch.var_mean(exact, (2, 3), correction=0)
        scale = (1 + gamma) / (variance + _FLOOR).sqrt()
        shift = beta - mean * scale
        self._parts += [scale, shift]
        return _affine(x, scale, shift)

    @property
    def modulation(self) -> Tensor:
        """(B, W): for each normalisation met so far, the factors of its channels, and what is added."""
        return torch.cat(self._parts, 1)


class Apply:
    """Normalises features as a thumbnail's were.

    Args:
        modulation: (B, W), from `Measure`.
    """

    def __init__(self, modulation: Tensor) -> None:
        self._modulation = _Numbers(modulation)

    def __call__(self, x: Tensor) -> Tensor:
        """(B, C, H, W) → the same shape."""
        channels = x.shape[1]
        scale, shift = self._modulation.next(channels), self._modulation.next(channels)
        return _affine(x, scale, shift)


def _affine(x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    shape = (*scale.shape, 1, 1)
    return x * scale.reshape(shape).to(x.dtype) + shift.reshape(shape).to(x.dtype)


class ModulatedBlock(nn.Module):
    """A residual block, x + normalise(conv(rectified(normalise(conv(x))))), in which the style decides twice."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first, self.second = convolution(channels, channels), convolution(channels, channels)

    def forward(self, x: Tensor, normalise: Normalise) -> Tensor:
        inner = rectified(normalise(self.first(x)))
        painted: Tensor = x + normalise(self.second(inner))
        return painted


def rectified(x: Tensor) -> Tensor:
    """Leaky, so that no channel dies: with plain ReLUs the painter of one long run went blank."""
    return F.leaky_relu(x, 0.1)


def convolution(inputs: int, outputs: int, *, size: int = 3, stride: int = 1) -> nn.Conv2d:
    """A convolution that keeps the size (divided by its stride). Zeros stand beyond the border: painters pad pictures
    far enough for them not to show.
    """
    return nn.Conv2d(inputs, outputs, size, stride, padding=size // 2)
