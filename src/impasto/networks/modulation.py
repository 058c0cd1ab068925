"""Modulated normalisation: the style decides how strong each feature is and where it lies.

y = (x − μ) / σ · (1 + γ) + β: adaptive instance normalisation (Huang & Belongie 2017, eq. 8) with γ and β predicted
from the style, as in conditional instance normalisation (Dumoulin et al. 2017; Ghiasi et al. 2017). Ours: μ and σ are
taken from a thumbnail of the picture and then used for the picture, so that it may be painted tile by tile with the
same numbers for all. Each normalisation directly follows a convolution, so that runtimes can fold it into the filters
once the style and the thumbnail are known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Normalise = Callable[[Tensor], Tensor]

_FLOOR = 1e-4  # of the variance: a channel that is flat in the thumbnail must not blow up the picture's


class _Numbers:
    """A batch of vectors (B, W), read piece by piece: two of each normalisation."""

    def __init__(self, vectors: Tensor, channels: Sequence[int]) -> None:
        pieces = torch.split(vectors[:, :, None, None], [count for count in channels for _ in range(2)], 1)
        self._pieces = iter(pieces)  # one split, not many slices: exported, that is one node

    def next(self) -> tuple[Tensor, Tensor]:
        """(B, C, 1, 1) each."""
        return next(self._pieces), next(self._pieces)


class Measure:
    """Normalises a thumbnail's features by their own statistics, and remembers how.

    Args:
        wishes: (B, W): γ and β of each normalisation, in the order in which they are met.
        channels: of each.
    """

    def __init__(self, wishes: Tensor, channels: Sequence[int]) -> None:
        self._wishes = _Numbers(wishes, channels)
        self._parts: list[Tensor] = []

    def __call__(self, x: Tensor) -> Tensor:
        """(B, C, H, W) → the same shape."""
        gamma, beta = self._wishes.next()
        exact = x.to(torch.promote_types(x.dtype, torch.float32))
        mean = exact.mean((2, 3), keepdim=True)
        centred = exact - mean
        scale = (1 + gamma) / ((centred * centred).mean((2, 3), keepdim=True) + _FLOOR).sqrt()
        self._parts += [scale, beta - mean * scale]
        return (centred * scale + beta).to(x.dtype)

    @property
    def modulation(self) -> Tensor:
        """(B, W): for each normalisation met so far, the factors of its channels, and what is added."""
        return torch.cat(self._parts, 1)[:, :, 0, 0]


class Apply:
    """Normalises features as a thumbnail's were.

    Args:
        modulation: (B, W), from `Measure`.
        channels: of each normalisation.
    """

    def __init__(self, modulation: Tensor, channels: Sequence[int]) -> None:
        self._modulation = _Numbers(modulation, channels)

    def __call__(self, x: Tensor) -> Tensor:
        """(B, C, H, W) → the same shape."""
        scale, shift = self._modulation.next()
        return x * scale.to(x.dtype) + shift.to(x.dtype)


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


def convolution(inputs: int, outputs: int, *, size: int = 3, stride: int = 1, bias: bool = True) -> nn.Conv2d:
    """A convolution that keeps the size (divided by its stride). Zeros stand beyond the border: painters pad pictures
    far enough for them not to show.
    """
    return nn.Conv2d(inputs, outputs, size, stride, padding=size // 2, bias=bias)
