"""Marks: brush strokes, knife slabs and dots, laid one over another on a canvas.

For each plate pixel it is kept which mark lies on top and where in that mark the pixel is (along and across).
Colour, bristles and thickness are looked up from that once all marks are laid: only what is seen is painted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from impasto.styles.craft.canvas import Canvas, Field

# Samples are this many plate pixels apart: any wider and strokes on a diagonal get holes.
_SPACING = 0.7
_CHUNK = 1_500_000


@dataclass(frozen=True)
class Brush:
    """Footprints of a brush, each (along, across): where it leaves paint, how thick, and how its two colours run in it.

    Attributes:
        cover: (K, A, B) bool, where paint is left.
        relief: (K, A, B), thickness, about 0–1.
        streak: (K, A, B) in [0, 1], share of the second colour.
    """

    cover: NDArray[np.bool_]
    relief: Field
    streak: Field


class Marks:
    """Marks on a canvas, the last laid on top."""

    def __init__(self, canvas: Canvas) -> None:
        self.canvas = canvas
        self.count = 0
        self._codes = np.full(canvas.rows * canvas.columns, -1, np.int64)
        self._layers: list[_Layer] = []

    def lay(
        self,
        paths: Field,
        widths: Field,
        brush: Brush,
        rng: np.random.Generator,
        *,
        colours: Field,
        second: Field | None = None,
        thickness: Field | float = 0.0,
    ) -> None:
        """Lays strokes in order.

        Args:
            paths: (N, S, 2) centre lines in units, S ≥ 2.
            widths: (N,) or (N, S) half widths in units.
            colours: (N, 3).
            second: (N, 3), the other colour that the brush is loaded with; None for one colour only.
            thickness: of the paint in units, (N,) or one for all.
        """
        if not len(paths):
            return
        kinds = rng.integers(len(brush.cover), size=len(paths), dtype=np.int32)
        widths = np.broadcast_to(widths if widths.ndim == 2 else widths[:, None], paths.shape[:2])
        points = self.canvas.to_pixels(paths)
        lengths = np.linalg.norm(np.diff(points, axis=1), axis=2).sum(1)
        along = max(2, int(np.ceil(1.15 * lengths.max() / _SPACING)))
        across = max(2, int(np.ceil(2 * widths.max() * self.canvas.scale / _SPACING)))
        step = max(1, _CHUNK // (along * across))
        for start in range(0, len(paths), step):
            part = slice(start, start + step)
            codes = np.arange(self.count + start, self.count + start + len(points[part]), dtype=np.int64) << 16
            self._scatter(points[part], widths[part] * self.canvas.scale, (along, across), brush, kinds[part], codes)
        second = colours if second is None else second
        heights = np.broadcast_to(np.asarray(thickness, np.float32), len(paths))
        self._layers.append(_Layer(brush, kinds, colours, second, heights))
        self.count += len(paths)

    def _scatter(
        self,
        points: Field,
        widths: Field,
        samples: tuple[int, int],
        brush: Brush,
        kinds: NDArray[np.int32],
        codes: NDArray[np.int64],
    ) -> None:
        u, v = ((np.arange(n) + 0.5) / n for n in samples)
        centres, normals = _resample(points, u)
        reach = _at(widths[..., None], u) * normals  # (N, along, 2)
        side = (2 * v - 1).astype(np.float32)
        column = np.floor(centres[:, :, None, 0] + reach[:, :, None, 0] * side).astype(np.int32)
        row = np.floor(centres[:, :, None, 1] + reach[:, :, None, 1] * side).astype(np.int32)
        a, b = (u * brush.cover.shape[1]).astype(int), (v * brush.cover.shape[2]).astype(int)
        keep = brush.cover[:, a][:, :, b][kinds]
        keep &= (column >= 0) & (column < self.canvas.columns) & (row >= 0) & (row < self.canvas.rows)
        place = ((u * 256).astype(np.int64)[:, None] << 8) | (v * 256).astype(np.int64)
        # NumPy assigns in order, so of the samples that fall on one pixel the last mark stays.
        self._codes[row[keep] * np.int64(self.canvas.columns) + column[keep]] = (codes[:, None, None] | place)[keep]

    @property
    def top(self) -> NDArray[np.int32]:
        """Number of the mark on top, in the order laid, −1 where the ground is bare: (rows, columns)."""
        return (self._codes >> 16).astype(np.int32).reshape(self.canvas.rows, self.canvas.columns)

    def paint(self, ground: Field) -> tuple[Field, Field]:
        """The marks in colour over `ground` (…, 3), (rows, columns, 3), and their height in units, (rows, columns)."""
        pixels = np.array(np.broadcast_to(ground, (self.canvas.rows, self.canvas.columns, 3))).reshape(-1, 3)
        height = np.zeros(len(pixels), np.float32)
        begin = 0
        for layer in self._layers:
            end = begin + len(layer.kinds)
            where = np.flatnonzero((self._codes >= begin << 16) & (self._codes < end << 16))
            codes = self._codes[where]
            number, u, v = (codes >> 16) - begin, (codes >> 8) & 255, codes & 255
            _, along, across = layer.brush.cover.shape
            index = (layer.kinds[number] * along + u * along // 256) * across + v * across // 256
            base = layer.colours[number]
            pixels[where] = base + (layer.second[number] - base) * layer.brush.streak.ravel()[index][:, None]
            height[where] = layer.brush.relief.ravel()[index] * layer.thickness[number]
            begin = end
        return pixels.reshape(self.canvas.rows, -1, 3), height.reshape(self.canvas.rows, -1)


@dataclass(frozen=True)
class _Layer:
    """Marks laid in one call: footprint, two colours and thickness of each."""

    brush: Brush
    kinds: NDArray[np.int32]
    colours: Field
    second: Field
    thickness: Field


def _at(values: Field, u: NDArray[np.float64]) -> Field:
    """`values` (N, S, C) at the positions `u` in [0, 1] along S, linear: (N, len(u), C)."""
    place = u * (values.shape[1] - 1)
    index = np.minimum(place.astype(int), values.shape[1] - 2)
    t = (place - index).astype(np.float32)[None, :, None]
    return np.asarray(values[:, index] * (1 - t) + values[:, index + 1] * t, np.float32)


def _resample(points: Field, u: NDArray[np.float64]) -> tuple[Field, Field]:
    """Points and unit normals along paths (N, S, 2) at `u`."""
    tangents = np.gradient(points, axis=1)
    normals = np.stack([-tangents[..., 1], tangents[..., 0]], axis=-1)
    normals /= np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-6)
    return _at(points, u), _at(normals, u)
