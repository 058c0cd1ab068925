"""Fast painters out to ONNX: the content side of any of them as one file, described as runtimes need it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from impasto import __version__
from impasto.grain import CELL
from impasto.networks.content_side import MULTIPLE, ContentFrame, Seen, with_grain
from impasto.networks.export import Port, export
from impasto.networks.folded import FoldedContent, together
from impasto.runtime.fast import KIND

_LEAST = 1024  # numbers: of fewer, half precision takes hardly more


class Wishes(Protocol):
    """What turns style codes into wishes; a module."""

    def wishes(self, codes: Tensor) -> Tensor:
        """(B, D) → (B, W)."""
        ...


def described(family: str, *, name: str, code_length: int, training: Mapping[str, object]) -> dict[str, Any]:
    """What every file of a fast painter says of itself.

    Args:
        family: of networks.
        name: of the network, by which style codes know it: another one for other weights.
        training: data, steps …
    """
    return {
        "format": KIND,
        "family": family,
        "name": name,
        "version": __version__,
        "licence": "Apache-2.0",
        "range": "0-1",
        "colour": "RGB",
        "code_length": str(code_length),
        "training": dict(training),
    }


def inner_filters(content: ContentFrame) -> list[str]:
    """Names of the weights that eight bits are enough for: filters between the first and the last convolution, but for
    small ones.
    """
    ends = {"stem.weight", "last.weight"}
    weights = {name: weight for name, weight in content.named_parameters() if weight.dim() == 4}
    return [name for name, weight in weights.items() if weight.numel() >= _LEAST and name not in ends]


def export_content_side(
    content: ContentFrame,
    style: Wishes,
    code: Tensor,
    path: Path,
    metadata: Mapping[str, Any],
    *,
    eight_bits: Collection[str] = (),
) -> float:
    """Write the content side of a painter, in evaluation mode and with its weights rounded, to `path`.

    Args:
        code: an example, (1, D).
        metadata: from `described`, and more.
        eight_bits: names of those of its weights that are stored in eight bits.

    Returns:
        How far ONNX Runtime is from PyTorch; see `export`.
    """
    random = torch.Generator().manual_seed(0)
    inputs = [
        *_seen("picture", "grain", torch.rand(1, 3, 64, 96, generator=random), "height", "width"),
        *_seen(
            "thumbnail",
            "thumbnail_grain",
            torch.rand(1, 3, 48, 64, generator=random),
            "thumbnail_height",
            "thumbnail_width",
        ),
        Port("code", code),
    ]
    rules = {"multiple": str(MULTIPLE), "margin": str(content.margin)}
    outputs = ["painting", "squares", "modulation"]
    stored = [f"folded.content.{name}" for name in eight_bits]
    return export(_Painter(content, style), inputs, outputs, path, {**metadata, **rules}, eight_bits=stored)


class _Painter(nn.Module):
    """Gives away the modulation, and the painting in squares too: our own runtime asks for these alone."""

    def __init__(self, content: ContentFrame, style: Wishes) -> None:
        super().__init__()
        self.content, self.style = content, style
        self.folded = FoldedContent(content)

    def forward(
        self, picture: Tensor, grain: Tensor, thumbnail: Tensor, thumbnail_grain: Tensor, code: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        modulation = self.content.modulation(Seen(thumbnail, thumbnail_grain), self.style.wishes(code))
        squares = self.folded(picture, grain, modulation)
        return together(squares), squares, modulation


def _seen(picture: str, grain: str, example: Tensor, height: str, width: str) -> tuple[Port, Port]:
    pictures, its_grain = with_grain(example)
    cells = MULTIPLE // CELL
    return (
        Port(picture, pictures, {2: (height, MULTIPLE), 3: (width, MULTIPLE)}),
        Port(grain, its_grain, {2: (height, cells), 3: (width, cells)}),
    )
