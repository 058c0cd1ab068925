"""The content side that fast painters share: pictures painted as a vector of wishes says, whatever that comes from.

    content picture ─► thumbnail ─┬─► modulation ─┐
                    │   wishes ───┘               │
                    └─────────────────────────────┴─► painting

First the content picture gets the style's colours, by formula; the network then adds what colours can't do. It works
at 1/2, 1/4 and 1/8 of the picture's size: deep blocks at 1/8 decide on strokes and shapes; skips at 1/4 and 1/2,
modulated by the style themselves, keep faces and windows; grain gives plain areas something to paint from. Nothing in
it looks at the whole picture: what normalisation needs to know comes from a thumbnail, so that tiles of a picture are
painted as the whole is.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.grain import CELL, CHANNELS, grain
from impasto.networks.colour import COLOURS, MAP, colour_map, colour_statistics, recolour
from impasto.networks.modulation import Apply, Measure, ModulatedBlock, Normalise, convolution, rectified

MULTIPLE = 8  # sides of the picture and of the thumbnail are multiples of this


@dataclass(frozen=True)
class Design(ABC):
    """By what a content side is made.

    Attributes:
        half: channels at 1/2 of the picture's size.
        recolours: whether pictures get the style's colours before they are painted, or keep their own.
    """

    half: int = 16
    recolours: bool = field(default=True, kw_only=True)

    @property
    @abstractmethod
    def modulated(self) -> tuple[int, ...]:
        """Channels of each modulated normalisation, in the order met."""

    @property
    def wishes(self) -> int:
        """Numbers that say all that a style asks for: γ and β of all modulated channels, then its colours."""
        return 2 * sum(self.modulated) + COLOURS

    @abstractmethod
    def made(self) -> ContentFrame:
        """Such a content side, with random weights."""


@dataclass(frozen=True)
class ContentDesign(Design):
    """Of plain convolutions: channels at 1/4 and 1/8 of the picture's size too, and blocks at 1/8."""

    quarter: int = 48
    eighth: int = 80
    blocks: int = 3

    @property
    def modulated(self) -> tuple[int, ...]:
        deep = [self.eighth] * (1 + 2 * self.blocks)
        return (self.quarter, *deep, *[self.quarter] * 4, *[self.half] * 3)

    def made(self) -> ContentSide:
        return ContentSide(self)


class Seen(NamedTuple):
    """What the content side looks at.

    Attributes:
        pictures: (B, 3, H, W), RGB in [0, 1].
        grain: (B, 6, H / 4, W / 4), see `with_grain`.
    """

    pictures: Tensor
    grain: Tensor


