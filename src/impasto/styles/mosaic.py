"""Mosaic: a peacock in glass and gold, the tesserae laid in rows that follow the drawing."""

from __future__ import annotations

import numpy as np

from impasto.styles.craft.canvas import Canvas, Field, Pixels, blur
from impasto.styles.craft.cells import Labels, centroids, edge_distance, nearest
from impasto.styles.craft.colour import mix, palette, vary
from impasto.styles.craft.flow import scatter
from impasto.styles.craft.light import shade
from impasto.styles.craft.noise import noise, smoothstep
from impasto.styles.craft.shapes import coordinates, curve, ellipse, stencil

GOLD, CREAM, LAPIS, TEAL, GREEN, RED, NIGHT, SKY, OCHRE, FEATHER, PLUME = range(11)
# Smalti: a few tints of each, from shadow to light.
SMALTI = (
    palette("b07f26 cd9c34 e3b748 f3d479 dba63a"),
    palette("efe6cc f8f1de e0d3b2"),
    palette("142a78 1d3f9e 2a55b8 183286"),
    palette("0f6f7f 1b8f98 3fb0ad"),
    palette("1f5f3f 2f7f4a 5b9f52 8fb95a"),
    palette("8e2420 b5352a cf5236"),
    palette("0c1638 141f4f"),
    palette("5f9fd8 8fc4e6 3f83c6"),
    palette("a8642a c98436 8a4a22"),
    palette("14604f 1f7a58 2f8f6b 1a6a6a"),
    palette("1b4f8f 2a6fae 3f8fc0"),
)
TESSERA = 0.0106


def paint(size: tuple[int, int], rng: np.random.Generator) -> Pixels:
    canvas = Canvas.stretch(size, fineness=1.7, smallest=768)
    sketch = canvas.sketch(640)
    drawing = _peacock(sketch)
    points, angles = _lay_rows(sketch, drawing, rng)
    column, row = (sketch.to_pixels(points) - 0.5).round().astype(int).T
    kinds = drawing[np.clip(row, 0, sketch.rows - 1), np.clip(column, 0, sketch.columns - 1)]
    colours = np.empty((len(points), 3), np.float32)
    for kind, tints in enumerate(SMALTI):
        mine = kinds == kind
        colours[mine] = tints[rng.integers(len(tints), size=int(mine.sum()))]
    colours = vary(colours, rng, lightness=0.022, chroma=0.08, hue=0.05)
    cells = nearest(canvas, points, 1.35 * TESSERA, angles=angles)
    return canvas.finish(_set_in_mortar(canvas, cells, points, colours, kinds == GOLD, rng))


def _lay_rows(sketch: Canvas, drawing: Labels, rng: np.random.Generator) -> tuple[Field, Field]:
    """Where each tessera lies and how it is turned: (N, 2) in units and (N,) in radians.

    Rows run parallel to the nearest contour (opus vermiculatum). Points relax to the middles of their cells (Lloyd) and
    are drawn to the middles of the rows in turn.
    """
    contour = edge_distance(drawing, int(0.2 * sketch.scale)) / np.float32(sketch.scale)
    smooth = blur(contour, 1.2)
    down, across = np.gradient(smooth)
    steepness = np.maximum(np.hypot(down, across), 1e-9)
    normal = np.stack([across, down], axis=-1) / steepness[..., None]
    points = scatter(sketch, 0.94 * TESSERA, rng, margin=0.0)
    for turn in range(7):
        heading = sketch.sample(normal, points[:, 0], points[:, 1])
        angles = np.arctan2(heading[:, 1], heading[:, 0])
        if turn:
            cells = nearest(sketch, points, 1.3 * TESSERA, angles=angles)
            points = centroids(sketch, cells, points)
            heading = sketch.sample(normal, points[:, 0], points[:, 1])
        depth = sketch.sample(contour, points[:, 0], points[:, 1])
        row = (np.floor(depth / TESSERA) + 0.5) * TESSERA
        points = points + 0.8 * heading * (row - depth)[:, None]
    heading = sketch.sample(normal, points[:, 0], points[:, 1])
    return points, np.arctan2(heading[:, 1], heading[:, 0])


