"""The content side as runtimes get it: the same function, for one picture, with all that can be folded folded.

With the modulation known, the map of the colours becomes part of the first filters, and each normalisation part of the
filters before it. The painting leaves the last convolution as squares of four pixels and is put together outside:
runtimes take as long for that as for several convolutions.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.networks.colour import MAP
from impasto.networks.content_side import ContentFrame
from impasto.networks.modulation import Apply, rectified

SQUARE = 12  # numbers: two rows of two pixels of three colours
# `pixel_shuffle` takes colour, row, column; a square is row, column, colour.
ORDER = torch.arange(SQUARE).reshape(3, 4).T.flatten()


class FoldedContent(nn.Module):
    """`ContentFrame.paint` for a batch of one.

    Args:
        content: trained; its weights are shared, but for those of the last convolution.
    """

    stem_weight: Tensor
    stem_bias: Tensor
    last_weight: Tensor
    last_bias: Tensor
    places: Tensor

    def __init__(self, content: ContentFrame) -> None:
        super().__init__()
        self.content = content
        last = content.last
        assert last.bias is not None
        self.register_buffer("last_weight", last.weight.detach()[ORDER])
        self.register_buffer("last_bias", last.bias.detach()[ORDER])
        weight, bias = content.stem_filters()
        self.register_buffer("stem_weight", weight.detach()[:, :, None])
        self.register_buffer("stem_bias", bias.detach())
        self.register_buffer("places", torch.eye(4).reshape(4, 1, 1, 2, 2))

    def forward(self, picture: Tensor, grain: Tensor, modulation: Tensor) -> Tensor:
        """
        Args:
            picture: (1, 3, H, W), RGB in [0, 1]; H and W multiples of 8.
            grain: (1, 6, H / 4, W / 4).
            modulation: (1, W), from `ContentFrame.modulation`.

        Returns:
            (1, H / 2, W / 2, 12), in [0, 1]: see `together`.
        """
        matrix, offset = modulation[0, -MAP:-3].reshape(3, 3), modulation[0, -3:]
        half = rectified(self._stem(picture, matrix, offset))
        features = self.content.from_half(half, grain, Apply(modulation[:, :-MAP], self.content.design.modulated))
        recoloured = F.conv2d(
            picture, (self.places * matrix[:, :, None, None]).flatten(0, 1), offset.repeat(4), stride=2
        )
        added = F.conv2d(features, self.last_weight, self.last_bias, padding=1)
        return (added + recoloured).clamp(0, 1).permute(0, 2, 3, 1)

    def _stem(self, picture: Tensor, matrix: Tensor, offset: Tensor) -> Tensor:
        """`ContentFrame.stem` on recoloured pictures, but for the outermost row and column."""
        bias = self.stem_bias + (self.stem_weight.sum((2, 3, 4)) * offset).sum(1)
        weight = (self.stem_weight * matrix[:, :, None, None]).sum(1)
        return F.conv2d(picture, weight, bias, stride=2, padding=1)


def together(squares: Tensor) -> Tensor:
    """(B, H / 2, W / 2, 12) → (B, 3, H, W)."""
    batch, height, width, _ = squares.shape
    pixels = squares.reshape(batch, height, width, 2, 2, 3).permute(0, 5, 1, 3, 2, 4)
    return pixels.reshape(batch, 3, 2 * height, 2 * width)
