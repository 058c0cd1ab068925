"""The canvas: one coordinate system for every size, drawn larger than asked for and reduced at the end.

Lengths are in units of the square root of the picture's area, so a canvas is always one square unit whatever its shape,
and a mark of a given length covers the same share of the picture at 256 pixels as at 1024.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

# What is drawn: floats by (rows, columns[, channels]), or points and values by (N, …).
Field = NDArray[np.floating[Any]]
Pixels = NDArray[np.float32]

# Drawn finer than asked for up to here, so that edges are smooth; beyond, the pixels themselves are fine enough.
_FULL_OVERSAMPLING = 1024


@dataclass(frozen=True)
class Canvas:
    """A plate of `columns` × `rows` pixels on which a picture of `size` (width, height) is drawn."""

    size: tuple[int, int]
    columns: int
    rows: int

    @classmethod
    def stretch(cls, size: tuple[int, int], *, fineness: float = 2.0, smallest: int = 384) -> Canvas:
        """The plate for a picture of `size`: `fineness` times as fine, less if large, at least `smallest` squared."""
        side = float(np.sqrt(size[0] * size[1]))
        factor = max(smallest / side, min(fineness, max(1.0, 2 * _FULL_OVERSAMPLING / side)))
        return cls(size, max(1, round(size[0] * factor)), max(1, round(size[1] * factor)))

    def sketch(self, side: int = 384) -> Canvas:
        """A coarse canvas of the same shape, alike for every size: what is planned on it is the same at all sizes."""
        return Canvas(self.size, max(2, round(side * self.width)), max(2, round(side * self.height)))

    @cached_property
    def width(self) -> float:
        """Width in units; `width` × `height` is 1."""
        return float(np.sqrt(self.size[0] / self.size[1]))

    @cached_property
    def height(self) -> float:
        return 1.0 / self.width

    @cached_property
    def scale(self) -> float:
        """Plate pixels per unit."""
        return float(np.sqrt(self.columns * self.rows))

    @cached_property
    def x(self) -> Field:
        """Pixel centres across, in units, (1, columns)."""
        return ((np.arange(self.columns, dtype=np.float32) + 0.5) * np.float32(self.width / self.columns))[None, :]

    @cached_property
    def y(self) -> Field:
        """Pixel centres downwards, in units, (rows, 1)."""
        return ((np.arange(self.rows, dtype=np.float32) + 0.5) * np.float32(self.height / self.rows))[:, None]

    def to_pixels(self, points: ArrayLike) -> Field:
        """Points (…, 2) in units as (column, row) on the plate."""
        return np.asarray(points, np.float32) * np.array(
            [self.columns / self.width, self.rows / self.height], np.float32
        )

    def sample(self, field: Field, x: Field, y: Field) -> Field:
        """`field` (rows, columns[, C]) at points in units, bilinear; points beyond the border take its value there."""
        column = np.clip(x * (self.columns / self.width) - 0.5, 0, self.columns - 1)
        row = np.clip(y * (self.rows / self.height) - 0.5, 0, self.rows - 1)
        c0 = np.minimum(column.astype(np.int32), max(self.columns - 2, 0))
        r0 = np.minimum(row.astype(np.int32), max(self.rows - 2, 0))
        c1, r1 = np.minimum(c0 + 1, self.columns - 1), np.minimum(r0 + 1, self.rows - 1)
        extra = (1,) * (field.ndim - 2)
        fc = (column - c0).astype(np.float32).reshape(*column.shape, *extra)
        fr = (row - r0).astype(np.float32).reshape(*row.shape, *extra)
        upper = field[r0, c0] * (1 - fc) + field[r0, c1] * fc
        lower = field[r1, c0] * (1 - fc) + field[r1, c1] * fc
        return np.asarray(upper * (1 - fr) + lower * fr, np.float32)

    def enlarge(self, field: Field) -> Field:
        """A field of a coarser canvas of the same shape, brought to this plate (bicubic)."""
        return resize(field, (self.columns, self.rows), Image.Resampling.BICUBIC)

    def finish(self, pixels: Field) -> Pixels:
        """The plate (rows, columns, 3) as the picture that was asked for, (height, width, 3) in [0, 1]."""
        if (self.columns, self.rows) != self.size:
            pixels = resize(pixels, self.size, Image.Resampling.HAMMING)
        return np.clip(pixels, 0, 1).astype(np.float32)


def resize(field: Field, size: tuple[int, int], filter: Image.Resampling = Image.Resampling.BICUBIC) -> Field:
    """`field` (rows, columns[, C]) brought to `size` (columns, rows)."""
    if field.ndim == 2:
        return np.asarray(Image.fromarray(np.ascontiguousarray(field, np.float32)).resize(size, filter))
    return np.stack([resize(field[..., c], size, filter) for c in range(field.shape[2])], axis=-1)


def blur(field: Field, sigma: float) -> Field:
    """Gaussian blur by `sigma` pixels (borders repeat); wide ones are computed on a reduced picture."""
    rows, columns = field.shape[:2]
    if sigma < 0.3:
        return field
    reduce = int(sigma // 3)
    if reduce > 1 and min(rows, columns) > 4 * reduce:
        small = resize(field, (-(-columns // reduce), -(-rows // reduce)), Image.Resampling.BILINEAR)
        return resize(blur(small, sigma / reduce), (columns, rows), Image.Resampling.BICUBIC)
    radius = max(1, round(2.6 * sigma))
    taps = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    taps = (taps / taps.sum()).astype(np.float32)
    for axis in (0, 1):
        padding = [(radius, radius) if a == axis else (0, 0) for a in range(field.ndim)]
        padded, length = np.pad(field, padding, mode="edge"), field.shape[axis]
        total = np.zeros_like(field)
        for i, tap in enumerate(taps):
            window = padded[i : i + length] if axis == 0 else padded[:, i : i + length]
            total += tap * window
        field = total
    return field
