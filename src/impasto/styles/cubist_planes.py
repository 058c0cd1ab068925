"""Cubist planes: a guitar, a bottle and fruit, seen from many sides at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from impasto.styles.craft.brushes import bristle_brush
from impasto.styles.craft.canvas import Canvas, Field, Pixels
from impasto.styles.craft.cells import edge_distance, lots, renumber
from impasto.styles.craft.colour import palette, vary
from impasto.styles.craft.flow import scatter, straight
from impasto.styles.craft.grounds import weave
from impasto.styles.craft.light import light_paint
from impasto.styles.craft.marks import Marks
from impasto.styles.craft.noise import noise, smoothstep
from impasto.styles.craft.shapes import coordinates, curve, ellipse, stencil

(
    WALL,
    WALL2,
    TABLE,
    CLOTH,
    GUITAR,
    SIDE,
    HOLE,
    NECK,
    STRING,
    BOTTLE,
    LABEL,
    GLASS,
    PEAR,
    APPLE,
    PRINT,
    TYPE,
    INK,
    LEMON,
    GLEAM,
) = range(19)
COLOURS = palette(
    "5f7480 8a8d7a 6e4526 e6dcc4 d08a35 9a5626 2a1d1a 4a2f24 efe3c2 2f4f42 "
    "d9c48a a9c0c0 b5a238 b33a26 e9dfc3 6a6258 1f1a1c e5c23f f6eeda"
)
DARK, BRIGHT = palette("1f1c24 f6ecd2")
TINTS = palette("3f6a86 8fa3a0 c96a35 7a3b2a e3b562 efe0bd 2f4f57 5a6a4a")
PLANES = 20
Shapes = list[tuple[Field, int]]


def paint(size: tuple[int, int], rng: np.random.Generator) -> Pixels:
    canvas = Canvas.stretch(size, fineness=1.7)
    scene, labels = _still_life(canvas, rng)
    lines, cells, codes = _cut(canvas, rng)
    row, column = _seen_from(canvas, cells, codes, rng)
    pieces = cells * len(COLOURS) + labels[row, column]
    pixels = _model(scene[row, column], lines, cells, codes, rng)
    painted, height = _brush(canvas, pixels, cells, codes, pieces, rng)
    painted = _draw(canvas, painted, lines, pieces, rng)
    return canvas.finish(light_paint(canvas, painted, height + 0.0004 * weave(canvas), depth=0.6, gloss=0.12))


def _cut(canvas: Canvas, rng: np.random.Generator) -> tuple[list[Field], NDArray[np.int32], NDArray[np.int64]]:
    """Straight cuts through the picture.

    Returns:
        Signed distance to each cut in units, (rows, columns) each; the number of the facet of each pixel; and for each
        facet on which side of each cut it lies, one bit a cut.
    """
    middle = np.array([0.5 * canvas.width, 0.5 * canvas.height])
    # Few directions, so that facets answer each other across the picture.
    directions = np.array([0.35, 1.05, 1.62, 2.35, 2.80]) + rng.normal(0, 0.04, 5)
    lines, code = [], np.zeros((canvas.rows, canvas.columns), np.int64)
    for k in range(PLANES):
        turn = directions[k % 5] + rng.normal(0, 0.09)
        offset = (k // 5 - 1.5 + rng.uniform(-0.32, 0.32)) * 0.20
        x, y = canvas.x - middle[0], canvas.y - middle[1]
        distance = (x * np.cos(turn) + y * np.sin(turn) - offset).astype(np.float32)
        lines.append(distance)
        code |= (distance > 0).astype(np.int64) << k
    return lines, *renumber(code)


def _seen_from(
    canvas: Canvas, cells: NDArray[np.int32], codes: NDArray[np.int64], rng: np.random.Generator
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Row and column of the scene that each pixel shows: each facet sees it moved, turned and scaled a little."""
    turn, scale, move_x, move_y = (lots(codes, 4, rng) * np.array([0.15, 0.08, 0.023, 0.023], np.float32)).T
    scale = np.exp(scale)
    cos, sin = np.cos(turn) * scale, np.sin(turn) * scale
    x, y = canvas.x - 0.5 * canvas.width, canvas.y - 0.5 * canvas.height
    from_x = x * cos[cells] - y * sin[cells] + (move_x + 0.5 * canvas.width)[cells]
    from_y = x * sin[cells] + y * cos[cells] + (move_y + 0.5 * canvas.height)[cells]
    column = np.clip(from_x * (canvas.columns / canvas.width), 0, canvas.columns - 1).astype(np.int32)
    row = np.clip(from_y * (canvas.rows / canvas.height), 0, canvas.rows - 1).astype(np.int32)
    return row, column


