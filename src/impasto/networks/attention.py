"""Arbitrary style by attention: each place of the content picture looks for what in the style is like it.

Park & Lee 2019 (SANet) let content features attend to style features at relu4_1 and relu5_1; Liu et al. 2021 (AdaAttN)
take, place by place, the attention-weighted mean and deviation of the style to normalise the content by (eq. 6 to 8),
from shallow and deep layers; Deng et al. 2022 (StyTr²) use transformer blocks.

Ours: a style's places are first gathered into a few slots by learnt queries (as in Perceiver, Jaegle et al. 2021), so
that a style is a code of fixed length, codes can be blended slot by slot, and large pictures cost no more by the pixel
than small ones. What normalises the content comes from its thumbnail, and no place of the content looks at another but
by convolution, so that tiles are exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.features.encoder import Encoder
from impasto.networks.adain import mean_and_deviation
from impasto.networks.inside_out import enlarged, invertible, margin, stages
from impasto.networks.levelled import levelled
from impasto.networks.modulation import convolution

_FINE, _DEEP = "relu3_1", "relu4_1"  # at 1/4 and 1/8 of the size
_FLOOR = 1e-5  # of variances


@dataclass(frozen=True)
class AttentionDesign:
    """
    Attributes:
        slots: of which a style code is made.
        keys: numbers by which places and slots find each other.
        heads: of the transformer blocks' attention.
        blocks: transformer blocks, at 1/8 of the size.
        places: the style picture is looked at in a grid of so many places squared.
    """

    slots: int = 48
    keys: int = 32
    heads: int = 4
    blocks: int = 2
    places: int = 20


class Slots(NamedTuple):
    """A style as the content side reads it.

    Attributes:
        keys: (B, M, K).
        mean, deviation: of the features at both layers together, (B, M, C₃ + C₄).
    """

    keys: Tensor
    mean: Tensor
    deviation: Tensor


class SlotHead(nn.Module):
    """Gathers the places of a style picture into slots."""

    def __init__(self, design: AttentionDesign, fine: int, deep: int) -> None:
        super().__init__()
        self.design, self.fine, self.deep = design, fine, deep
        channels = fine + deep
        self.queries = nn.Linear(design.keys, design.slots, bias=False)
        self.places = nn.Linear(channels, design.keys)
        self.keys = nn.Linear(channels, design.keys)

    @property
    def code_length(self) -> int:
        return self.design.slots * (self.design.keys + 2 * (self.fine + self.deep))

    def forward(self, statistics: Tensor) -> Tensor:
        """(B, N · (2·C₃ + C₄)), from `AttentionStyle.statistics`, → codes (B, D)."""
        places = statistics.float().reshape(len(statistics), -1, 2 * self.fine + self.deep)  # (B, N, …)
        means, squares, deep = torch.split(places, [self.fine, self.fine, self.deep], 2)
        values, second = torch.cat([means, deep], 2), torch.cat([squares, deep.square()], 2)  # (B, N, C)
        variance, mean = torch.var_mean(values, 1, keepdim=True, correction=0)
        normalised = (values - mean) / (variance + _FLOOR).sqrt()
        likeness = self.queries(self.places(normalised)) * self.design.keys**-0.5  # (B, N, M)
        shares = likeness.softmax(1).transpose(1, 2)  # (B, M, N)
        gathered = shares @ values
        deviation = ((shares @ second - gathered.square()).clamp_min(0) + _FLOOR).sqrt()
        keys = self.keys(shares @ normalised)
        return torch.cat([keys, gathered, deviation], 2).flatten(1)

    def slots(self, codes: Tensor) -> Slots:
        """(B, D) → what they say."""
        channels = self.fine + self.deep
        table = codes.reshape(len(codes), self.design.slots, -1)
        keys, mean, deviation = torch.split(table, [self.design.keys, channels, channels], 2)
        return Slots(keys, mean, deviation)


class AttentionStyle(nn.Module):
    """Style pictures to codes."""

    def __init__(self, encoder: Encoder, head: SlotHead) -> None:
        super().__init__()
        self.encoder, self.head = encoder, head

    def forward(self, pictures: Tensor) -> Tensor:
        """(B, 3, H, W), RGB in [0, 1] → (B, D)."""
        code: Tensor = self.head(self.statistics(pictures))
        return code

    def statistics(self, pictures: Tensor) -> Tensor:
        """Features of places in a grid, at the shallow layer their local means and mean squares:
        (B, N · (2·C₃ + C₄)).
        """
        features = self.encoder(pictures, (_FINE, _DEEP))
        fine, deep = features[_FINE].float(), features[_DEEP].float()
        window = (min(2, fine.shape[2]), min(2, fine.shape[3]))  # as the encoder pools
        at_deep = (F.avg_pool2d(x, window) for x in (fine, fine.square()))
        grid = (self.head.design.places,) * 2
        sampled = F.interpolate(torch.cat([*at_deep, deep], 1), grid, mode="nearest")
        return sampled.flatten(2).transpose(1, 2).flatten(1)


class Attend(nn.Module):
    """Normalised features take mean and deviation from the slots that are like them, place by place (AdaAttN).

    Args:
        channels: of the features.
        keys: see `AttentionDesign`.
    """

    def __init__(self, channels: int, keys: int) -> None:
        super().__init__()
        self.query = convolution(channels, keys, size=1)

    def forward(self, x: Tensor, keys: Tensor, mean: Tensor, deviation: Tensor) -> Tensor:
        """
        Args:
            x: (B, C, H, W).
            keys: (B, M, K).
            mean, deviation: (B, M, C).
        """
        height, width = x.shape[2:]
        query = self.query(x).flatten(2).transpose(1, 2)  # (B, H·W, K)
        shares = (query.float() @ keys.transpose(1, 2) * keys.shape[2] ** -0.5).softmax(2)  # (B, H·W, M)
        its = (shares @ torch.cat([mean, deviation], 2)).transpose(1, 2).unflatten(2, (height, width)).to(x.dtype)
        its_mean, its_deviation = its.chunk(2, 1)
        attended: Tensor = x * its_deviation + its_mean
        return attended


class Block(nn.Module):
    """A transformer block (Vaswani et al. 2017) that attends to the slots; its second half is a convolution, so that
    neighbours see each other.

    Args:
        width: channels.
        style: numbers of a slot.
        heads: of the attention.
    """

    def __init__(self, width: int, style: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.inner = heads * max(4, width // heads)
        self.query, self.out = convolution(width, self.inner, size=1), convolution(self.inner, width, size=1)
        self.key, self.value = nn.Linear(style, self.inner), nn.Linear(style, self.inner)
        self.widen, self.narrow = convolution(width, 2 * width), convolution(2 * width, width, size=1)

    def forward(self, x: Tensor, slots: Tensor) -> Tensor:
        """
        Args:
            x: (B, C, H, W).
            slots: (B, M, S).
        """
        height, width = x.shape[2:]
        query = self.query(levelled(x)).flatten(2).unflatten(1, (self.heads, -1)).transpose(2, 3)  # (B, h, H·W, d)
        key, value = (linear(slots).unflatten(2, (self.heads, -1)).transpose(1, 2) for linear in (self.key, self.value))
        shares = (query @ key.transpose(2, 3) * query.shape[3] ** -0.5).softmax(3)  # (B, h, H·W, M)
        found = (shares.to(value.dtype) @ value).transpose(2, 3).flatten(1, 2).unflatten(2, (height, width))
        x = x + self.out(found)
        added: Tensor = self.narrow(F.relu(self.widen(levelled(x))))
        return x + added


class AttentionNetwork(nn.Module):
    """The painter.

    Args:
        encoder: stays as it is.

    Raises:
        UsageError: see `inside_out.invertible`.
    """

    family = "attention"

    def __init__(self, design: AttentionDesign, encoder: Encoder) -> None:
        super().__init__()
        self.design, self.encoder = design, encoder.requires_grad_(False)
        fine, deep = (encoder.architecture.channels(layer) for layer in (_FINE, _DEEP))
        self._channels = fine, deep
        self.style = AttentionStyle(self.encoder, SlotHead(design, fine, deep))
        self.attend_fine, self.attend_deep = Attend(fine, design.keys), Attend(deep, design.keys)
        style = design.keys + 2 * (fine + deep)
        self.blocks = nn.ModuleList([Block(deep, style, design.heads) for _ in range(design.blocks)])
        self.decoder = nn.ModuleList(stages(invertible(encoder)))
        self.skip = convolution(fine, invertible(encoder).blocks[2][-1], size=1)

    @property
    def code_length(self) -> int:
        """Numbers in a style code."""
        return self.style.head.code_length

    @property
    def margin(self) -> int:
        """See `inside_out.margin`."""
        return margin(invertible(self.encoder), self.decoder, deep=self.design.blocks)

    def forward(self, pictures: Tensor, thumbnails: Tensor, codes: Tensor, *, seed: int = 0) -> Tensor:
        """Paint; see `AdaINNetwork`."""
        return self.paint(pictures, self.modulation(thumbnails, codes))

    def modulation(self, thumbnails: Tensor, codes: Tensor) -> Tensor:
        """The codes, after the content's means and deviations at both layers: (B, 2·(C₃ + C₄) + D)."""
        features = self.encoder(thumbnails, (_FINE, _DEEP))
        return torch.cat([*(mean_and_deviation(features[layer]) for layer in (_FINE, _DEEP)), codes], 1)

    def paint(self, pictures: Tensor, modulation: Tensor) -> Tensor:
        """The second half of `forward`: pictures, or tiles of them, with the modulation of the whole."""
        fine, deep = self._channels
        of_fine, of_deep, codes = torch.split(modulation, [2 * fine, 2 * deep, self.code_length], 1)
        slots = self.style.head.slots(codes)
        means, deviations = (torch.split(x, [fine, deep], 2) for x in (slots.mean, slots.deviation))
        features = self.encoder(pictures, (_FINE, _DEEP))
        kept = self.attend_fine(_normalised(features[_FINE], of_fine), slots.keys, means[0], deviations[0])
        x = self.attend_deep(_normalised(features[_DEEP], of_deep), slots.keys, means[1], deviations[1])
        whole = torch.cat(slots, 2)
        for block in self.blocks:
            x = block(x, whole)
        for n, stage in enumerate(self.decoder):
            if n:
                x = enlarged(x)
            if n == 1:
                x = F.relu(x + self.skip(kept))
            x = stage(x)
        painted: Tensor = x
        return painted

    def trained(self) -> nn.ModuleDict:
        """The parts that are trained: all but the encoder."""
        parts = {name: module for name, module in self.named_children() if name not in ("encoder", "style")}
        return nn.ModuleDict({**parts, "head": self.style.head})


def _normalised(x: Tensor, statistics: Tensor) -> Tensor:
    """(B, C, H, W) by means and deviations (B, 2·C)."""
    mean, deviation = statistics[:, :, None, None].chunk(2, 1)
    return (x - mean.to(x.dtype)) / deviation.to(x.dtype)
