"""An encoder turned inside out: decoders from features back to pictures."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from impasto.errors import UsageError
from impasto.features.architectures import Architecture
from impasto.features.encoder import Encoder
from impasto.networks.modulation import convolution

MULTIPLE = 8  # of the sides of all that is painted
DEEPEST = "conv4_1"  # where the features are taken that decoders begin with: at 1/8 of the size


class Stage(nn.Module):
    """The mirror image of an encoder's block: its convolutions in reverse, each from what it put out to what it took.

    Args:
        widths: channels before each convolution, and after the last.
        bare: whether the last is followed by no ReLU.
    """

    def __init__(self, widths: Sequence[int], *, bare: bool = False) -> None:
        super().__init__()
        pairs = itertools.pairwise(widths)
        self.convolutions = nn.ModuleList([convolution(inputs, outputs) for inputs, outputs in pairs])
        self._bare = bare

    def forward(self, x: Tensor) -> Tensor:
        last = len(self.convolutions) - 1
        for n, step in enumerate(self.convolutions):
            x = step(x) if self._bare and n == last else F.relu(step(x))
        return x

    @property
    def reach(self) -> int:
        """How far each of its pixels sees, in pixels."""
        return len(self.convolutions)


def invertible(encoder: Encoder) -> Architecture:
    """The encoder's architecture, if decoders can be made by it.

    Raises:
        UsageError: it is not made of plain convolutions.
    """
    if not isinstance(encoder.architecture, Architecture):
        raise UsageError(
            f"A decoder can't be the mirror image of {encoder.name}, which is made of inverted residuals.",
            hint="Take a VGG-like encoder, such as lite.",
        )
    return encoder.architecture


def stages(architecture: Architecture) -> list[Stage]:
    """From relu4_1 up: at 1/8, 1/4, 1/2 and all of the size; the last puts out RGB.

    Between two of them features are enlarged.
    """
    blocks: list[list[int]] = [[]]
    for step in architecture.convolutions():
        if step.name.endswith("_1") and blocks[-1]:
            blocks.append([])
        if not blocks[-1]:
            blocks[-1].append(step.inputs)
        blocks[-1].append(step.outputs)
        if step.name == DEEPEST:
            break
    widths = [block[::-1] for block in reversed(blocks)]
    return [Stage(its, bare=n == len(widths) - 1) for n, its in enumerate(widths)]


def enlarged(x: Tensor) -> Tensor:
    """Twice as large, by repetition: (B, C, H, W) → (B, C, 2·H, 2·W). A transposed convolution would print a grid."""
    return F.interpolate(x, scale_factor=2, mode="nearest")


def margin(architecture: Architecture, several: Iterable[nn.Module], *, deep: int = 0) -> int:
    """How many pixels away from a tile's border a painting is that of the whole picture: a multiple of `MULTIPLE`.

    Args:
        architecture: of the encoder.
        several: the decoder's stages.
        deep: how much further what lies between them sees, in places at 1/8 of the size.
    """
    sees = 0
    for step in architecture.layers():
        block = int(step[4]) if step.startswith(("conv", "pool")) else 0
        # A convolution sees one place further to each side; a pooling, one on one side, of the places that it joins.
        sees += 2 ** (block - 1) if block else 0
        if step == DEEPEST:
            break
    back = 0
    for stage in several:
        assert isinstance(stage, Stage)
        back = 2 * back + stage.reach
    return -(-(sees + MULTIPLE * deep + back) // MULTIPLE) * MULTIPLE
