"""Swirling strokes: a valley at night under a turning sky, in thick ridged paint."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from impasto.styles.craft.brushes import bristle_brush, dab
from impasto.styles.craft.canvas import Canvas, Field, Pixels
from impasto.styles.craft.colour import mix, palette, ramp, vary
from impasto.styles.craft.flow import scatter, straight, trace, vectors
from impasto.styles.craft.light import light_paint
from impasto.styles.craft.marks import Brush, Marks
from impasto.styles.craft.noise import noise, smoothstep, wobble

NIGHT = palette("0b1640 123076 1d57a6 3a86bd 7fbcc4 d3dfb6")
LAMP = palette("fffbe0 ffe795 f9bf3e e0942a 7ea59a 2a68a6")
HILLS = palette("0a1836 12335a 24586c 3d7a78")
WHEAT = palette("2c3a1e 6d6a22 b5871f e3b238 f7da7c")
FLOWERS = palette("d8432b e8674a 3f6fc0 f6efd8")
POPLAR = palette("06110f 0e2a24 1d4a33 47692f")
# Moon and stars: place (shares of width and height) and radius in units.
LAMPS = ((0.15, 0.18, 0.16), (0.37, 0.09, 0.040), (0.72, 0.10, 0.055), (0.07, 0.49, 0.045), (0.63, 0.50, 0.034))
# Half width, spacing and length of the strokes of each layer, in units.
LAYERS = ((0.0150, 0.034, 0.14), (0.0080, 0.0185, 0.095), (0.0050, 0.0225, 0.065))


@dataclass(frozen=True)
class Plane:
    """A part of the scene on a sketch: where it is, its colour, and which way the strokes run there.

    `mask` (rows, columns) bool, `colour` (rows, columns, 3), `direction` (rows, columns, 2).
    """

    mask: NDArray[np.bool_]
    colour: Field
    direction: Field


def paint(size: tuple[int, int], rng: np.random.Generator) -> Pixels:
    canvas = Canvas.stretch(size, fineness=1.5, smallest=512)
    sketch = canvas.sketch()
    marks = Marks(canvas)
    brush = bristle_brush(rng, bristles=7)
    for plane in (_sky(sketch, rng), *_hills(sketch, rng), _field(sketch, rng), *_poplars(sketch, rng)):
        for half_width, spacing, length in LAYERS:
            starts = scatter(canvas, spacing, rng)
            starts = starts[sketch.sample(plane.mask.astype(np.float32), starts[:, 0], starts[:, 1]) > 0.5]
            lengths = length * rng.uniform(0.6, 1.25, len(starts)).astype(np.float32)
            paths = trace(sketch, plane.direction, starts, lengths)
            widths = half_width * rng.uniform(0.7, 1.2, len(starts)).astype(np.float32)
            _load(marks, paths, widths, brush, sketch.sample(plane.colour, starts[:, 0], starts[:, 1]), rng)
    _touches(marks, rng)
    pixels, height = marks.paint(NIGHT[0])
    return canvas.finish(light_paint(canvas, pixels, height, depth=0.75, gloss=0.30))


def _load(marks: Marks, paths: Field, widths: Field, brush: Brush, colours: Field, rng: np.random.Generator) -> None:
    """Lays strokes whose brush took up two neighbouring colours."""
    first = vary(colours, rng, lightness=0.04, chroma=0.10, hue=0.13)
    second = vary(first, rng, lightness=0.10, chroma=0.12, hue=0.20)
    thickness = widths * rng.uniform(0.45, 0.9, len(paths)).astype(np.float32)
    marks.lay(paths, widths, brush, rng, colours=first, second=second, thickness=thickness)


def _touches(marks: Marks, rng: np.random.Generator) -> None:
    """Single touches at the end: the hearts of the lamps, poppies and cornflowers in the wheat."""
    w, h = marks.canvas.width, marks.canvas.height
    hearts = np.array([(x * w, y * h) for x, y, _ in LAMPS], np.float32)
    depth = rng.random(90).astype(np.float32) ** 0.6
    flowers = np.stack([rng.uniform(0.0, 0.70, 90) * w, (0.80 + 0.22 * depth) * h], axis=-1).astype(np.float32)
    flowers = flowers[np.argsort(depth)]
    places = np.concatenate([hearts, flowers])
    radii = np.concatenate([[0.05 * r + 0.009 for *_, r in LAMPS], 0.003 + 0.005 * np.sort(depth)]).astype(np.float32)
    colours = np.concatenate(
        [np.repeat(LAMP[:1], len(hearts), 0), FLOWERS[rng.choice(4, 90, p=[0.6, 0.25, 0.1, 0.05])]]
    )
    touches = straight(places, rng.uniform(0, 3.14, len(places)), 2 * radii)
    _load(marks, touches, radii, dab(rng, roughness=0.22), colours, rng)


def _sky(sketch: Canvas, rng: np.random.Generator) -> Plane:
    x, y, w, h = sketch.x, sketch.y, sketch.width, sketch.height
    flow_x = 1 + 0 * (x + y)
    flow_y = 0.5 * np.sin(5.5 * x / w + 2.6) + 0.25 * noise(sketch, 0.3, rng)
    tone = 0.18 + 0.50 * (y / h) + 0.12 * noise(sketch, (0.30, 0.06), rng, octaves=2)
    for sx, sy, radius, turn in ((0.53, 0.28, 0.21, 1), (0.30, 0.46, 0.12, -1), (0.90, 0.13, 0.13, 1)):
        dx, dy = x - sx * w, y - sy * h
        r = np.hypot(dx, dy) + 1e-4
        weight = np.exp(-1.1 * (r / radius) ** 2) * 3.5
        flow_x = flow_x - weight * (turn * dy + 0.22 * dx) / r
        flow_y = flow_y + weight * (turn * dx - 0.22 * dy) / r
        arms = np.sin(2 * turn * np.arctan2(dy, dx) + 9 * np.log(r / radius + 0.08))
        tone = tone + np.exp(-((r / radius) ** 2)) * (0.10 + 0.32 * arms)
    colour = ramp(np.clip(tone, 0, 1), NIGHT)
    for sx, sy, radius in LAMPS:
        dx, dy = x - sx * w, y - sy * h
        r = np.hypot(dx, dy) + 1e-4
        uneven = r / radius + 0.09 * noise(sketch, 0.07, rng)
        weight = smoothstep(1.6, 0.9, uneven) * 6
        flow_x, flow_y = flow_x - weight * dy / r, flow_y + weight * dx / r
        colour = mix(colour, ramp(uneven + 0.09 * np.sin(22 * uneven), LAMP), smoothstep(1.25, 0.65, uneven))
    return Plane(y + 0 * x < 0.72 * h, colour, vectors(flow_x, flow_y))


def _hills(sketch: Canvas, rng: np.random.Generator) -> Iterator[Plane]:
    x, y = sketch.x / sketch.width, sketch.y / sketch.height
    for i, level in enumerate((0.60, 0.68)):
        ridge = level + 0.035 * wobble(x, 0.45, rng) + 0.03 * np.sin(4 * x + 2.4 * i)
        depth = y - ridge
        tone = 0.14 + 0.34 * i + 0.30 * np.sin(26 * depth + 7 * x + 0.8 * noise(sketch, 0.1, rng))
        colour = ramp(np.clip(tone, 0, 1), HILLS)
        yield Plane(depth > 0, colour, vectors(np.ones_like(depth), 0.7 * np.cos(7 * x + 20 * depth)))


def _field(sketch: Canvas, rng: np.random.Generator) -> Plane:
    """Wheat, in furrows that run to a point in the valley."""
    x, y = sketch.x / sketch.width, sketch.y / sketch.height
    depth = y - 0.765 - 0.014 * wobble(x, 0.45, rng) - 0.035 * np.sin(4.2 * x + 4.6)
    dx, dy = x - 0.36, y - 0.66
    furrow = dx / (dy + 0.02) + 0.25 * np.sin(9 * depth)
    tone = 0.62 + 0.26 * np.sin(3.2 * furrow) + 0.13 * noise(sketch, 0.06, rng, octaves=2) - 0.5 * depth
    return Plane(depth > 0, ramp(np.clip(tone, 0, 1), WHEAT), vectors(dx + 0.10 * np.sin(9 * depth), dy))


def _poplars(sketch: Canvas, rng: np.random.Generator) -> Iterator[Plane]:
    """Dark trees at the right, flickering like flames."""
    x, y, w, h = sketch.x, sketch.y, sketch.width, sketch.height
    for foot, top, half in ((0.715, 0.47, 0.040), (0.93, 0.37, 0.058), (0.82, 0.19, 0.070)):
        t = (y / h - top) / (1.04 - top)
        girth = half * np.clip(t, 0, 1) ** 0.75 * (1 + 0.22 * np.sin(21 * t + 30 * foot)) + 0.003
        across = (x - foot * w - 0.018 * np.sin(9 * t + 20 * foot)) / girth
        tone = 0.36 + 0.33 * np.sin(4 * across + 14 * t) - 0.2 * across + 0.12 * noise(sketch, 0.05, rng)
        heading = vectors(0.45 * np.sin(14 * t + 2 * across) - 0.35 * across, -np.ones_like(across))
        yield Plane((np.abs(across) < 1) & (t > 0), ramp(np.clip(tone, 0, 1), POPLAR), heading)
