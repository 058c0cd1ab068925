"""Swift: a small network that paints any content picture in any style in one pass.

    style picture ───► SwiftStyle ─► style code ─► wishes ─┐
    content picture ─► thumbnail ──────────────────────────┴─► modulation ─┐
                    └──────────────────────────────────────────────────────┴─► painting

First the content picture gets the style's colours, by formula; SwiftContent then adds what colours can't do. It works
at 1/2, 1/4 and 1/8 of the picture's size: deep blocks at 1/8 decide on strokes and shapes; skips at 1/4 and 1/2,
modulated by the style themselves, keep faces and windows; grain gives plain areas something to paint from. Nothing in
it looks at the whole picture: what normalisation needs to know comes from a thumbnail, so that tiles of a picture are
painted as the whole is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.features.encoder import Encoder
from impasto.features.layers import STYLE_LAYERS
from impasto.grain import CELL, CHANNELS, grain
from impasto.networks.colour import COLOURS, MAP, colour_map, colour_statistics, recolour
from impasto.networks.modulation import Apply, Measure, ModulatedBlock, Normalise, convolution, rectified

MULTIPLE = 8  # sides of the picture and of the thumbnail are multiples of this


@dataclass(frozen=True)
class SwiftDesign:
    """Channels at 1/2, 1/4 and 1/8 of the picture's size, blocks at 1/8, and the width of the style side."""

    half: int = 16
    quarter: int = 48
    eighth: int = 80
    blocks: int = 3
    hidden: int = 256

    @property
    def modulated(self) -> tuple[int, ...]:
        """Channels of each modulated normalisation, in the order met."""
        deep = [self.eighth] * (1 + 2 * self.blocks)
        return (self.quarter, *deep, *[self.quarter] * 4, *[self.half] * 3)

    @property
    def code_length(self) -> int:
        """Numbers in a style code."""
        return self.hidden + COLOURS


class Seen(NamedTuple):
    """What the content side looks at.

    Attributes:
        pictures: (B, 3, H, W), RGB in [0, 1].
        grain: (B, 6, H / 4, W / 4), see `with_grain`.
    """

    pictures: Tensor
    grain: Tensor


