"""Cells: the pixels nearest to each of many points (Voronoi cells), and how far each is from the edge of its cell."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.styles.craft.canvas import Canvas, Field

Labels = NDArray[np.int32]

# Samples per plate pixel along an edge of a cell's window; see `marks`.
_SPACING = 0.7
_CHUNK = 2_000_000


def nearest(canvas: Canvas, points: Field, reach: float, *, angles: Field | None = None) -> Labels:
    """Number of the nearest point for each pixel, −1 where none lies within `reach`: (rows, columns).

    Each point draws a cone, and near ones hide far ones: Hoff et al. 1999, "Fast Computation of Generalized Voronoi
    Diagrams Using Graphics Hardware".

    Args:
        points: (N, 2) in units.
        reach: half the side of the window in which a point competes, units.
        angles: (N,) turn of a square cone in each point, which makes the cells nearly square and so turned
            (Hausner 2001, "Simulating Decorative Mosaics"); None for round cones, the common Voronoi cells.
    """
    radius = reach * canvas.scale
    count = max(3, math.ceil(2 * radius / _SPACING))
    grid = (np.arange(count) + 0.5) / count * 2 - 1
    a, b = (axis.ravel() for axis in np.meshgrid(grid, grid))
    metric = np.hypot(a, b) if angles is None else np.maximum(np.abs(a), np.abs(b))
    order = np.argsort(-metric, kind="stable")
    a, b = (a[order] * radius).astype(np.float32), (b[order] * radius).astype(np.float32)
    centre = canvas.to_pixels(points)
    turn = np.zeros(len(points), np.float32) if angles is None else angles.astype(np.float32)
    cos, sin = np.cos(turn), np.sin(turn)
    found = np.full(canvas.rows * canvas.columns, -1, np.int32)
    numbers = np.arange(len(points), dtype=np.int32)
    step = max(1, _CHUNK // max(1, len(points)))
    for start in range(0, len(a), step):
        # From the rim of all cones inwards: NumPy assigns in order, so the nearest point stays.
        p, q = a[start : start + step, None], b[start : start + step, None]
        column = np.floor(centre[:, 0] + p * cos - q * sin).astype(np.int32)
        row = np.floor(centre[:, 1] + p * sin + q * cos).astype(np.int32)
        inside = (column >= 0) & (column < canvas.columns) & (row >= 0) & (row < canvas.rows)
        place = row[inside] * np.int64(canvas.columns) + column[inside]
        found[place] = np.broadcast_to(numbers, column.shape)[inside]
    return found.reshape(canvas.rows, canvas.columns)


def centroids(canvas: Canvas, cells: Labels, points: Field) -> Field:
    """The middle of each cell in units, (N, 2); a point that lost its cell stays where it is."""
    flat = cells.ravel() + 1
    size = np.bincount(flat, minlength=len(points) + 1)[1:]
    x = np.bincount(flat, np.broadcast_to(canvas.x, cells.shape).ravel(), len(points) + 1)[1:]
    y = np.bincount(flat, np.broadcast_to(canvas.y, cells.shape).ravel(), len(points) + 1)[1:]
    middle = np.stack([x, y], axis=-1) / np.maximum(size, 1)[:, None]
    return np.where(size[:, None] > 0, middle, points).astype(np.float32)


def renumber(codes: NDArray[np.int64]) -> tuple[Labels, NDArray[np.int64]]:
    """Codes (rows, columns), not negative, as numbers without gaps, and the code of each number (N,)."""
    # By a table: a sort of a whole plate is slow.
    used = np.zeros(int(codes.max()) + 1, np.int32)
    used[codes.ravel()] = 1
    return (np.cumsum(used, dtype=np.int32) - 1)[codes], np.flatnonzero(used)


def lots(codes: NDArray[np.integer[Any]], columns: int, rng: np.random.Generator) -> Field:
    """Standard normal numbers for each of `codes` (N,), the same whichever other codes there are: (N, columns).

    A finer plate shows slivers that a coarse one lacks; drawing for each in turn would change all that follow.
    """
    table = rng.standard_normal((4093, columns), np.float32)
    return np.asarray(table[codes % 4093], np.float32)


def edge_distance(labels: NDArray[np.integer[Any]], limit: int) -> Field:
    """Distance in pixels to the nearest border between labels, exact up to `limit` and no larger: (rows, columns)."""
    edge = np.zeros(labels.shape, bool)
    edge[:-1] |= labels[:-1] != labels[1:]
    edge[:, :-1] |= labels[:, :-1] != labels[:, 1:]
    return distance(edge, limit)


def distance(target: NDArray[np.bool_], limit: int) -> Field:
    """Distance in pixels to the nearest True of `target`, exact up to `limit` and no larger: (rows, columns)."""
    rows, columns = target.shape
    line = np.arange(rows, dtype=np.float32)[:, None]
    above = np.maximum.accumulate(np.where(target, line, -np.float32(np.inf)), axis=0)
    below = np.minimum.accumulate(np.where(target, line, np.float32(np.inf))[::-1], axis=0)[::-1]
    vertical = np.minimum(np.minimum(line - above, below - line), limit) ** 2
    found = vertical.copy()
    for shift in range(1, min(limit, columns - 1) + 1):
        np.minimum(found[:, shift:], vertical[:, :-shift] + shift**2, out=found[:, shift:])
        np.minimum(found[:, :-shift], vertical[:, shift:] + shift**2, out=found[:, :-shift])
    return np.asarray(np.sqrt(np.minimum(found, limit**2)), np.float32)
