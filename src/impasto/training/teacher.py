"""A painter as a teacher: photographs with its paintings of them, for a student to learn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from impasto.networks.colour import colour_statistics
from impasto.pictures import Picture
from impasto.runtime.fast import FastPainter
from impasto.runtime.plain import PlainPainter
from impasto.styles.code import StyleCode

Pixels = NDArray[np.uint8]


class Lesson(NamedTuple):
    """A photograph and its painting, (H, W, 3) each, and the seed of the grain that was painted from."""

    content: Pixels
    painting: Pixels
    seed: int


class Teacher:
    """Any painter of the runtime, in one style.

    Args:
        style: what the painter's `prepare` returned.
    """

    def __init__(self, painter: FastPainter | PlainPainter, style: StyleCode) -> None:
        self._painter, self._style = painter, style

    def lesson(self, content: NDArray[np.float32], seed: int) -> Lesson:
        """Of a photograph, (H, W, 3) in [0, 1]; it is kept in 8 bits and painted as it is kept."""
        kept = _in_bytes(content)
        self._painter.settings = replace(self._painter.settings, seed=seed)
        painting = self._painter.paint(Picture(unit(kept)), self._style).picture
        return Lesson(kept, _in_bytes(painting.pixels), seed)


class Palette(NamedTuple):
    """What becomes of colours in paintings.

    Attributes:
        colours: the paintings' mean `colour_statistics`, (1, 9).
        own: whether paintings have colours of their own: alike from one to the next, whatever the photographs have.
    """

    colours: Tensor
    own: bool


def palette(lessons: Sequence[Lesson]) -> Palette:
    """Of a teacher's paintings; all of one size."""
    contents, paintings = (
        torch.cat([colour_statistics(batch([pixels])) for pixels in column])
        for column in ([lesson.content for lesson in lessons], [lesson.painting for lesson in lessons])
    )
    return Palette(paintings.mean(0, keepdim=True), _spread(paintings) <= _spread(paintings - contents))


def _spread(rows: Tensor) -> float:
    return (rows - rows.mean(0)).abs().mean().item()


def unit(pixels: Pixels) -> NDArray[np.float32]:
    """In [0, 1]."""
    return pixels.astype(np.float32) / np.float32(255)


def batch(several: Sequence[Pixels]) -> Tensor:
    """(B, 3, H, W), RGB in [0, 1], laid out channels last: of pictures (H, W, 3)."""
    return torch.from_numpy(unit(np.stack(several))).permute(0, 3, 1, 2)


def _in_bytes(pixels: NDArray[np.float32]) -> Pixels:
    return np.round(pixels * 255).astype(np.uint8)
