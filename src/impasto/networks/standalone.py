"""Painters as functions of a picture and of nothing else, for pictures of one size in one style: what other runtimes
than ours are given.

All that our runtime does around a network is part of the function: border, thumbnail, grain, order of colours, range.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.errors import UsageError
from impasto.grain import CELL, grain
from impasto.networks.onnx_graph import OnnxGraph
from impasto.pictures.resize import thumbnail
from impasto.runtime.canvas import BORDER
from impasto.runtime.fast import FastPainter, thumbnail_size
from impasto.runtime.network import load_model
from impasto.runtime.plain import LEAST_BORDER, RANGES, PlainPainter
from impasto.styles.code import StyleCode


class StandaloneFast(nn.Module):
    """What `FastPainter` paints with its usual settings, whole.

    Args:
        file: the painter's.
        code: of the style.
        size: (width, height) of the pictures, multiples of 8.

    Raises:
        UsageError: the pictures are too small for it.
        WeightsFormatError, ExportError: see `OnnxGraph`.
    """

    grain: Tensor
    thumbnail_grain: Tensor

    def __init__(self, file: Path, painter: FastPainter, code: StyleCode, size: tuple[int, int]) -> None:
        super().__init__()
        self._pads = pads(size, BORDER, painter.multiple)
        left, _, top, _ = self._pads
        width, height = bordered(size, self._pads)
        small = thumbnail_size(size, painter.multiple)
        self.shrink = Shrink(size, small)
        self.register_buffer("grain", _grain((-top, height - top), (-left, width - left)))
        self.register_buffer("thumbnail_grain", _grain((0, small[1]), (0, small[0])))
        shapes = {
            "picture": (1, 3, height, width),
            "grain": tuple(self.grain.shape),
            "thumbnail": (1, 3, small[1], small[0]),
            "thumbnail_grain": tuple(self.thumbnail_grain.shape),
        }
        self.network = OnnxGraph(load_model(file).part(["squares"], {"code": code.at(1.0)[None]}), shapes)

    def forward(self, picture: Tensor) -> Tensor:
        """(1, H, W, 3), RGB in [0, 1] → the same."""
        x = picture.permute(0, 3, 1, 2)
        seen = {
            "picture": F.pad(x, self._pads, mode="reflect"),
            "grain": self.grain,
            "thumbnail": self.shrink(x),
            "thumbnail_grain": self.thumbnail_grain,
        }
        left, _, top, _ = (side // 2 for side in self._pads)
        height, width = (side // 2 for side in x.shape[2:])
        squares: Tensor = self.network(seen)[:, top : top + height, left : left + width]  # (1, H / 2, W / 2, 12)
        rows = squares.reshape(height, width, 2, 6).transpose(1, 2)  # of squares, of pixels in these, of pairs of them
        return rows.reshape(picture.shape)


class StandalonePlain(nn.Module):
    """What `PlainPainter` paints with its usual settings.

    Args:
        file: the painter's.
        size: (width, height) of the pictures.

    Raises:
        UsageError, WeightsFormatError, ExportError: see `StandaloneFast`.
    """

    def __init__(self, file: Path, painter: PlainPainter, size: tuple[int, int]) -> None:
        super().__init__()
        about = painter.network.metadata
        self._range, self._last = RANGES[about["range"]], about["layout"] == "NHWC"
        self._reversed = about["colour"] == "BGR"
        self._pads = pads(size, LEAST_BORDER, painter.network.number("multiple", 1, 256))
        width, height = bordered(size, self._pads)
        shape = (1, height, width, 3) if self._last else (1, 3, height, width)
        self._input = about["input"]
        self.network = OnnxGraph(load_model(file).part([about["output"]]), {self._input: shape})

    def forward(self, picture: Tensor) -> Tensor:
        """(1, H, W, 3), RGB in [0, 1] → the same."""
        low, high = self._range
        x = F.pad(self._ordered(picture).permute(0, 3, 1, 2), self._pads, mode="reflect") * (high - low) + low
        painted: Tensor = self.network({self._input: x.permute(0, 2, 3, 1) if self._last else x})
        painted = painted if self._last else painted.permute(0, 2, 3, 1)
        left, _, top, _ = self._pads
        painted = painted[:, top : top + picture.shape[1], left : left + picture.shape[2]]
        return ((self._ordered(painted) - low) / (high - low)).clamp(0, 1)

    def _ordered(self, picture: Tensor) -> Tensor:
        return picture.flip(3) if self._reversed else picture


class Shrink(nn.Module):
    """`pictures.resize.thumbnail`, from one size to another, each (width, height).

    First halved as often as possible. Then each side falls into as many equal pieces as both sizes have in common; in
    each the same few pixels are averaged to the same fewer: a product with a small matrix.
    """

    columns: Tensor
    rows: Tensor

    def __init__(self, size: tuple[int, int], to: tuple[int, int]) -> None:
        super().__init__()
        self._halvings = 0
        while size[0] >= 2 * to[0] and size[1] >= 2 * to[1]:
            self._halvings, size = self._halvings + 1, (size[0] // 2, size[1] // 2)
        self.register_buffer("columns", _means(size[0], to[0]))
        self.register_buffer("rows", _means(size[1], to[1]))

    def forward(self, x: Tensor) -> Tensor:
        """(1, 3, H, W) → (1, 3, h, w)."""
        for _ in range(self._halvings):
            x = F.avg_pool2d(x, 2)
        for matrix in (self.columns, self.rows):
            shrunk = x.reshape(-1, matrix.shape[0]) @ matrix
            x = shrunk.reshape(*x.shape[:3], -1).transpose(2, 3)
        return x


def _means(side: int, to: int) -> Tensor:
    """(n, m): how m pixels of a thumbnail are made of n pixels of a line."""
    pieces = int(np.gcd(side, to))
    lines = np.eye(side // pieces, dtype=np.float32)[..., None].repeat(3, 2)
    return torch.from_numpy(thumbnail(lines, (len(lines), to // pieces))[..., 0].T.copy())


def pads(size: tuple[int, int], border: int, multiple: int) -> list[int]:
    """How far pictures of (width, height) go on, mirrored, to the left, right, top and bottom: for `border` at least,
    and up to sides of which each is a multiple.

    Raises:
        UsageError: farther than the picture is large.
    """
    after = [-(-(side + 2 * border) // multiple) * multiple - border - side for side in size]
    if any(side <= beyond for side, beyond in zip(size, after, strict=True)):
        least = -(-(max(after) + 1) // 8) * 8
        raise UsageError(f"Pictures of {size[0]}×{size[1]} are too small for this model.", hint=f"Try {least} or more.")
    return [border, after[0], border, after[1]]


def bordered(size: tuple[int, int], pads: Sequence[int]) -> tuple[int, int]:
    """(width, height) with these pads."""
    left, right, top, bottom = pads
    return left + size[0] + right, top + size[1] + bottom


def _grain(rows: tuple[int, int], columns: tuple[int, int]) -> Tensor:
    """(1, 6, h / 4, w / 4): between these places, in pixels."""
    cells = ((first // CELL, last // CELL) for first, last in (rows, columns))
    return torch.from_numpy(grain(*cells))[None]
