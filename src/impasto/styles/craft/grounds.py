"""Grounds: paper, canvas and wood to paint or print on."""

from __future__ import annotations

import numpy as np

from impasto.styles.craft.canvas import Canvas, Field
from impasto.styles.craft.noise import noise
from impasto.styles.craft.shapes import lines


def paper_tooth(canvas: Canvas, rng: np.random.Generator, *, grain: float = 0.006) -> Field:
    """Height of rough paper: bumps about `grain` units wide, mean 0 and deviation about 1, (rows, columns)."""
    bumps = noise(canvas, grain, rng, octaves=3, gain=0.6)
    return np.asarray(bumps - 0.5 * np.abs(noise(canvas, 1.7 * grain, rng)) + 0.4, np.float32)


def fibres(canvas: Canvas, rng: np.random.Generator, *, count: int = 260, length: float = 0.05) -> Field:
    """Long fibres of mulberry paper, 0–1: (rows, columns)."""
    turn = rng.uniform(0, 2 * np.pi, count)[:, None] + np.cumsum(rng.normal(0, 0.30, (count, 8)), axis=1)
    step = length / 8 * rng.uniform(0.4, 1.4, (count, 1))
    starts = rng.random((count, 1, 2)) * np.array([canvas.width, canvas.height])
    paths = starts + np.cumsum(np.stack([np.cos(turn), np.sin(turn)], axis=-1) * step[..., None], axis=1)
    return lines(canvas, list(paths.astype(np.float32)), 0.0009)


def woodgrain(canvas: Canvas, rng: np.random.Generator, *, ring: float = 0.012) -> Field:
    """Grain of a plank that runs across the picture, mean about 0, in −1–1: (rows, columns)."""
    bend = 0.020 * noise(canvas, (0.9, 0.22), rng, octaves=2) + 0.0012 * noise(canvas, (0.10, 0.01), rng)
    rings = np.sin(2 * np.pi * (canvas.y + bend) / ring + 1.5 * noise(canvas, (1.2, 0.05), rng))
    pores = noise(canvas, (0.060, 0.0016), rng, octaves=2)
    return np.asarray(np.clip(0.6 * rings + 0.3 * pores, -1, 1), np.float32)


def weave(canvas: Canvas, *, thread: float = 0.0042) -> Field:
    """Linen: height of threads over and under one another, 0–1: (rows, columns)."""
    a, b = np.pi * canvas.x / thread, np.pi * canvas.y / thread
    over = np.abs(np.sin(a)) * (0.6 + 0.4 * np.cos(b) * np.sign(np.cos(a)))
    under = np.abs(np.sin(b)) * (0.6 - 0.4 * np.cos(a) * np.sign(np.cos(b)))
    return np.asarray(np.maximum(over, under), np.float32)
