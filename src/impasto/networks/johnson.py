"""One feed-forward network for one style, or for a few.

Johnson et al. 2016, "Perceptual Losses for Real-Time Style Transfer and Super-Resolution": a network is trained to do
at once what Gatys' optimisation does step by step. Ulyanov et al. 2016, "Instance Normalization": what it normalises by
are each picture's own statistics. Dumoulin et al. 2017, "A Learned Representation for Artistic Style": all styles share
the filters, and each has its own γ and β in each normalisation, which may be blended.

Ours: the body is that of `swift` (`ContentSide`), so that tiles are exact; the style's colours come by formula; and
larger features are enlarged and convolved rather than put through transposed convolutions, which print grids of dots.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from impasto.networks.colour import COLOURS
from impasto.networks.content_side import ContentFrame, Design, with_grain


class StyleTable(nn.Module):
    """What each style asks of the painter: learnt, but for its colours, which are measured.

    Args:
        colours: (K, 9), of the styles; see `colour_statistics`.
    """

    colours: Tensor

    def __init__(self, design: Design, colours: Tensor) -> None:
        super().__init__()
        self.learnt = nn.Parameter(0.02 * torch.randn(len(colours), design.wishes - COLOURS))
        self.register_buffer("colours", colours.float())

    def wishes(self, codes: Tensor) -> Tensor:
        """Shares of the styles, (B, K), → (B, W)."""
        return codes.float() @ torch.cat([self.learnt.float(), self.colours], 1)


class JohnsonNetwork(nn.Module):
    """A painter for the styles of its table.

    Args:
        design: of its content side.
        names: of the styles.
        colours: see `StyleTable`.
    """

    def __init__(self, design: Design, names: Sequence[str], colours: Tensor) -> None:
        super().__init__()
        self.design, self.names = design, tuple(names)
        self.content: ContentFrame = design.made()
        self.style = StyleTable(design, colours)

    def forward(self, pictures: Tensor, thumbnails: Tensor, codes: Tensor, *, seed: int | Sequence[int] = 0) -> Tensor:
        """Paint; see `ContentFrame`.

        Args:
            codes: shares of the styles, (B, K).
            seed: of the grain; see `with_grain`.
        """
        with torch.autocast(pictures.device.type, enabled=False):
            wishes = self.style.wishes(codes)
        painted: Tensor = self.content(with_grain(pictures, seed), with_grain(thumbnails, seed), wishes)
        return painted