def _borders(codes: NDArray[np.int64]) -> list[list[int]]:
    """For each facet the cuts that bound it: across those, there is another facet."""
    known = set(codes.tolist())
    return [[k for k in range(PLANES) if code ^ (1 << k) in known] for code in codes.tolist()]


def _model(
    pixels: Field, lines: list[Field], cells: NDArray[np.int32], codes: NDArray[np.int64], rng: np.random.Generator
) -> Field:
    """Light on each facet: dark along one of its edges, bright along another, open towards the rest (passage)."""
    # Digits far behind the point are as good as evenly spread over 0–1.
    chance = lots(codes, 5, rng)
    even = np.abs(chance * 997) % 1
    borders = _borders(codes)
    dark = np.array([edges[int(c * len(edges))] if edges else -1 for edges, c in zip(borders, even[:, 0], strict=True)])
    bright = np.array(
        [edges[int(c * len(edges))] if edges else -1 for edges, c in zip(borders, even[:, 1], strict=True)]
    )
    bright[(bright == dark) | (even[:, 2] > 0.6)] = -1
    tone = np.zeros(cells.shape, np.float32)
    for k, distance in enumerate(lines):
        near = np.abs(distance)
        tone -= 0.70 * np.exp(-near / 0.055) * (dark == k)[cells]
        tone += 0.72 * np.exp(-near / 0.070) * (bright == k)[cells]
    tone += (0.10 * chance[:, 3])[cells]
    tint = TINTS[(even[:, 3] * len(TINTS)).astype(int)]
    share = 0.60 * even[:, 4] ** 2
    pixels = pixels + (tint[cells] - pixels) * share[cells][..., None]
    lower, upper = np.clip(-tone, 0, 0.85)[..., None], np.clip(tone, 0, 0.75)[..., None]
    return np.asarray((pixels * (1 - lower) + DARK * lower) * (1 - upper) + BRIGHT * upper, np.float32)


def _brush(
    canvas: Canvas,
    pixels: Field,
    cells: NDArray[np.int32],
    codes: NDArray[np.int64],
    pieces: NDArray[np.int32],
    rng: np.random.Generator,
) -> tuple[Field, Field]:
    """Short strokes, each facet in its own direction; what runs over the edge of its piece is trimmed there."""
    marks = Marks(canvas)
    brush = bristle_brush(rng, bristles=6, dryness=0.4)
    turn = 1.2 * lots(codes, 1, rng)[:, 0]
    owners: list[NDArray[np.int32]] = []
    for half_width, spacing, length in ((0.0120, 0.0190, 0.050), (0.0062, 0.0210, 0.030)):
        places = scatter(canvas, spacing, rng)
        column, row = np.floor(canvas.to_pixels(places)).astype(int).T
        row, column = np.clip(row, 0, canvas.rows - 1), np.clip(column, 0, canvas.columns - 1)
        owners.append(pieces[row, column])
        first = vary(pixels[row, column], rng, lightness=0.018, chroma=0.10, hue=0.07)
        second = vary(first, rng, lightness=0.035, chroma=0.1, hue=0.12)
        angles = turn[cells[row, column]] + rng.normal(0, 0.16, len(places))
        paths = straight(places, angles, (length * rng.uniform(0.7, 1.2, len(places))).astype(np.float32))
        widths = np.full(len(places), half_width, np.float32)
        marks.lay(paths, widths, brush, rng, colours=first, second=second, thickness=0.22 * half_width)
    painted, height = marks.paint(pixels)
    top = marks.top
    over = (np.concatenate(owners)[top] != pieces) | (top < 0)
    return np.where(over[..., None], pixels, 0.75 * painted + 0.25 * pixels), np.where(over, 0.0015, height).astype(
        np.float32
    )


