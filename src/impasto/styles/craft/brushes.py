"""Brushes: families of footprints for `marks.Marks`, made from noise."""

from __future__ import annotations

import numpy as np

from impasto.styles.craft.canvas import Field
from impasto.styles.craft.marks import Brush


def bristle_brush(
    rng: np.random.Generator,
    *,
    bristles: int = 11,
    dryness: float = 0.25,
    kinds: int = 24,
    shape: tuple[int, int] = (80, 40),
) -> Brush:
    """A flat hog-hair brush: grooves along the stroke, a ragged end, ridges at the sides, paint heaped where it stops.

    Args:
        bristles: tufts across the stroke.
        dryness: 0 covers all; towards 1 more and more tufts run out of paint before the end.
    """
    u, v = _axes(shape)
    grooves = _tufts(rng, kinds, bristles, shape)
    drift = _smooth(rng, (kinds, 5, bristles), (kinds, *shape))
    start, end = _ends(rng, kinds, bristles, shape[1], dryness)
    silhouette = np.abs(v) < np.sqrt(np.clip(np.minimum(u / 0.10, (1 - u) / 0.13), 0, 1))
    cover = (u > start) & (u < end) & silhouette
    cover &= grooves + 0.35 * drift + 2.2 - dryness * 5.5 * np.clip(u - 0.35, 0, 1) > 0
    lip = np.exp(-(((np.abs(v) - 0.86) / 0.12) ** 2))
    tail = np.exp(-(((1 - u) / 0.10) ** 2)) + 0.6 * np.exp(-((u / 0.06) ** 2))
    relief = 0.55 + 0.22 * grooves + 0.10 * drift + 0.30 * lip + 0.35 * tail * (1 - v**2)
    streak = np.clip(0.5 + 0.30 * _tufts(rng, kinds, bristles, shape) + 0.14 * drift, 0, 1)
    return Brush(cover, np.clip(relief, 0, 1.6).astype(np.float32), streak.astype(np.float32))


def knife(rng: np.random.Generator, *, kinds: int = 24, shape: tuple[int, int] = (96, 64)) -> Brush:
    """A palette knife: a flat slab with fine drag lines, torn gaps, a high ridge at one side and where it lifts off."""
    u, v = _axes(shape)
    drag = _tufts(rng, kinds, 34, shape)
    body = _smooth(rng, (kinds, 4, 4), (kinds, *shape))
    start, end = _ends(rng, kinds, 9, shape[1], 0.25)
    tear = _smooth(rng, (kinds, 9, 16), (kinds, *shape)) + 0.5 * drag
    cover = (u > start) & (u < end) & (tear + 2.3 - 2.6 * np.clip(u - 0.55, 0, 1) > 0)
    side = rng.choice([-1, 1], (kinds, 1, 1))
    ridge = np.exp(-(((v * side - 0.93) / 0.08) ** 2)) + 0.4 * np.exp(-(((v * side + 0.95) / 0.06) ** 2))
    lift = np.exp(-(((end - u) / 0.035) ** 2))
    relief = 0.5 + 0.09 * drag + 0.13 * body + 0.6 * ridge + 0.55 * lift
    streak = np.clip(0.42 + 0.30 * _tufts(rng, kinds, 15, shape) + 0.30 * body, 0, 1)
    return Brush(cover, np.clip(relief, 0, 1.6).astype(np.float32), streak.astype(np.float32))


def dab(
    rng: np.random.Generator, *, kinds: int = 32, shape: tuple[int, int] = (36, 36), roughness: float = 0.10
) -> Brush:
    """The touch of a small round brush: a blob, thickest near its uneven rim, with a peak where it was lifted."""
    u, v = _axes(shape)
    x = 2 * u - 1
    angle, radius = np.arctan2(v, x), np.hypot(v, x)
    phases = rng.uniform(0, 2 * np.pi, (kinds, 4, 1, 1))
    sizes = rng.normal(0, roughness, (kinds, 4, 1, 1)) / np.arange(1, 5)[:, None, None] ** 0.5
    rim = 0.88 + sum(sizes[:, k] * np.cos((k + 2) * angle + phases[:, k]) for k in range(4))
    inside = radius / np.maximum(rim, 0.3)
    turn = rng.uniform(0, 2 * np.pi, (kinds, 1, 1))
    offset = np.hypot(x - 0.35 * np.cos(turn), v - 0.35 * np.sin(turn))
    relief = 0.55 + 0.35 * np.exp(-(((inside - 0.72) / 0.2) ** 2)) + 0.4 * np.exp(-((offset / 0.25) ** 2))
    relief = relief * np.sqrt(np.clip(1.05 - inside**4, 0, 1))
    streak = np.clip(0.5 + 0.4 * _smooth(rng, (kinds, 4, 6), (kinds, *shape)), 0, 1)
    return Brush(inside < 1, relief.astype(np.float32), streak.astype(np.float32))


