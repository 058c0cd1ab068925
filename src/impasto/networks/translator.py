"""A network from pictures of one domain to pictures of another: day to night, sketch to photograph, CT to MRI.

The generators of Isola et al. 2017 ("Image-to-Image Translation with Conditional Adversarial Networks") and Zhu et al.
2017 ("Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks", after Johnson et al. 2016):
down by strided convolutions, residual blocks, up again.

Ours: skips at 1/2 and 1/4, as details mostly stay where they are; colours have a path of their own, an affine map, and
what is said of a pixel from afar meets its own colour before the last ReLU, which keeps edges of other colours sharp;
what is enlarged is convolved, as transposed convolutions print grids; and each place is normalised by its own channels,
not by the whole picture's statistics, so that tiles of any size fit exactly.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.networks.levelled import levelled
from impasto.networks.modulation import convolution
from impasto.networks.translator_design import TranslatorDesign


class LevelledBlock(nn.Module):
    """A residual block: x + conv(ReLU(conv(levelled(x))))."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first, self.second = convolution(channels, channels), convolution(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        added: Tensor = self.second(F.relu(self.first(levelled(x))))
        return x + added


class Translator(nn.Module):
    """From one domain to another."""

    def __init__(self, design: TranslatorDesign) -> None:
        super().__init__()
        half, quarter = design.half, design.quarter
        self.design = design
        self.stem = nn.Conv2d(design.source, half, 4, 2, padding=1)
        self.down = convolution(half, quarter, stride=2)
        self.blocks = nn.ModuleList([LevelledBlock(quarter) for _ in range(design.blocks)])
        self.up = convolution(quarter, half)
        self.finish = convolution(half, half)
        self.squares = convolution(half, 4 * design.full)
        self.own = convolution(design.source, design.full, size=1)
        self.last = convolution(design.full, design.target)
        self.colours = convolution(design.source, design.target, size=1)
        with torch.no_grad():
            # At first a picture is itself (gray: the mean of its channels), and next to nothing is added, the same to
            # the four pixels of a square.
            same = torch.eye(3) if design.source == design.target else torch.full((3, 3), 1 / design.source)
            self.colours.weight.copy_(same[: design.target, : design.source, None, None])
            self.squares.weight.copy_(self.squares.weight[: design.full].repeat_interleave(4, 0))
            self.last.weight.mul_(0.05)
            for convolved in (self.colours, self.squares, self.last):
                assert convolved.bias is not None
                convolved.bias.zero_()

    @property
    def margin(self) -> int:
        """How many pixels away from a tile's border a picture is that of the whole, a multiple of 4."""
        # Each block sees two places further at 1/4; all the rest together 17 pixels.
        return 8 * self.design.blocks + 20

    def forward(self, pictures: Tensor) -> Tensor:
        """(B, source, H, W) in [0, 1], H and W multiples of 4 → (B, target, H, W), not clipped."""
        half = F.relu(self.stem(4 * pictures - 2))
        quarter = F.relu(self.down(half))
        deep = quarter
        for block in self.blocks:
            deep = block(deep)
        enlarged = F.interpolate(self.up(levelled(deep)), scale_factor=2, mode="bilinear", align_corners=False)
        fine = F.relu(enlarged + half)
        fine = fine + F.relu(self.finish(levelled(fine)))
        pixels = F.relu(self.own(2 * pictures - 1) + F.pixel_shuffle(self.squares(fine), 2))
        translated: Tensor = self.colours(pictures) + self.last(pixels)
        return translated
