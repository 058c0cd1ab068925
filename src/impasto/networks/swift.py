"""Swift: a small network that paints any content picture in any style in one pass.

style picture ───► SwiftStyle ─► style code ─► wishes ─┐
content picture ───────────────────────────────────────┴─► ContentSide ─► painting
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from impasto.features.encoder import Encoder
from impasto.features.layers import STYLE_LAYERS
from impasto.networks.colour import COLOURS, colour_statistics
from impasto.networks.content_side import ContentDesign, ContentSide, with_grain
from impasto.networks.modulation import rectified


@dataclass(frozen=True)
class SwiftDesign(ContentDesign):
    """That of the content side, and the width of the style side."""

    hidden: int = 256

    @property
    def code_length(self) -> int:
        """Numbers in a style code."""
        return self.hidden + COLOURS


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
        self.content = ContentSide(design)
        self.style = SwiftStyle(encoder, StyleHead(design, inputs))

    def forward(self, pictures: Tensor, thumbnails: Tensor, codes: Tensor, *, seed: int = 0) -> Tensor:
        """Paint; see `ContentFrame`.

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
