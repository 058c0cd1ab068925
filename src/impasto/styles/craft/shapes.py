"""Shapes: filled polygons, smooth closed curves and lines as fields."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from impasto.styles.craft.canvas import Canvas, Field

Points = Sequence[tuple[float, float]] | Field


def coordinates(text: str) -> Field:
    """Points written as in an SVG polygon, `"0,0 .5,.1 1,-.2"`: (N, 2)."""
    return np.array([pair.split(",") for pair in text.split()], np.float32)


def fill(canvas: Canvas, polygons: Iterable[Points]) -> Field:
    """1 inside any of the polygons (points in units), 0 outside: (rows, columns)."""
    plate = Image.new("L", (canvas.columns, canvas.rows))
    draw = ImageDraw.Draw(plate)
    for polygon in polygons:
        draw.polygon([(float(x), float(y)) for x, y in canvas.to_pixels(polygon) - 0.5], fill=255)
    return np.asarray(plate, np.float32) / 255


def lines(canvas: Canvas, paths: Iterable[Points], width: float) -> Field:
    """1 on lines of `width` units along `paths`, 0 elsewhere: (rows, columns)."""
    plate = Image.new("L", (canvas.columns, canvas.rows))
    draw = ImageDraw.Draw(plate)
    thick = max(1, round(width * canvas.scale))
    for path in paths:
        points = [(float(x), float(y)) for x, y in canvas.to_pixels(path) - 0.5]
        draw.line(points, fill=255, width=thick, joint="curve")
    return np.asarray(plate, np.float32) / 255


def curve(points: Points, *, closed: bool = False, steps: int = 12) -> Field:
    """A smooth (Catmull–Rom) curve through `points`: (N, 2)."""
    knots = np.asarray(points, np.float32)
    knots = np.concatenate([knots[-1:], knots, knots[:2]]) if closed else np.concatenate([knots[:1], knots, knots[-1:]])
    t = np.linspace(0, 1, steps, endpoint=False, dtype=np.float32)[:, None]
    pieces = []
    for a, b, c, d in zip(knots[:-3], knots[1:-2], knots[2:-1], knots[3:], strict=True):
        pieces.append(0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3))
    if not closed:
        pieces.append(knots[-2:-1])
    return np.concatenate(pieces)


def stencil(canvas: Canvas, shapes: Iterable[tuple[Points, int]], *, ground: int = 0) -> NDArray[np.int32]:
    """Polygons drawn one over another, each in its label: (rows, columns) of labels, `ground` where there is none."""
    plate = Image.new("I", (canvas.columns, canvas.rows), ground)
    draw = ImageDraw.Draw(plate)
    for polygon, label in shapes:
        draw.polygon([(float(x), float(y)) for x, y in canvas.to_pixels(polygon) - 0.5], fill=label)
    return np.asarray(plate, np.int32)


def ellipse(x: float, y: float, radius: float, *, stretch: float = 1.0, turn: float = 0.0, steps: int = 48) -> Field:
    """A closed ellipse, `stretch` times longer along `turn` (radians): (steps, 2)."""
    t = np.linspace(0, 2 * np.pi, steps, endpoint=False)
    a, b = radius * stretch * np.cos(t), radius * np.sin(t)
    return np.stack([x + a * np.cos(turn) - b * np.sin(turn), y + a * np.sin(turn) + b * np.cos(turn)], -1).astype(
        np.float32
    )


def gouge(
    at: Field | tuple[float, float],
    turn: float,
    length: float,
    width: float,
    rng: np.random.Generator,
    *,
    bend: float = 0.0,
) -> Field:
    """The cut of a gouge around `at`, heading `turn`: from a point it swells to a blunt end, shakily: (24, 2)."""
    t = np.linspace(0, 1, 12)
    heading = turn + bend * (t - 0.5)
    spine = np.cumsum(np.stack([np.cos(heading), np.sin(heading)], -1), axis=0) * (length / 11)
    spine += np.asarray(at) - spine.mean(0)
    belly = 0.5 * width * np.sin(np.pi * np.minimum(t**0.8, 0.96)) ** 0.75 * (1 + 0.10 * rng.standard_normal(12))
    side = np.stack([-np.sin(heading), np.cos(heading)], -1) * belly[:, None]
    return np.concatenate([spine + side, (spine - side)[::-1]]).astype(np.float32)