def with_grain(pictures: Tensor, seed: int = 0) -> Seen:
    """Pictures with the grain of this seed, and of those that follow it."""
    count, _, height, width = pictures.shape
    grains = [grain((0, height // CELL), (0, width // CELL), seed=seed + n) for n in range(count)]
    return Seen(pictures, torch.from_numpy(np.stack(grains)).to(pictures.device))


class SwiftContent(nn.Module):
    """Paints content pictures according to style codes."""

    def __init__(self, design: SwiftDesign) -> None:
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
        with torch.no_grad():  # at first next to nothing is added, and the same to the four pixels of a square
            assert self.last.bias is not None
            self.last.weight.copy_(0.2 * self.last.weight[:3].repeat_interleave(4, 0))
            self.last.bias.zero_()

    @property
    def margin(self) -> int:
        """How many pixels away from a tile's border the painting is that of the whole picture, a multiple of 8."""
        eighth = 1 + 2 * self.design.blocks  # the outermost cell sees beyond the border, each block looks 2 further
        quarter = 2 * eighth + 1 + 2  # one more, as enlarging looks at a neighbour; two convolutions
        half = 2 * quarter + 1 + 2
        reach = 2 * half
        return -(-reach // MULTIPLE) * MULTIPLE

    def forward(self, pictures: Seen, thumbnails: Seen, wishes: Tensor) -> Tensor:
        """
        Args:
            pictures: with H and W multiples of 8.
            thumbnails: the same pictures made small; h and w multiples of 8.
            wishes: (B, W), from `StyleHead.wishes`.

        Returns:
            (B, 3, H, W), not clipped.
        """
        return self.paint(pictures, self.modulation(thumbnails, wishes))

    def modulation(self, thumbnails: Seen, wishes: Tensor) -> Tensor:
        """How to map the pictures' colours and normalise their features: (B, W + 3), from their thumbnails and the
        styles.
        """
        colours = colour_map(colour_statistics(thumbnails.pictures), wishes[:, -COLOURS:])
        measure = Measure(wishes[:, :-COLOURS], self.design.modulated)
        self._features(recolour(thumbnails.pictures, colours), thumbnails.grain, measure)
        return torch.cat([measure.modulation, colours], 1)

    def paint(self, pictures: Seen, modulation: Tensor) -> Tensor:
        """The second half of `forward`: pictures, or tiles of them, with the modulation of the whole."""
        recoloured = recolour(pictures.pictures, modulation[:, -MAP:])
        features = self._features(recoloured, pictures.grain, Apply(modulation[:, :-MAP], self.design.modulated))
        return recoloured + F.pixel_shuffle(self.last(features), 2)

    def _features(self, pictures: Tensor, grain: Tensor, normalise: Normalise) -> Tensor:
        weight, bias = self.stem_filters()
        return self.from_half(rectified(F.conv2d(pictures, weight, bias, stride=2, padding=1)), grain, normalise)

    def from_half(self, half: Tensor, grain: Tensor, normalise: Normalise) -> Tensor:
        """All between the stem and the last convolution: (B, C, H / 2, W / 2), the same out."""
        quarter = rectified(normalise(self.to_quarter(half)))
        deep = rectified(normalise(self.to_eighth(quarter)) + self.grain_eighth(grain))
        for block in self.deep:
            deep = block(deep, normalise)
        coarse, kept = _enlarged(normalise(self.from_eighth(deep))), normalise(self.skip_quarter(quarter))
        fine = rectified(coarse + kept + self.grain_quarter(grain))
        fine = self.fine(fine, normalise)
        finest = rectified(_enlarged(normalise(self.from_quarter(fine))) + normalise(self.skip_half(half)))
        return rectified(normalise(self.finish(finest)))

    def stem_filters(self) -> tuple[Tensor, Tensor]:
        """Weights and biases of the first convolution: the stem's, made to see 4 · (x - 0.5)."""
        weight, bias = self.stem.weight, self.stem.bias
        assert bias is not None
        return 4 * weight, bias - 2 * weight.sum((1, 2, 3))


class StyleHead(nn.Module):
    """A small perceptron from style statistics to style codes, and from these to what a style asks of the painter.

    A code is the perceptron's last hidden layer and, as they are, the style's colours. As all that follows is affine,
    blends of codes are blends of what they ask for.
    """

    centre: Tensor
    spread: Tensor

    def __init__(self, design: SwiftDesign, inputs: int) -> None:
        super().__init__()
        self.register_buffer("centre", torch.zeros(inputs))
        self.register_buffer("spread", torch.ones(inputs))
        self.first = nn.Linear(inputs, design.hidden)
        self.second = nn.Linear(design.hidden, design.hidden)
        self.code = nn.Linear(design.hidden, 2 * sum(design.modulated))
        nn.init.normal_(self.code.weight, std=0.02)
        nn.init.zeros_(self.code.bias)

    def forward(self, statistics: Tensor) -> Tensor:
        """(B, S), from `SwiftStyle.statistics`, → codes (B, D)."""
        features, colours = statistics[:, :-COLOURS], statistics[:, -COLOURS:]
        x = (features - self.centre) / self.spread
        x = rectified(self.first(x))
        x = x + rectified(self.second(x))
        return torch.cat([x.float(), colours], 1)

    def wishes(self, codes: Tensor) -> Tensor:
        """(B, D) → (B, W): γ and β of all modulated channels, then the colours."""
        hidden, colours = codes[:, :-COLOURS], codes[:, -COLOURS:]
        return torch.cat([self.code(hidden).float(), colours], 1)

    @torch.no_grad()
    def calibrate(self, statistics: Tensor) -> None:
        """Centre and scale the inputs by those of (N, S) style pictures."""
        spread, centre = torch.std_mean(statistics[:, :-COLOURS], 0)
        self.centre.copy_(centre)
        self.spread.copy_(spread + 1e-3 * spread.mean())


class SwiftStyle(nn.Module):
    """Turns style pictures into style codes.

    The features are those of `lite`, frozen: it has seen far more kinds of picture than the few styles that a painter
    trains on. Their means and deviations at five layers go through a perceptron.
    """

    def __init__(self, encoder: Encoder, head: StyleHead) -> None:
        super().__init__()
        self.encoder, self.head = encoder.requires_grad_(False), head

    def forward(self, pictures: Tensor) -> Tensor:
        """(B, 3, H, W), RGB in [0, 1] → (B, D)."""
        code: Tensor = self.head(self.statistics(pictures))
        return code

    def statistics(self, pictures: Tensor) -> Tensor:
        """All that the style side looks at: `style_statistics`, then `colour_statistics`: (B, S)."""
        features = self.encoder(pictures, STYLE_LAYERS)
        return torch.cat([style_statistics(features), colour_statistics(pictures)], 1)


class SwiftNetwork(nn.Module):
    """Both sides of the painter."""

    def __init__(self, design: SwiftDesign, encoder: Encoder) -> None:
        super().__init__()
        self.design = design
        inputs = 2 * sum(encoder.architecture.channels(layer) for layer in STYLE_LAYERS)
        self.content = SwiftContent(design)
        self.style = SwiftStyle(encoder, StyleHead(design, inputs))

    def forward(self, pictures: Tensor, thumbnails: Tensor, codes: Tensor, *, seed: int = 0) -> Tensor:
        """Paint; see `SwiftContent`.

        Args:
            codes: (B, D), from `SwiftStyle`.
            seed: of the grain.
        """
        seen = with_grain(pictures, seed), with_grain(thumbnails, seed)
        painted: Tensor = self.content(*seen, self.style.head.wishes(codes))
        return painted

    def trained(self) -> nn.ModuleDict:
        """The parts that are trained: all but the encoder."""
        return nn.ModuleDict({"content": self.content, "head": self.style.head})


def style_statistics(features: Mapping[str, Tensor]) -> Tensor:
    """Square roots of the means, and of the deviations, of each channel at the style layers: (B, S).

    Roots, as features after ReLU reach from 0 to many times their mean.
    """
    parts = []
    for layer in STYLE_LAYERS:
        variance, mean = torch.var_mean(features[layer].float(), (2, 3), correction=0)
        parts += [(mean.clamp_min(0) + 1e-6).sqrt(), (variance + 1e-6) ** 0.25]
    return torch.cat(parts, 1)


def _enlarged(x: Tensor) -> Tensor:
    """Twice as large. Not by repetition, which printed its staircase into plain areas, eight pixels a step."""
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