def _set_in_mortar(
    canvas: Canvas, cells: Labels, points: Field, colours: Field, gold: Field, rng: np.random.Generator
) -> Field:
    """Each cell as a small tilted stone with worn edges, grout between."""
    width = 0.0010 * canvas.scale
    ragged = np.exp(0.3 * noise(canvas, 0.006, rng))
    inside = edge_distance(cells, max(2, int(4 * width))) / (width * ragged)
    stone = smoothstep(0.55, 1.15, inside)
    tilt = rng.normal(0, 0.16, (len(points), 2)).astype(np.float32)
    number = np.maximum(cells, 0)
    offset_x = canvas.x - points[number, 0]
    offset_y = canvas.y - points[number, 1]
    rounded = 0.0013 * smoothstep(0.3, 3.2, inside)
    uneven = 0.00022 * noise(canvas, 0.004, rng, octaves=2)
    height = rounded + stone * (tilt[number, 0] * offset_x + tilt[number, 1] * offset_y + uneven)
    diffuse, glint = shade(canvas, blur(height, 0.0006 * canvas.scale))
    mottled = 1 + 0.05 * noise(canvas, 0.005, rng, octaves=2)
    glass = colours[number] * (mottled * (0.62 + 0.43 * diffuse))[..., None]
    metal = np.asarray(gold, np.float32)[number]
    shine = glint * (0.30 + 0.75 * metal)
    glass = glass + shine[..., None] * np.where(metal[..., None] > 0, palette("fff0b8")[0], 1.0)
    sand = 1 + 0.10 * noise(canvas, 0.003, rng, octaves=2)
    mortar = palette("6a6058")[0] * (sand * (0.6 + 0.4 * diffuse))[..., None]
    return mix(mortar, glass, stone)


def _peacock(sketch: Canvas) -> Labels:
    """A peacock that spreads its tail, on a meadow and gold, in a frame."""
    w, h = sketch.width, sketch.height
    shapes, inset = _frame(w, h)
    unit = 1.09 * min(w - 2 * inset, h - 2 * inset)
    ground = h - inset - 0.07 * unit - 0.35 * max(0.0, h - w)
    place = np.array([0.5 * w, ground - 0.235 * unit], np.float32)
    meadow = np.array([(inset, ground), (w - inset, ground), (w - inset, h - inset), (inset, h - inset)], np.float32)
    shapes.append((meadow, GREEN))
    spots = max(3, round((w - 2 * inset) / 0.085))
    for i in range(spots):
        x = inset + (i + 0.5) * (w - 2 * inset) / spots
        y = 0.5 * (ground + h - inset) + 0.012 * (-1) ** i
        shapes += [(ellipse(x, y, 0.019), (CREAM, RED, OCHRE)[i % 3]), (ellipse(x, y, 0.008), GOLD)]
    for x, y in ((inset + 0.075, inset + 0.075), (w - inset - 0.075, inset + 0.075)):
        for turn in np.arange(8) * np.pi / 4:
            petal = ellipse(x + 0.030 * np.cos(turn), y + 0.030 * np.sin(turn), 0.010, stretch=1.9, turn=float(turn))
            shapes.append((petal, CREAM if round(turn * 4 / np.pi) % 2 else RED))
        shapes.append((ellipse(x, y, 0.014), LAPIS))
    shapes += [(points * np.float32(unit) + place, kind) for points, kind in (*_tail(), *_bird())]
    return stencil(sketch, shapes, ground=NIGHT)


def _frame(w: float, h: float) -> tuple[list[tuple[Field, int]], float]:
    """Bands of whole rows with a chain of lozenges in the broad one, and how far in the frame reaches."""

    def box(inset: float) -> Field:
        return np.array([(inset, inset), (w - inset, inset), (w - inset, h - inset), (inset, h - inset)], np.float32)

    shapes: list[tuple[Field, int]] = []
    rows = 0
    for thick, kind in ((1, NIGHT), (1, CREAM), (5, LAPIS), (1, CREAM), (2, RED)):
        shapes.append((box(rows * TESSERA), kind))
        rows += thick
    shapes.append((box(rows * TESSERA), GOLD))
    middle, half = 4.5 * TESSERA, 2.0 * TESSERA
    for length, flip in ((w, False), (h, True)):
        count = max(1, round((length - 2 * middle) / (5 * TESSERA)))
        for i in range(count + 1):
            along = middle + i * (length - 2 * middle) / count
            for across in (middle, (w if flip else h) - middle):
                x, y = (across, along) if flip else (along, across)
                long, wide = (1.9 * half, half) if not flip else (half, 1.9 * half)
                shapes.append(
                    (
                        np.array(
                            [(x - 0.6 * long, y), (x, y - 0.6 * wide), (x + 0.6 * long, y), (x, y + 0.6 * wide)],
                            np.float32,
                        ),
                        OCHRE if i % 2 else SKY,
                    )
                )
    return shapes, rows * TESSERA


