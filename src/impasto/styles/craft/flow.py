"""Flow: where marks are set and which way they run."""

from __future__ import annotations

import math

import numpy as np

from impasto.styles.craft.canvas import Canvas, Field


def scatter(
    canvas: Canvas, spacing: float, rng: np.random.Generator, *, margin: float = 0.02, jitter: float = 0.4
) -> Field:
    """Points about `spacing` apart over the canvas and a margin around it, in random order: (N, 2) in units.

    `jitter` is how far each may stray from its place in a regular pattern, as a share of `spacing`.
    """
    across = math.ceil((canvas.width + 2 * margin) / spacing - 1e-6)
    down = math.ceil((canvas.height + 2 * margin) / spacing - 1e-6)
    rows, columns = np.mgrid[:down, :across].reshape(2, -1).astype(np.float32)
    # Every other row is set off by half a step: a jittered square grid shows its rows.
    x = (columns + 0.5 * (rows % 2) + rng.uniform(-jitter, jitter, len(rows))) * spacing - margin
    y = (rows + rng.uniform(-jitter, jitter, len(rows))) * spacing - margin
    return np.stack([x, y], axis=-1).astype(np.float32)[rng.permutation(len(rows))]


def trace(canvas: Canvas, direction: Field, starts: Field, lengths: Field, *, steps: int = 12) -> Field:
    """Paths that follow a field of directions.

    Args:
        direction: (rows, columns, 2), any length; only where it points counts.
        starts: (N, 2) middle points of the paths, units.
        lengths: (N,) in units.

    Returns:
        (N, steps + 1, 2) in units.
    """
    half = steps // 2
    forward = _walk(canvas, direction, starts, lengths / steps, steps - half)
    backward = _walk(canvas, direction, starts, -lengths / steps, half)
    return np.concatenate([backward[:, :0:-1], forward], axis=1)


def _walk(canvas: Canvas, direction: Field, points: Field, step: Field, count: int) -> Field:
    path = [points]
    for _ in range(count):
        heading = canvas.sample(direction, points[:, 0], points[:, 1])
        heading /= np.maximum(np.linalg.norm(heading, axis=1, keepdims=True), 1e-6)
        points = points + heading * step[:, None].astype(np.float32)
        path.append(points)
    return np.stack(path, axis=1)


def straight(middles: Field, angles: Field, lengths: Field, *, bend: Field | None = None, steps: int = 6) -> Field:
    """Straight (or, with `bend` in radians, arched) paths around `middles` (N, 2): (N, steps + 1, 2)."""
    t = np.linspace(-0.5, 0.5, steps + 1, dtype=np.float32)[None, :]
    turn = angles[:, None] + (0 if bend is None else bend[:, None] * t)
    if bend is None:
        heading = np.stack([np.cos(turn), np.sin(turn)], axis=-1) * (lengths[:, None] * t)[..., None]
        return np.asarray(middles[:, None] + heading, np.float32)
    pieces = np.stack([np.cos(turn), np.sin(turn)], axis=-1) * (lengths[:, None, None] / steps)
    path = np.cumsum(pieces, axis=1)
    return np.asarray(middles[:, None] + path - path[:, [steps // 2]], np.float32)


def vectors(x: Field, y: Field) -> Field:
    """A field of directions from its two components, (rows, columns, 2)."""
    return np.stack(np.broadcast_arrays(x, y), axis=-1).astype(np.float32)