def _axes(shape: tuple[int, int]) -> tuple[Field, Field]:
    """Position along in 0–1, (1, A, 1), and across in −1–1, (1, 1, B)."""
    u = (np.arange(shape[0], dtype=np.float32) + 0.5) / shape[0]
    v = 2 * (np.arange(shape[1], dtype=np.float32) + 0.5) / shape[1] - 1
    return u[None, :, None], v[None, None, :]


def _smooth(rng: np.random.Generator, knots: tuple[int, int, int], shape: tuple[int, int, int]) -> Field:
    """Normal noise on a grid of `knots` (K, A, B) interpolated to `shape`."""
    values = rng.standard_normal(knots).astype(np.float32)
    for axis in (1, 2):
        place = np.linspace(0, knots[axis] - 1, shape[axis])
        index = np.minimum(place.astype(int), max(knots[axis] - 2, 0))
        t = (place - index).astype(np.float32)
        t = (t * t * (3 - 2 * t)).reshape((1, -1, 1) if axis == 1 else (1, 1, -1))
        following = np.minimum(index + 1, knots[axis] - 1)
        values = np.take(values, index, axis) * (1 - t) + np.take(values, following, axis) * t
    return values


def _tufts(rng: np.random.Generator, kinds: int, bristles: int, shape: tuple[int, int]) -> Field:
    """Noise that varies fast across the stroke and hardly along it."""
    return 0.85 * _smooth(rng, (kinds, 2, bristles), (kinds, *shape)) + 0.5 * _smooth(
        rng, (kinds, 3, 2 * bristles), (kinds, *shape)
    )


def _ends(rng: np.random.Generator, kinds: int, bristles: int, across: int, dryness: float) -> tuple[Field, Field]:
    """Where each tuft touches down and runs out, (kinds, 1, across)."""
    start = 0.05 * np.abs(_smooth(rng, (kinds, 1, bristles), (kinds, 1, across)))
    end = 1 - (0.05 + 0.22 * dryness) * np.abs(_smooth(rng, (kinds, 1, bristles), (kinds, 1, across)))
    return start, end


def ink_brush(
    rng: np.random.Generator, *, dryness: float = 0.5, kinds: int = 24, shape: tuple[int, int] = (120, 32)
) -> Brush:
    """A pointed hair brush with ink: as it runs dry the hairs part and the paper shows through (feibai)."""
    u, v = _axes(shape)
    hairs = _tufts(rng, kinds, 16, shape)
    drift = _smooth(rng, (kinds, 6, 4), (kinds, *shape))
    press = np.clip(np.minimum(u / 0.12, (1 - u) / 0.45), 0, 1) ** 0.6 * (
        0.9 + 0.1 * _smooth(rng, (kinds, 8, 1), (kinds, *shape))
    )
    cover = np.abs(v + 0.08 * drift) < press
    cover &= hairs + 0.5 * drift + 2.4 - dryness * 4.5 * np.clip(u - 0.15, 0, 1) > 0
    # Pigment is carried to the rim as the stroke dries.
    rim = np.exp(-(((press - np.abs(v)) / 0.14) ** 2))
    relief = np.clip(0.62 + 0.16 * drift + 0.10 * hairs + 0.25 * rim - 0.25 * u, 0.1, 1.2)
    streak = np.clip(0.5 + 0.2 * hairs, 0, 1) + 0 * u
    return Brush(cover, relief.astype(np.float32), np.broadcast_to(streak, cover.shape).astype(np.float32))


def stick(rng: np.random.Generator, *, kinds: int = 24, shape: tuple[int, int] = (96, 24)) -> Brush:
    """A stick of pastel or crayon: blunt ends, crumbling sides; its relief tells how hard each part was pressed."""
    u, v = _axes(shape)
    crumble = _smooth(rng, (kinds, 30, 8), (kinds, *shape))
    pressure = 0.76 + 0.18 * _smooth(rng, (kinds, 6, 2), (kinds, *shape)) + 0.10 * _tufts(rng, kinds, 7, shape)
    ends = np.clip(np.minimum(u, 1 - u) / 0.05, 0, 1)
    cover = np.abs(v) < (0.90 + 0.10 * crumble) * np.sqrt(0.25 + 0.75 * ends)
    streak = np.clip(0.5 + 0.35 * _tufts(rng, kinds, 6, shape), 0, 1)
    return Brush(
        cover, np.clip(pressure - 0.40 * np.abs(v) ** 3, 0.1, 1.2).astype(np.float32), streak.astype(np.float32)
    )
