"""Modulated normalisation: the style decides how strong each feature is and where it lies."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

_FLOOR = 1e-4  # of the variance: a channel that is flat in the thumbnail must not blow up the picture's


@dataclass
class ContentStatistics:
    """Mean and deviation of a content picture's features before each modulated normalisation, in the order met.

    They are taken from a thumbnail of the picture and then used for the picture: so the picture may be painted tile by
    tile, and a clip frame by frame, with the same statistics for all.
    """

    means: list[Tensor] = field(default_factory=list)  # (B, C, 1, 1) each
    deviations: list[Tensor] = field(default_factory=list)

    def of(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Take the statistics of the next (B, C, H, W) and keep them."""
        exact = features.float()
        variance, mean = torch.var_mean(exact, (2, 3), correction=0, keepdim=True)
        self.means.append(mean)
        self.deviations.append((variance + _FLOOR).sqrt())
        return self.means[-1], self.deviations[-1]


class Pass:
    """One way through a network: hands each normalisation its statistics and its part of the style code, in turn.

    Args:
        code: (B, D), split among the normalisations in the order in which they are met.
        known: statistics of a thumbnail; None takes them from the features themselves, as instance normalisation does
            (Ulyanov et al. 2016).
    """

    def __init__(self, code: Tensor, known: ContentStatistics | None = None) -> None:
        self.code, self.known, self.taken = code, known, ContentStatistics()
        self._place = self._count = 0

    def normalise(self, x: Tensor) -> Tensor:
        """(x − μ) / σ · (1 + γ) + β, with γ and β from the style code.

        Adaptive instance normalisation (Huang & Belongie 2017, eq. 8) with γ and β predicted, as in conditional
        instance normalisation (Dumoulin et al. 2017; Ghiasi et al. 2017), and with μ and σ of a thumbnail.
        """
        channels = x.shape[1]
        part = self.code[:, self._place : self._place + 2 * channels, None, None]
        gamma, beta = part[:, :channels], part[:, channels:]
        if self.known is None:
            mean, deviation = self.taken.of(x)
        else:
            mean, deviation = self.known.means[self._count], self.known.deviations[self._count]
        self._place, self._count = self._place + 2 * channels, self._count + 1
        scale = (1 + gamma) / deviation
        normalised: Tensor = x * scale.to(x.dtype) + (beta - mean * scale).to(x.dtype)
        return normalised


class ModulatedBlock(nn.Module):
    """x + conv(relu(normalise(conv(x)))): a residual block whose inner features the style modulates."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first, self.second = convolution(channels, channels), convolution(channels, channels)

    def forward(self, x: Tensor, style: Pass) -> Tensor:
        inner = torch.relu(style.normalise(self.first(x)))
        painted: Tensor = x + self.second(inner)
        return painted


def convolution(inputs: int, outputs: int, *, size: int = 3, stride: int = 1) -> nn.Conv2d:
    """A convolution that keeps the size (divided by its stride). Zeros stand beyond the border: painters pad pictures
    far enough for them not to show.
    """
    return nn.Conv2d(inputs, outputs, size, stride, padding=size // 2)
