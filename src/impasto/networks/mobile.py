"""A content side of inverted residuals (Sandler et al. 2018): for real time on a plain processor.

What `ContentSide` does with plain convolutions at 1/4 and 1/8 of the picture's size, MobileNetV2's blocks do here. As
there, normalisation takes what it needs to know from a thumbnail, so that tiles are painted as the whole is, and maps
are enlarged by interpolation and convolved, never by transposed convolutions, which print grids. At 1/2 there is next
to nothing, as a channel costs most there.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn

from impasto.grain import CHANNELS
from impasto.networks.content_side import MULTIPLE, ContentFrame, Design, enlarged, quiet
from impasto.networks.inverted_residual import InvertedResidual
from impasto.networks.modulation import Normalise, convolution


@dataclass(frozen=True)
class MobileDesign(Design):
    """Of inverted residuals: channels at 1/4 and 1/8 of the picture's size too, blocks at 1/8, and how many times as
    wide as their input blocks are within.
    """

    quarter: int = 32
    eighth: int = 64
    blocks: int = 4
    expansion: int = 4

    @property
    def modulated(self) -> tuple[int, ...]:
        wide, deep = self.expansion * self.quarter, self.expansion * self.eighth
        down, block, fine = (wide, wide, self.eighth), (deep, deep, self.eighth), (wide, wide, self.quarter)
        return (self.quarter, *down, *self.blocks * block, self.quarter, *fine, self.half, self.half)

    def made(self) -> MobileSide:
        return MobileSide(self)


class MobileSide(ContentFrame):
    """Of inverted residuals."""

    design: MobileDesign

    def __init__(self, design: MobileDesign) -> None:
        super().__init__()
        half, quarter, eighth = design.half, design.quarter, design.eighth

        def block(inputs: int, outputs: int, stride: int = 1) -> InvertedResidual:
            return InvertedResidual(inputs, outputs, expansion=design.expansion, stride=stride)

        self.design = design
        self.stem = nn.Conv2d(3, half, 4, 2, padding=1)
        self.to_quarter = convolution(half, quarter, stride=2)
        self.to_eighth = block(quarter, eighth, stride=2)
        self.deep = nn.ModuleList([block(eighth, eighth) for _ in range(design.blocks)])
        self.from_eighth = convolution(eighth, quarter, size=1)
        self.fine = block(quarter, quarter)
        self.from_quarter = convolution(quarter, half, size=1)
        self.skip_half = convolution(half, half, size=1)
        self.last = convolution(half, 12)
        # The style decides in the blocks what becomes of the grain.
        self.grain_eighth = nn.Conv2d(CHANNELS, eighth, 4, 2, padding=1, bias=False)
        self.grain_quarter = convolution(CHANNELS, quarter, bias=False)
        nn.init.zeros_(self.grain_eighth.weight)
        nn.init.zeros_(self.grain_quarter.weight)
        quiet(self.last)

    @property
    def margin(self) -> int:
        eighth = 1 + self.design.blocks  # the outermost cell sees beyond the border, each block looks 1 further
        quarter = 2 * eighth + 1 + 1  # one more, as enlarging looks at a neighbour; one block
        half = 2 * quarter + 1 + 1
        reach = 2 * half
        return -(-reach // MULTIPLE) * MULTIPLE

    def from_half(self, half: Tensor, grain: Tensor, normalise: Normalise) -> Tensor:
        quarter = F.relu(normalise(self.to_quarter(half)))
        deep = self.to_eighth(quarter, normalise) + self.grain_eighth(grain)
        for block in self.deep:
            deep = block(deep, normalise)
        fine = enlarged(normalise(self.from_eighth(deep))) + quarter + self.grain_quarter(grain)
        fine = self.fine(fine, normalise)
        return F.relu(enlarged(normalise(self.from_quarter(fine))) + normalise(self.skip_half(half)))