def with_grain(pictures: Tensor, seed: int | Sequence[int] = 0) -> Seen:
    """Pictures with the grain of these seeds; of one seed, and of those that follow it."""
    count, _, height, width = pictures.shape
    seeds = range(seed, seed + count) if isinstance(seed, int) else seed
    grains = [grain((0, height // CELL), (0, width // CELL), seed=its) for its in seeds]
    return Seen(pictures, torch.from_numpy(np.stack(grains)).to(pictures.device))


class ContentFrame(nn.Module, ABC):
    """Paints content pictures as wishes say: what all content sides have in common, around what they see at half the
    picture's size.

    Attributes:
        stem: to half the size, a convolution of 4×4.
        last: from what was seen there to what is added to each square of four pixels.
    """

    design: Design
    stem: nn.Conv2d
    last: nn.Conv2d

    @property
    @abstractmethod
    def margin(self) -> int:
        """How many pixels away from a tile's border the painting is that of the whole picture, a multiple of 8."""

    @abstractmethod
    def from_half(self, half: Tensor, grain: Tensor, normalise: Normalise) -> Tensor:
        """All between the stem and the last convolution: (B, C, H / 2, W / 2), the same out."""

    def forward(self, pictures: Seen, thumbnails: Seen, wishes: Tensor) -> Tensor:
        """
        Args:
            pictures: with H and W multiples of 8.
            thumbnails: the same pictures made small; h and w multiples of 8.
            wishes: (B, W), as many as the design says.

        Returns:
            (B, 3, H, W), not clipped.
        """
        return self.paint(pictures, self.modulation(thumbnails, wishes))

    def modulation(self, thumbnails: Seen, wishes: Tensor) -> Tensor:
        """How to map the pictures' colours and normalise their features: (B, W + 3), from their thumbnails and the
        styles.
        """
        colours = self._colours(thumbnails.pictures, wishes[:, -COLOURS:])
        measure = Measure(wishes[:, :-COLOURS], self.design.modulated)
        self._features(recolour(thumbnails.pictures, colours), thumbnails.grain, measure)
        return torch.cat([measure.modulation, colours], 1)

    def _colours(self, thumbnails: Tensor, style: Tensor) -> Tensor:
        """How to map the pictures' colours: (B, 12)."""
        if self.design.recolours:
            return colour_map(colour_statistics(thumbnails), style)
        return torch.eye(3, 4, device=style.device).T.flatten().expand(len(style), MAP)

    def paint(self, pictures: Seen, modulation: Tensor) -> Tensor:
        """The second half of `forward`: pictures, or tiles of them, with the modulation of the whole."""
        recoloured = recolour(pictures.pictures, modulation[:, -MAP:])
        features = self._features(recoloured, pictures.grain, Apply(modulation[:, :-MAP], self.design.modulated))
        return recoloured + F.pixel_shuffle(self.last(features), 2)

    def _features(self, pictures: Tensor, grain: Tensor, normalise: Normalise) -> Tensor:
        weight, bias = self.stem_filters()
        return self.from_half(rectified(F.conv2d(pictures, weight, bias, stride=2, padding=1)), grain, normalise)

    def stem_filters(self) -> tuple[Tensor, Tensor]:
        """Weights and biases of the first convolution: the stem's, made to see 4 · (x - 0.5)."""
        weight, bias = self.stem.weight, self.stem.bias
        assert bias is not None
        return 4 * weight, bias - 2 * weight.sum((1, 2, 3))


class ContentSide(ContentFrame):
    """Of plain convolutions."""

    design: ContentDesign

    def __init__(self, design: ContentDesign) -> None:
        super().__init__()
        half, quarter, eighth = design.half, design.quarter, design.eighth
        self.design = design
        self.stem = nn.Conv2d(3, half, 4, 2, padding=1)
        self.to_quarter = convolution(half, quarter, stride=2)
        self.to_eighth = convolution(quarter, eighth, stride=2)
        self.deep = nn.ModuleList([ModulatedBlock(eighth) for _ in range(design.blocks)])
        self.from_eighth = convolution(eighth, quarter, size=1)
        self.skip_quarter = convolution(quarter, quarter, size=1)
        self.fine = ModulatedBlock(quarter)
        self.from_quarter = convolution(quarter, half, size=1)
        self.skip_half = convolution(half, half, size=1)
        self.finish = convolution(half, half)
        self.last = convolution(half, 12)
        # The style decides in the blocks what becomes of the grain.
        self.grain_eighth = nn.Conv2d(CHANNELS, eighth, 4, 2, padding=1, bias=False)
        self.grain_quarter = convolution(CHANNELS, quarter, bias=False)
        nn.init.zeros_(self.grain_eighth.weight)
        nn.init.zeros_(self.grain_quarter.weight)
        quiet(self.last)

    @property
    def margin(self) -> int:
        eighth = 1 + 2 * self.design.blocks  # the outermost cell sees beyond the border, each block looks 2 further
        quarter = 2 * eighth + 1 + 2  # one more, as enlarging looks at a neighbour; two convolutions
        half = 2 * quarter + 1 + 2
        reach = 2 * half
        return -(-reach // MULTIPLE) * MULTIPLE

    def from_half(self, half: Tensor, grain: Tensor, normalise: Normalise) -> Tensor:
        quarter = rectified(normalise(self.to_quarter(half)))
        # Where two branches meet, a plain ReLU: runtimes make one of convolution, sum and that.
        deep = F.relu(normalise(self.to_eighth(quarter)) + self.grain_eighth(grain))
        for block in self.deep:
            deep = block(deep, normalise)
        coarse, kept = enlarged(normalise(self.from_eighth(deep))), normalise(self.skip_quarter(quarter))
        fine = F.relu(coarse + kept + self.grain_quarter(grain))
        fine = self.fine(fine, normalise)
        finest = F.relu(enlarged(normalise(self.from_quarter(fine))) + normalise(self.skip_half(half)))
        return rectified(normalise(self.finish(finest)))


@torch.no_grad()
def quiet(last: nn.Conv2d) -> None:
    """Make a last convolution add next to nothing at first, and the same to the four pixels of a square."""
    assert last.bias is not None
    last.weight.copy_(0.2 * last.weight[:3].repeat_interleave(4, 0))
    last.bias.zero_()


def enlarged(x: Tensor) -> Tensor:
    """Twice as large. Not by repetition, which printed its staircase into plain areas, eight pixels a step."""
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
