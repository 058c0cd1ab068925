"""Smooth random fields whose grain is given in units, so that they look the same at every size."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image

from impasto.styles.craft.canvas import Canvas, Field

# Standard deviation of a bicubically interpolated lattice of standard normal values, averaged over positions.
_INTERPOLATED = 0.77


def noise(
    canvas: Canvas,
    cell: float | tuple[float, float],
    rng: np.random.Generator,
    *,
    octaves: int = 1,
    gain: float = 0.5,
) -> Field:
    """A field of mean 0 and standard deviation about 1, (rows, columns).

    Args:
        cell: size of the largest blobs in units; two numbers (across, down) stretch them.
        octaves: each further one is half as large and `gain` times as strong. Those finer than a pixel average out.
    """
    across, down = cell if isinstance(cell, tuple) else (cell, cell)
    total = np.zeros((canvas.rows, canvas.columns), np.float32)
    power = 0.0
    for octave in range(octaves):
        weight = gain**octave
        total += weight * _lattice(canvas, across / 2**octave, down / 2**octave, rng)
        power += weight**2
    return total / np.float32(_INTERPOLATED * math.sqrt(power))


def _lattice(canvas: Canvas, across: float, down: float, rng: np.random.Generator) -> Field:
    wide, high = canvas.width / across, canvas.height / down
    # The tolerance keeps the lattice the same for plates whose shapes differ only by rounding.
    shape = (math.ceil(high - 1e-6) + 4, math.ceil(wide - 1e-6) + 4)
    values = Image.fromarray(rng.standard_normal(shape, np.float32))
    shift_x, shift_y = rng.random(2)
    box = (1 + shift_x, 1 + shift_y, 1 + shift_x + wide, 1 + shift_y + high)
    size = (canvas.columns, canvas.rows)
    return np.asarray(values.resize(size, Image.Resampling.BICUBIC, box=box))


def wobble(positions: Field, cell: float, rng: np.random.Generator, *, octaves: int = 3, gain: float = 0.5) -> Field:
    """One-dimensional noise of standard deviation about 1 at `positions` (any shape, units): ridges, shaky lines."""
    total = np.zeros(positions.shape, np.float32)
    power = 0.0
    low = float(positions.min()) if positions.size else 0.0
    span = (float(positions.max()) - low) if positions.size else 0.0
    for octave in range(octaves):
        step, weight = cell / 2**octave, gain**octave
        # A generator of its own: how many knots are drawn must not change what is drawn after them.
        own = np.random.default_rng(int(rng.integers(1 << 62)))
        place = (positions - low) / step + own.random()
        knots = own.standard_normal(math.ceil(span / step) + 3)
        index = place.astype(np.int32)
        t = place - index
        t = t * t * (3 - 2 * t)
        total += (weight * (knots[index] * (1 - t) + knots[index + 1] * t)).astype(np.float32)
        power += weight**2
    return total / np.float32(0.85 * math.sqrt(power))


def smoothstep(low: float, high: float, value: Field) -> Field:
    """0 below `low`, 1 above `high`, smooth between; `low` > `high` turns it round."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)
