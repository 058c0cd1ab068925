"""Arbitrary style by adaptive instance normalisation.

Huang & Belongie 2017, "Arbitrary Style Transfer in Real-time with Adaptive Instance Normalization": the content
picture's features at relu4_1 are given the style's mean and deviation, channel by channel (eq. 8), and a decoder, the
mirror image of the encoder, makes a picture of them.

Ours: μ and σ of the content come from a thumbnail, so that tiles are exact; the decoder is trained with the losses that
all our painters have (`training.painter_losses`), so that families can be compared, and it pads with zeros, as painters
mirror pictures beyond their borders anyway.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from impasto.features.encoder import Encoder
from impasto.networks.inside_out import enlarged, invertible, margin, stages

LAYER = "relu4_1"
_FLOOR = 1e-5  # of the variance, as in the paper's code


class AdaINStyle(nn.Module):
    """Style pictures to codes: mean and deviation of each channel."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.encoder, self.head = encoder, nn.Identity()

    def forward(self, pictures: Tensor) -> Tensor:
        """(B, 3, H, W), RGB in [0, 1] → (B, 2·C)."""
        return self.statistics(pictures)

    def statistics(self, pictures: Tensor) -> Tensor:
        """The same: there is nothing to learn about it."""
        return mean_and_deviation(self.encoder(pictures, (LAYER,))[LAYER])


class AdaINNetwork(nn.Module):
    """The painter.

    Args:
        encoder: stays as it is.

    Raises:
        UsageError: see `inside_out.invertible`.
    """

    family = "adain"

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.encoder = encoder.requires_grad_(False)
        self.style = AdaINStyle(self.encoder)
        self.decoder = nn.ModuleList(stages(invertible(encoder)))

    @property
    def code_length(self) -> int:
        """Numbers in a style code."""
        return 2 * self.encoder.architecture.channels(LAYER)

    @property
    def margin(self) -> int:
        """See `inside_out.margin`."""
        return margin(invertible(self.encoder), self.decoder)

    def forward(self, pictures: Tensor, thumbnails: Tensor, codes: Tensor, *, seed: int = 0) -> Tensor:
        """Paint.

        Args:
            pictures: (B, 3, H, W), RGB in [0, 1]; H and W multiples of 8.
            thumbnails: the same made small.
            codes: (B, 2·C), from `AdaINStyle`.
            seed: there is no chance in it.

        Returns:
            (B, 3, H, W), not clipped.
        """
        return self.paint(pictures, self.modulation(thumbnails, codes))

    def modulation(self, thumbnails: Tensor, codes: Tensor) -> Tensor:
        """Factor and summand of each channel: (B, 2·C)."""
        mean, deviation = self.style.statistics(thumbnails).chunk(2, 1)
        its_mean, its_deviation = codes.chunk(2, 1)
        factor = its_deviation / deviation
        return torch.cat([factor, its_mean - mean * factor], 1)

    def paint(self, pictures: Tensor, modulation: Tensor) -> Tensor:
        """The second half of `forward`: pictures, or tiles of them, with the modulation of the whole."""
        features = self.encoder(pictures, (LAYER,))[LAYER]
        factor, summand = modulation.to(features.dtype)[:, :, None, None].chunk(2, 1)
        x = features * factor + summand
        for n, stage in enumerate(self.decoder):
            x = stage(enlarged(x) if n else x)
        painted: Tensor = x
        return painted

    def trained(self) -> nn.ModuleDict:
        """The parts that are trained: all but the encoder."""
        return nn.ModuleDict({"decoder": self.decoder})


def mean_and_deviation(features: Tensor) -> Tensor:
    """(B, C, H, W) → (B, 2·C): of each channel."""
    variance, mean = torch.var_mean(features.float(), (2, 3), correction=0)
    return torch.cat([mean, (variance + _FLOOR).sqrt()], 1)
