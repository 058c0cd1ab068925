"""Light on paint: relief shading of a height map."""

from __future__ import annotations

import numpy as np

from impasto.styles.craft.canvas import Canvas, Field


def shade(canvas: Canvas, height: Field, *, elevation: float = 0.9, azimuth: float = -2.2) -> tuple[Field, Field]:
    """Diffuse and specular light on a surface of `height` (rows, columns) in units.

    Args:
        elevation: angle of the light above the picture, radians.
        azimuth: where the light comes from, radians, 0 right and π/2 below; the default is upper left.

    Returns:
        Diffuse light (1 where flat) and specular light in [0, 1] (0 where flat), both (rows, columns).
    """
    slope_y, slope_x = _slopes(height, canvas.scale)
    inverse = 1 / np.sqrt(1 + slope_x**2 + slope_y**2)
    lx, ly = np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth)
    lz = np.sin(elevation)
    diffuse = np.maximum((lz - slope_x * lx - slope_y * ly) * inverse, 0)
    # Blinn's halfway vector between the light and a viewer straight ahead.
    hx, hy, hz = np.array([lx, ly, lz + 1]) / np.sqrt(lx**2 + ly**2 + (lz + 1) ** 2)
    halfway = np.clip((hz - slope_x * hx - slope_y * hy) * inverse, 0, 1)
    glint = np.clip((halfway**24 - hz**24) / (1 - hz**24), 0, 1)
    return np.asarray(diffuse / lz, np.float32), np.asarray(glint, np.float32)


def _slopes(height: Field, scale: float) -> tuple[Field, Field]:
    if min(height.shape) < 2:
        return np.zeros_like(height), np.zeros_like(height)
    slopes = np.asarray(np.gradient(height), np.float32) * np.float32(scale)
    return slopes[0], slopes[1]


def light_paint(canvas: Canvas, pixels: Field, height: Field, *, depth: float = 0.7, gloss: float = 0.25) -> Field:
    """`pixels` (rows, columns, 3) lit as paint of that `height`: `depth` scales the shading, `gloss` the highlights."""
    diffuse, glint = shade(canvas, height)
    lit = pixels * (1 + depth * (diffuse - 1))[..., None]
    return np.asarray(lit + (gloss * glint)[..., None] * (1 - np.clip(lit, 0, 1)), np.float32)