def _draw(
    canvas: Canvas, pixels: Field, lines: list[Field], pieces: NDArray[np.int32], rng: np.random.Generator
) -> Field:
    """Charcoal along the cuts and around the things, broken by the weave."""
    broken = smoothstep(-1.3, 0.2, noise(canvas, 0.10, rng, octaves=2)) * (0.75 + 0.25 * weave(canvas))
    width = 0.0013 * np.exp(0.3 * noise(canvas, 0.02, rng, octaves=2))
    contour = edge_distance(pieces, max(2, round(0.004 * canvas.scale))) / np.float32(canvas.scale)
    charcoal = 0.62 * smoothstep(1.4, 0.5, contour / width)
    for distance in lines:
        charcoal = np.maximum(charcoal, rng.uniform(0.2, 0.9) * smoothstep(1.6, 0.6, np.abs(distance) / width))
    return np.asarray(pixels + (DARK - pixels) * (charcoal * broken)[..., None], np.float32)


def _still_life(canvas: Canvas, rng: np.random.Generator) -> tuple[Field, NDArray[np.int32]]:
    """The scene before it is cut: colours (rows, columns, 3) and what each pixel shows (rows, columns)."""
    w, h = canvas.width, canvas.height
    unit = min(w, h)
    middle = np.array([0.5 * w, 0.5 * h], np.float32)
    shapes = [(points * np.float32(unit) + middle, kind) for points, kind in _objects()]
    far = [
        (np.array([(-1, 0.62 * h), (2, 0.52 * h), (2, 2), (-1, 2)], np.float32), TABLE),
        (np.array([(0.62 * w, -1), (2, -1), (2, 0.56 * h), (0.55 * w, 0.6 * h)], np.float32), WALL2),
    ]
    labels = stencil(canvas, far + shapes, ground=WALL)
    pixels = COLOURS[labels]
    grain = np.sin(2 * np.pi * (canvas.y + 0.02 * noise(canvas, (0.4, 0.10), rng, octaves=2)) / 0.016)
    wood = np.isin(labels, (TABLE, GUITAR, SIDE))
    pixels = pixels * (1 + 0.14 * (grain * wood))[..., None]
    light = 1.10 + 0.16 * noise(canvas, 0.22, rng, octaves=2) + 0.22 * (0.5 - canvas.y / h)
    return np.asarray(np.clip(pixels * light[..., None], 0, 1), np.float32), labels


def _turned(points: Field, turn: float, at: tuple[float, float]) -> Field:
    cos, sin = np.cos(turn), np.sin(turn)
    return np.asarray(points @ np.array([[cos, sin], [-sin, cos]]) + np.array(at), np.float32)


def _box(x: float, y: float, a: float, b: float) -> Field:
    return np.array([(x - a, y - b), (x + a, y - b), (x + a, y + b), (x - a, y + b)], np.float32)


def _mirrored(half: Field) -> Field:
    """A shape from its right half, the left one by reflection."""
    return np.concatenate([half, half[-2:0:-1] * np.array([-1, 1], np.float32)])


