"""Batik: flowers and butterflies on indigo cotton, drawn in wax, dyed, and crackled."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from impasto.styles.craft.canvas import Canvas, Field, Pixels, blur
from impasto.styles.craft.cells import edge_distance, nearest
from impasto.styles.craft.colour import mix, palette, stain
from impasto.styles.craft.flow import scatter
from impasto.styles.craft.grounds import weave
from impasto.styles.craft.noise import noise, smoothstep
from impasto.styles.craft.shapes import curve, ellipse, gouge, stencil

INDIGO, WAX, MADDER, ROSE, OCHRE, SOGA, TEAL, LEAF, SKY, PLUM, DUSK = range(11)
DYES = palette("16245a f3e8d0 a82a2f d9707a e3a33a 8a4b24 1f7f84 4f8a4f 5f93c4 6a2f5f 2c4592")
CRACK = palette("1a2450")[0]
# Large flowers: place (shares), radius (shares of the shorter side), petals, dyes from the outer ring to the inner one.
FLOWERS = (
    (0.28, 0.29, 0.165, 9, (MADDER, ROSE, OCHRE)),
    (0.71, 0.66, 0.175, 10, (TEAL, SKY, OCHRE)),
    (0.73, 0.21, 0.115, 8, (OCHRE, SOGA, MADDER)),
    (0.25, 0.75, 0.125, 8, (PLUM, ROSE, SKY)),
    (0.495, 0.475, 0.080, 7, (SKY, TEAL, MADDER)),
    (0.94, 0.425, 0.085, 7, (MADDER, OCHRE, TEAL)),
    (0.055, 0.52, 0.080, 7, (OCHRE, MADDER, SKY)),
    (0.49, 0.895, 0.075, 6, (ROSE, MADDER, OCHRE)),
    (0.505, 0.095, 0.070, 6, (SKY, PLUM, OCHRE)),
)
Shapes = list[tuple[Field, int]]


def paint(size: tuple[int, int], rng: np.random.Generator) -> Pixels:
    canvas = Canvas.stretch(size, fineness=1.7, smallest=640)
    labels = stencil(canvas, _design(canvas, rng), ground=INDIGO)
    cotton = weave(canvas, thread=0.0032)
    cloudy = noise(canvas, 0.12, rng, octaves=4)
    cloth = DYES[WAX] * (0.97 + 0.05 * cotton + 0.02 * cloudy)[..., None]
    dyed = _dye(canvas, labels, cotton, cloudy)
    cloth = stain(cloth, np.clip(dyed / DYES[WAX], 0.02, 1), 1.0)
    # Wax breaks where the cloth was crumpled, and the last dye creeps in.
    waxed = blur((labels != INDIGO).astype(np.float32), 0.002 * canvas.scale)
    crack = _crackle(canvas, rng) * (0.10 + 0.90 * waxed)
    cloth = mix(cloth, CRACK, np.clip(0.85 * crack, 0, 0.85))
    return canvas.finish(cloth * (0.90 + 0.16 * cotton)[..., None])


def _dye(canvas: Canvas, labels: NDArray[np.int32], cotton: Field, cloudy: Field) -> Field:
    """Flat dyes that creep a little under the wax, stronger where they pooled: (rows, columns, 3)."""
    sharp = DYES[labels]
    crept = blur(sharp, 0.0011 * canvas.scale)
    pool = blur((labels == WAX).astype(np.float32), 0.007 * canvas.scale)
    strength = 1 + 0.10 * cloudy - 0.16 * pool + 0.06 * (cotton - 0.5)
    dyed = DYES[WAX] * np.exp(np.log(np.clip(crept / DYES[WAX], 0.02, 1)) * strength[..., None])
    return np.asarray(np.minimum(dyed, DYES[WAX]), np.float32)


def _crackle(canvas: Canvas, rng: np.random.Generator) -> Field:
    """Veins between crumbs of wax at two scales, here open, there closed: (rows, columns) in 0–1."""
    veins = np.zeros((canvas.rows, canvas.columns), np.float32)
    for spacing, width, strength in ((0.085, 0.0010, 1.0), (0.036, 0.0007, 0.8)):
        coarse = canvas.sketch(640)
        crumbs = nearest(coarse, scatter(coarse, spacing, rng, margin=0.05), 1.2 * spacing)
        # The crumbs are warped, so that cracks wander.
        x = canvas.x + 0.25 * spacing * noise(canvas, 0.6 * spacing, rng, octaves=4)
        y = canvas.y + 0.25 * spacing * noise(canvas, 0.6 * spacing, rng, octaves=4)
        row = np.clip(y * (coarse.rows / coarse.height), 0, coarse.rows - 1).astype(np.int32)
        column = np.clip(x * (coarse.columns / coarse.width), 0, coarse.columns - 1).astype(np.int32)
        cells = crumbs[row, column]
        near = edge_distance(cells, max(2, round(0.006 * canvas.scale))) / np.float32(canvas.scale)
        open_ = smoothstep(-0.5, 1.1, noise(canvas, 0.16, rng, octaves=2))
        spread = width * np.exp(0.5 * noise(canvas, 0.012, rng, octaves=2))
        veins = np.maximum(veins, strength * open_ * smoothstep(1.3, 0.2, near / spread))
    return veins


def _design(canvas: Canvas, rng: np.random.Generator) -> Shapes:
    w, h = canvas.width, canvas.height
    unit = min(w, h)
    shapes: Shapes = []
    for x, y in scatter(canvas, 0.021, rng, jitter=0.13):
        shapes.append((ellipse(float(x), float(y), float(rng.uniform(0.0022, 0.0034)), steps=12), WAX))
    for place in scatter(canvas, 0.135, rng, margin=0.06, jitter=0.3):
        shapes += _fern(place, float(rng.uniform(0, 2 * np.pi)), 0.15 * unit, rng)
    at = [(x * w, y * h) for x, y, *_ in FLOWERS]
    for path in ((8, 0, 6), (0, 4, 1), (2, 5, 1), (6, 3, 7), (7, 1), (8, 2), (0, 3), (4, 2)):
        shapes += _vine([at[i] for i in path], unit, rng)
    for x, y, s, turn in (
        (0.51, 0.285, 0.062, 0.5),
        (0.075, 0.115, 0.058, 0.9),
        (0.925, 0.90, 0.062, -0.7),
        (0.91, 0.075, 0.050, -0.4),
        (0.07, 0.925, 0.052, 0.5),
        (0.475, 0.70, 0.052, -0.3),
    ):
        shapes += _butterfly(x * w, y * h, s * unit, turn, rng)
    for (x, y), (_, _, radius, petals, dyes) in zip(at, FLOWERS, strict=True):
        shapes += _flower(x, y, radius * unit, petals, dyes, float(rng.uniform(0, 1)), rng)
    return shapes


def _waxed(points: Field, dye: int, line: float) -> Shapes:
    """A shape with a line of wax around it."""
    middle = points.mean(0)
    reach = np.linalg.norm(points - middle, axis=1, keepdims=True)
    grown = middle + (points - middle) * (1 + line / np.maximum(reach, line))
    return [(grown.astype(np.float32), WAX), (points.astype(np.float32), dye)]


def _dots(path: Field, radius: float, step: float) -> Shapes:
    """Dots of wax along a path."""
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    along = np.arange(0.5 * step, length[-1], step)
    return [
        (
            ellipse(float(np.interp(s, length, path[:, 0])), float(np.interp(s, length, path[:, 1])), radius, steps=10),
            WAX,
        )
        for s in along
    ]


def _vine(points: list[tuple[float, float]], unit: float, rng: np.random.Generator) -> Shapes:
    """A stem through `points` with leaves, tendrils and buds on both sides."""
    knots = np.array(points)
    bowed = [knots[0]]
    for a, b in itertools.pairwise(knots):
        across = np.array([a[1] - b[1], b[0] - a[0]])
        bowed += [0.5 * (a + b) + across * rng.choice([-0.22, 0.22]), b]
    stem = curve(np.array(bowed, np.float32), steps=24)
    tangent = np.gradient(stem, axis=0)
    normal = np.stack([-tangent[:, 1], tangent[:, 0]], -1) / np.maximum(
        np.linalg.norm(tangent, axis=1, keepdims=True), 1e-6
    )
    shapes: Shapes = []
    for half, dye in ((0.0085, WAX), (0.0048, SOGA)):
        shapes.append(
            (np.concatenate([stem + half * unit * normal, (stem - half * unit * normal)[::-1]]).astype(np.float32), dye)
        )
    for k, i in enumerate(range(3, len(stem) - 3, 5)):
        side = 1 if k % 2 else -1
        heading = float(np.arctan2(tangent[i, 1], tangent[i, 0])) + side * float(rng.uniform(0.7, 1.0))
        if k % 3 == 2:
            shapes += _tendril(stem[i], heading, side, unit)
        else:
            shapes += _leaf(
                stem[i], heading, float(rng.uniform(0.085, 0.115)) * unit, (LEAF, TEAL, OCHRE, LEAF)[k % 4], rng
            )
    return shapes


def _fern(root: Field, heading: float, long: float, rng: np.random.Generator) -> Shapes:
    """A spray in the tone of the ground, a shade lighter, each leaflet edged in wax."""
    t = np.linspace(0, 1, 22)
    turn = heading + float(rng.normal(0, 0.9)) * t
    spine = root + np.cumsum(np.stack([np.cos(turn), np.sin(turn)], -1), axis=0) * (long / 22)
    shapes: Shapes = []
    for i in range(2, 22, 2):
        size = 0.30 * long * (1.05 - t[i])
        for side in (-1, 1):
            angle = float(turn[i]) + side * 0.95
            at = spine[i] + 0.5 * size * np.array([np.cos(angle), np.sin(angle)])
            shapes += _waxed(gouge(at, angle, size, 0.42 * size, rng, bend=-side * 0.5), DUSK, 0.0016)
    return [*shapes, *_dots(spine.astype(np.float32), 0.0016, 0.0060)]


def _leaf(root: Field, heading: float, long: float, dye: int, rng: np.random.Generator) -> Shapes:
    out, side = np.array([np.cos(heading), np.sin(heading)]), np.array([-np.sin(heading), np.cos(heading)])
    t = np.linspace(0, 1, 16)
    belly = 0.27 * long * np.sin(np.pi * t**0.8) ** 0.85
    rib = root + out * (long * t)[:, None] + side * (0.16 * long * np.sin(np.pi * t))[:, None] * rng.choice([-1, 1])
    outline = np.concatenate([rib + side * belly[:, None], (rib - side * belly[:, None])[::-1]])
    shapes = _waxed(outline, dye, 0.0042)
    shapes.append(
        (
            np.concatenate([rib, (rib - 0.86 * side * belly[:, None])[::-1]]).astype(np.float32),
            INDIGO if dye != OCHRE else SOGA,
        )
    )
    shapes.append((np.concatenate([rib + 0.0016 * side, (rib - 0.0016 * side)[::-1]]).astype(np.float32), WAX))
    for i in range(3, 14, 2):
        for s in (1, -1):
            tip = rib[i] + 0.10 * long * out + 0.72 * s * belly[i] * side
            vein = np.array([rib[i] - 0.0010 * out, tip, rib[i] + 0.0016 * out], np.float32)
            shapes.append((vein, WAX))
    return shapes


def _tendril(root: Field, heading: float, side: int, unit: float) -> Shapes:
    t = np.linspace(0, 1, 40)
    turn = heading + side * 6.5 * t**1.3
    step = np.stack([np.cos(turn), np.sin(turn)], -1) * (0.0042 * unit * (1.25 - t))[:, None]
    spiral = root + np.cumsum(step, axis=0)
    across = np.stack([-np.sin(turn), np.cos(turn)], -1) * (0.0032 * unit * (1.1 - 0.8 * t))[:, None]
    bud = spiral[-1]
    band = (np.concatenate([spiral + across, (spiral - across)[::-1]]).astype(np.float32), WAX)
    return [band, *_waxed(ellipse(float(bud[0]), float(bud[1]), 0.0085 * unit, steps=20), MADDER, 0.003)]


def _flower(
    x: float, y: float, radius: float, petals: int, dyes: tuple[int, ...], turn: float, rng: np.random.Generator
) -> Shapes:
    """Three rings of petals, each filled with an inner petal, a rib and rows of dots; a netted heart."""
    shapes: Shapes = [(ellipse(x, y, 1.05 * radius, steps=72), INDIGO)]
    for ring, (reach, dye) in enumerate(zip((1.0, 0.70, 0.43), dyes, strict=True)):
        inner = dyes[(ring + 1) % len(dyes)]
        for k in range(petals):
            angle = turn + 2 * np.pi * (k + 0.5 * (ring % 2)) / petals
            shapes += _petal(
                np.array([x, y]), angle, reach * radius, 1.06 * np.pi * reach * radius / petals, dye, inner, ring
            )
    heart = 0.19 * radius
    shapes += _waxed(ellipse(x, y, heart, steps=32), SOGA, 0.004)
    for turn_ in (0.4, 0.4 + np.pi / 2):
        out, side = np.array([np.cos(turn_), np.sin(turn_)]), np.array([-np.sin(turn_), np.cos(turn_)])
        for shift in np.arange(-3, 4) * heart / 3.6:
            half = np.sqrt(max(0.0, (0.95 * heart) ** 2 - shift**2))
            a, b = shift * side - half * out, shift * side + half * out
            shapes.append(
                (
                    np.array([a - 0.0009 * side, b - 0.0009 * side, b + 0.0009 * side, a + 0.0009 * side], np.float32)
                    + np.array([x, y], np.float32),
                    WAX,
                )
            )
    return shapes + _dots(ellipse(x, y, 1.25 * heart, steps=60), 0.0024, 0.0085)


def _petal(middle: Field, angle: float, reach: float, half: float, dye: int, inner: int, ring: int) -> Shapes:
    out, side = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])

    def outline(scale: float) -> Field:
        half_ = [(0.10, 0.10), (0.40, 0.55), (0.68, 0.98), (0.88, 0.86), (0.98, 0.38)]
        right = [(0.55 + (a - 0.55) * scale, b * scale) for a, b in half_]
        knots = [*right, (0.55 + 0.47 * scale, 0.0), *[(a, -b) for a, b in right[::-1]]]
        return np.array(
            [middle + out * a * reach + side * b * half for a, b in curve(knots, closed=True, steps=5)], np.float32
        )

    shapes = _waxed(outline(1.0), dye, 0.0040)
    if reach > 0.05:
        shapes += _waxed(outline(0.56), inner, 0.0026)
        rim = outline(0.79)
        shapes += _dots(rim[6:-6], 0.0021, 0.0088)
        rib = np.array([middle + out * reach * s for s in np.linspace(0.36, 0.78, 8)], np.float32)
        shapes += _dots(rib, 0.0017, 0.0075)
    return shapes


def _butterfly(x: float, y: float, s: float, turn: float, rng: np.random.Generator) -> Shapes:
    cos, sin = np.cos(turn), np.sin(turn)
    turned = np.array([[cos, sin], [-sin, cos]])
    shapes: Shapes = []

    def place(points: list[tuple[float, float]], side: int) -> Field:
        wing = curve(points, closed=True, steps=8) * np.array([side, 1]) * s
        return np.asarray(wing @ turned + np.array([x, y]), np.float32)

    fore = [(0.05, -0.1), (0.45, -0.75), (1.05, -0.95), (1.15, -0.45), (0.70, 0.0), (0.2, 0.1)]
    hind = [(0.05, 0.1), (0.45, 0.05), (0.80, 0.30), (0.70, 0.75), (0.40, 0.72), (0.15, 0.4)]
    for side in (-1, 1):
        for wing, dye, spot in ((hind, OCHRE, MADDER), (fore, MADDER, OCHRE)):
            points = place(wing, side)
            shapes += _waxed(points, dye, 0.0040)
            middle = points.mean(0)
            shapes += _dots(np.concatenate([(points - middle) * 0.76 + middle]).astype(np.float32), 0.0020, 0.0085)
            shapes += _waxed(((points - middle) * 0.40 + middle).astype(np.float32), spot, 0.0026)
    body = gouge((x, y), turn + np.pi / 2, 1.2 * s, 0.20 * s, rng)
    shapes += _waxed(body, SOGA, 0.0034)
    for side in (-1, 1):
        feeler = np.array([(side * 0.05, -0.5), (side * 0.18, -0.85), (side * 0.36, -1.05)]) * s @ turned + np.array(
            [x, y]
        )
        shapes += _dots(curve(feeler.astype(np.float32), steps=8), 0.0017, 0.0048)
    return shapes