def _tail() -> list[tuple[Field, int]]:
    """Three rings of feathers, the outer ones behind, each with its eye, in shares of the bird's size."""
    shapes: list[tuple[Field, int]] = []
    for ring, (radius, count, eye) in enumerate(((0.500, 17, 0.040), (0.375, 13, 0.036), (0.250, 9, 0.030))):
        for i in range(count):
            turn = np.pi * (1.015 + 0.97 * (i + 0.5) / count)
            out, side = np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)])
            wide = 1.03 * np.pi * radius / count / 2
            t = np.linspace(-np.pi / 2, np.pi / 2, 14)
            tip = [(radius + 0.9 * wide * np.cos(a)) * out + wide * np.sin(a) * side for a in t]
            shapes.append((np.array([*tip, (0.0, 0.05)], np.float32), (FEATHER, GREEN)[(i + ring) % 2]))
            shaft = [0.1 * out + 0.003 * side, radius * out + 0.003 * side, radius * out - 0.003 * side]
            shapes.append((np.array(shaft, np.float32), OCHRE))
            ex, ey = radius * out
            for share, kind in ((1.0, GOLD), (0.70, SKY if ring == 1 else RED), (0.40, LAPIS)):
                shapes.append((ellipse(ex, ey, 0.82 * eye * share, stretch=1.25, turn=float(turn)), kind))
    return shapes


def _bird() -> list[tuple[Field, int]]:
    """Body, neck and a head in profile, in shares of the bird's size."""
    shapes: list[tuple[Field, int]] = []
    for x in (-0.03, 0.05):
        leg = [
            (x - 0.008, 0.15),
            (x + 0.008, 0.15),
            (x + 0.006, 0.245),
            (x + 0.010, 0.258),
            (x - 0.050, 0.258),
            (x - 0.008, 0.243),
        ]
        shapes.append((np.array(leg, np.float32), RED))
    body = curve(
        coordinates(
            "-.052,-.3 -.012,-.318 .026,-.292 .028,-.235 .02,-.17 .05,-.105 .115,-.03 .135,.06 "
            ".09,.155 0,.185 -.085,.15 -.125,.06 -.11,-.03 -.065,-.105 -.048,-.17 -.046,-.235"
        ),
        closed=True,
    )
    middle = np.array([0.0, -0.03], np.float32)
    shapes += [((body - middle) * np.array([1.20, 1.045], np.float32) + middle, NIGHT), (body, LAPIS)]
    return shapes + _plumage() + _head()


def _plumage() -> list[tuple[Field, int]]:
    """The folded wing, the scales of the breast, the throat."""
    shapes: list[tuple[Field, int]] = []
    wing = curve(coordinates(".02,-.06 .105,-.03 .13,.06 .09,.15 .04,.18 .035,.06"), closed=True)
    shapes.append((wing, OCHRE))
    for i in range(3):
        bar = curve([(0.038, -0.005 + 0.055 * i), (0.080, 0.012 + 0.055 * i), (0.118, -0.005 + 0.050 * i)], steps=6)
        shapes.append((np.concatenate([bar, bar[::-1] + np.array([0, 0.016], np.float32)]), CREAM))
    scales = "-.07,-.03 -.022,-.045 -.085,.025 -.037,.015 -.078,.082 -.025,.078 -.045,.135 .005,.135"
    for x, y in coordinates(scales).tolist():
        shapes += [(ellipse(x, y, 0.021), SKY), (ellipse(x - 0.002, y - 0.007, 0.011), PLUME)]
    for i in range(4):
        shapes.append((ellipse(-0.013, -0.215 + 0.040 * i, 0.010 + 0.002 * i, stretch=1.7), TEAL))
    return shapes


def _head() -> list[tuple[Field, int]]:
    """Crest, beak and eye."""
    shapes: list[tuple[Field, int]] = []
    for i in (-1, 0, 1, 2):
        tip = (0.010 + 0.036 * i, -0.405 + 0.010 * abs(i - 0.5))
        shapes.append((np.array([(-0.008 + 0.007 * i, -0.305), (0.000 + 0.007 * i, -0.305), tip], np.float32), LAPIS))
        shapes.append((ellipse(*tip, 0.0135), CREAM))
    shapes.append((np.array([(-0.046, -0.292), (-0.042, -0.258), (-0.108, -0.256)], np.float32), OCHRE))
    shapes += [(ellipse(-0.016, -0.276, 0.0165, stretch=1.5), CREAM), (ellipse(-0.018, -0.278, 0.0080), NIGHT)]
    return shapes