def _objects() -> Shapes:
    """Cloth, newspaper, bottle, glass, guitar, fruit; around the middle, in shares of the shorter side."""
    shapes: Shapes = [(coordinates("-.5,.2 .1,.12 .46,.34 .2,.6 -.36,.55"), CLOTH)]
    for things, turn, at in (
        (_newspaper(), -0.35, (-0.33, 0.25)),
        (_bottle(), 0.05, (-0.235, -0.06)),
        (_glass(), -0.08, (0.335, 0.10)),
        (_guitar(), 0.50, (0.06, 0.09)),
        (_fruit(), 0.0, (0.0, 0.0)),
    ):
        shapes += [(_turned(outline, turn, at), kind) for outline, kind in things]
    return shapes


def _newspaper() -> Shapes:
    columns = [(_box(-0.06 if i % 2 else 0.06, -0.075 + 0.030 * (i // 2), 0.048, 0.007), TYPE) for i in range(16)]
    return [(_box(0, 0, 0.13, 0.17), PRINT), (_box(-0.02, -0.125, 0.10, 0.020), INK), *columns]


def _bottle() -> Shapes:
    return [
        (coordinates("-.03,-.36 .03,-.36 .032,-.2 .088,-.1 .092,.22 -.092,.22 -.088,-.1 -.032,-.2"), BOTTLE),
        (_box(0, -0.355, 0.038, 0.020), HOLE),
        (_box(0, 0.06, 0.088, 0.075), LABEL),
        (_box(0, 0.03, 0.06, 0.010), APPLE),
        (_box(0, 0.075, 0.05, 0.006), TYPE),
        (_box(-0.060, -0.02, 0.008, 0.07), GLEAM),
        (_box(-0.018, -0.27, 0.006, 0.05), GLEAM),
    ]


def _glass() -> Shapes:
    bowl = "-.07,-.13 .07,-.13 .045,.02 .01,.04 .01,.11 .055,.13 -.055,.13 -.01,.11 -.01,.04 -.045,.02"
    wine = (ellipse(0, -0.075, 0.014, stretch=4.0), APPLE)
    return [(coordinates(bowl), GLASS), (ellipse(0, -0.13, 0.018, stretch=3.9), GLEAM), wine]


def _guitar() -> Shapes:
    half = coordinates("0,-.205 .095,-.19 .125,-.115 .098,-.035 .145,.06 .165,.16 .1,.245 0,.262")
    body = curve(_mirrored(half), closed=True)
    frets = [(_box(0, -0.56 + 0.045 * i, 0.024, 0.0022), STRING) for i in range(10)]
    strings = [(_box(x, -0.215, 0.0016, 0.365), STRING) for x in (-0.015, -0.005, 0.005, 0.015)]
    return [
        (body + np.array([-0.030, 0.018], np.float32), SIDE),
        (body, GUITAR),
        (ellipse(0, -0.035, 0.062), NECK),
        (ellipse(0, -0.035, 0.050), HOLE),
        (_box(0, 0.150, 0.070, 0.013), HOLE),
        (_box(0, -0.335, 0.025, 0.265), NECK),
        (_box(0, -0.625, 0.036, 0.055), SIDE),
        *frets,
        *strings,
    ]


def _fruit() -> Shapes:
    pear = "0,-.125 .03,-.085 .042,-.02 .082,.045 .055,.11 0,.122 -.06,.105 -.08,.04 -.04,-.03 -.03,-.09"
    return [
        (_turned(curve(coordinates(pear), closed=True), 0.2, (0.20, 0.335)), PEAR),
        (ellipse(0.315, 0.365, 0.072), APPLE),
        (ellipse(0.090, 0.395, 0.048, stretch=1.35, turn=0.3), LEMON),
        (ellipse(0.295, 0.335, 0.013, stretch=1.6, turn=-0.6), GLEAM),
        (ellipse(0.180, 0.345, 0.011, stretch=2.2, turn=1.3), GLEAM),
        (coordinates(".222,.225 .23,.222 .258,.172 .248,.172"), INK),
        (coordinates(".312,.315 .32,.315 .338,.268 .328,.268"), INK),
    ]
