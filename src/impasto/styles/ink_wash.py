"""Ink wash: peaks that rise out of mist, in ink and water on old paper."""

from __future__ import annotations

import numpy as np

from impasto.styles.craft.brushes import ink_brush
from impasto.styles.craft.canvas import Canvas, Field, Pixels, blur
from impasto.styles.craft.colour import mix, palette, stain
from impasto.styles.craft.flow import straight
from impasto.styles.craft.grounds import fibres, paper_tooth
from impasto.styles.craft.marks import Brush, Marks
from impasto.styles.craft.noise import noise, smoothstep, wobble
from impasto.styles.craft.shapes import coordinates, curve, ellipse, fill

PAPER = palette("ece2cb")[0]
SUMI, INDIGO, UMBER, VERMILION = palette("1b1c20 2c4254 5b4630 c2402a")
# From far to near: level of the foot and height of the peaks (shares of the height), darkness, how far down the wash
# reaches (units), how many peaks, and how much indigo is in the ink.
RANGES = (
    (0.46, 0.20, 0.30, 0.16, 6, 0.9),
    (0.52, 0.36, 0.50, 0.20, 4, 0.7),
    (0.62, 0.30, 0.75, 0.20, 4, 0.4),
    (0.74, 0.22, 1.10, 0.17, 3, 0.2),
)


def paint(size: tuple[int, int], rng: np.random.Generator) -> Pixels:
    canvas = Canvas.stretch(size, fineness=1.6)
    tooth = paper_tooth(canvas, rng, grain=0.0045)
    sheet = _paper(canvas, tooth, rng)
    sun = smoothstep(
        0.058, 0.053, np.hypot(canvas.x - 0.74 * canvas.width, canvas.y - 0.17 * canvas.height) + 0.0005 * tooth
    )
    sheet = stain(sheet, VERMILION, 0.62 * sun * (1 + 0.12 * tooth))
    brush = ink_brush(rng, dryness=0.75)
    for level, tall, dark, reach, peaks, blue in RANGES:
        ridge, crags = _ridge(canvas, level, tall, peaks, rng)
        ink = INDIGO * np.float32(blue) + SUMI * np.float32(1 - blue)
        density = _wash(canvas, ridge, dark, reach, tooth, rng)
        density = density + 0.75 * dark * _texture(canvas, ridge, reach, brush, tooth, rng)
        # Mist on the left, so that the pines stand clear.
        density = density * (1 - 0.75 * min(1.0, dark) * smoothstep(0.50, 0.10, canvas.x / canvas.width))
        mist = smoothstep(-0.01, 0.10, canvas.y - ridge - 0.55 * reach) * (0.30 + 0.12 * crags)
        sheet = mix(stain(sheet, ink, density), PAPER, np.clip(mist, 0, 0.5))
    return canvas.finish(_near(canvas, sheet, tooth, rng))


def _paper(canvas: Canvas, tooth: Field, rng: np.random.Generator) -> Field:
    age = noise(canvas, 0.35, rng, octaves=4)
    border = np.minimum(np.minimum(canvas.x, canvas.width - canvas.x), np.minimum(canvas.y, canvas.height - canvas.y))
    tone = 1 + 0.014 * tooth + 0.018 * age - 0.06 * np.exp(-border / 0.05)
    sheet = PAPER * tone[..., None]
    sheet = mix(sheet, palette("bfae86")[0], 0.35 * blur(fibres(canvas, rng, count=200), 0.0007 * canvas.scale))
    return stain(sheet, UMBER, np.clip(0.05 + 0.05 * age, 0, 1))


def _ridge(canvas: Canvas, level: float, tall: float, peaks: int, rng: np.random.Generator) -> tuple[Field, Field]:
    """Height of the skyline across, (1, columns) in units, and a rough field of the same range for its mist."""
    x, w = canvas.x, canvas.width
    rise = np.zeros_like(x)
    spread = 0.62 / peaks * w
    for i in range(peaks):
        centre = (i + rng.uniform(0.15, 0.85)) / peaks * w
        size, lean = rng.uniform(0.45, 1.0), rng.uniform(-0.35, 0.35)
        t = (x - centre) / (spread * rng.uniform(0.55, 1.0))
        t = t * (1 + lean * np.tanh(3 * t))
        rise = np.maximum(rise, size * np.exp(-(np.abs(t) ** 1.7) * 1.6))
    rough = 0.020 * wobble(x, 0.06, rng, octaves=5, gain=0.55) * (0.35 + rise)
    return (level - tall * rise) * canvas.height - rough, noise(canvas, (0.4, 0.12), rng, octaves=3)


def _wash(canvas: Canvas, ridge: Field, dark: float, reach: float, tooth: Field, rng: np.random.Generator) -> Field:
    """Ink laid along the skyline and drawn down with water: a hard edge above, mist below."""
    depth = canvas.y - ridge
    flow = noise(canvas, (0.05, 0.14), rng, octaves=4)
    pooled = noise(canvas, 0.16, rng, octaves=3)
    body = np.exp(-np.maximum(depth, 0) / (reach * np.clip(0.75 + 0.30 * pooled, 0.25, 2))) * (0.62 + 0.22 * flow)
    edge = np.exp(-np.maximum(depth, 0) / 0.0035) * np.clip(0.35 + 0.35 * wobble(canvas.x, 0.05, rng), 0, 1)
    inside = smoothstep(-0.0010, 0.0012, depth + 0.0006 * tooth)
    return np.asarray(inside * dark * np.clip(body + edge, 0, 2) * (1 + 0.10 * tooth), np.float32)


def _texture(canvas: Canvas, ridge: Field, reach: float, brush: Brush, tooth: Field, rng: np.random.Generator) -> Field:
    """Strokes that model the rock (cun): dry, steep, following the fall of the slope."""
    count = round(520 * canvas.width)
    x = rng.random(count).astype(np.float32) * canvas.width
    place = np.clip((x / canvas.width * canvas.columns).astype(int), 0, canvas.columns - 1)
    y = ridge[0, place] + reach * rng.random(count).astype(np.float32) ** 1.6 * 0.9 + 0.008
    step = max(1, round(0.012 * canvas.scale))
    ahead, behind = ridge[0, np.minimum(place + step, canvas.columns - 1)], ridge[0, np.maximum(place - step, 0)]
    slope = (ahead - behind) / (2 * step / canvas.scale)
    steep = np.arctan2(1.4, 0.9 * np.sign(slope))
    angles = 0.55 * steep + 0.45 * (np.pi / 2 - 0.75 * np.arctan(slope) + rng.normal(0, 0.16, count))
    lengths = rng.uniform(0.02, 0.065, count).astype(np.float32)
    paths = straight(np.stack([x, y], -1), angles, lengths, bend=rng.normal(0, 0.5, count))
    marks = Marks(canvas)
    tones = np.repeat(rng.uniform(0.25, 1.0, (count, 1)), 3, 1).astype(np.float32)
    marks.lay(paths, (0.075 * lengths).astype(np.float32), brush, rng, colours=tones, thickness=1.0)
    pixels, density = marks.paint(np.zeros(3, np.float32))
    fade = np.exp(-np.maximum(canvas.y - ridge, 0) / reach)
    return np.asarray(pixels[..., 0] * density * fade * smoothstep(-1.6, 0.2, tooth), np.float32)


def _near(canvas: Canvas, sheet: Field, tooth: Field, rng: np.random.Generator) -> Field:
    """The shore in front with its pines, a boat on the water, birds, and the seal."""
    w, h = canvas.width, canvas.height
    marks = Marks(canvas)
    wet, dry = ink_brush(rng, dryness=0.15), ink_brush(rng, dryness=0.9)
    _water(marks, dry, rng)
    rock = curve(
        coordinates("-.05,.8 .06,.775 .17,.79 .26,.835 .38,.87 .47,.925 .6,.975 .62,1.05 -.05,1.05"),
        closed=True,
    )
    rock[:, 1] += 0.010 * wobble(rock[:, 0] + rock[:, 1], 0.04, rng)
    body = blur(fill(canvas, [rock * np.array([w, h], np.float32)]), 0.0008 * canvas.scale)
    pool = noise(canvas, (0.20, 0.06), rng, octaves=4)
    soft = blur(body, 0.02 * canvas.scale)
    density = body * np.clip(1.05 + 0.40 * pool + 0.9 * smoothstep(0.95, 0.5, soft), 0.45, 2.2)
    sheet = stain(sheet, SUMI, density * (1 + 0.12 * tooth))
    _boat(marks, 0.70 * w, 0.845 * h, wet, rng)
    for x, y, tall, lean in ((0.13, 0.80, 0.36, 0.10), (0.25, 0.845, 0.22, -0.05)):
        _pine(marks, x * w, y * h, tall * min(w, h), lean, wet, dry, rng)
    flock = coordinates(".52,.2 .555,.185 .585,.205 .62,.175 .5,.235 .645,.215")
    for side in (-1, 1):
        wings = straight(
            flock * np.array([w, h], np.float32) + np.array([0.0065 * side, 0], np.float32),
            np.full(6, -0.55 * side + (np.pi if side < 0 else 0)),
            np.linspace(0.021, 0.012, 6).astype(np.float32),
            bend=np.full(6, 0.9 * side),
        )
        _stroke(marks, wings, np.full(6, 0.0017), wet, np.full(6, 1.5), rng)
    pixels, thick = marks.paint(np.zeros(3, np.float32))
    sheet = stain(sheet, SUMI, pixels[..., 0] * 2 * thick * smoothstep(-2.4, -0.4, tooth))
    return _seal(canvas, sheet, tooth, rng)


def _stroke(marks: Marks, paths: Field, widths: Field, brush: Brush, density: Field, rng: np.random.Generator) -> None:
    """Strokes whose colour carries half their density, so that the marks hold ink instead of paint."""
    tones = np.repeat(np.asarray(density, np.float32)[:, None] / 2, 3, 1)
    marks.lay(paths.astype(np.float32), np.asarray(widths, np.float32), brush, rng, colours=tones, thickness=1.0)


def _water(marks: Marks, brush: Brush, rng: np.random.Generator) -> None:
    w, h = marks.canvas.width, marks.canvas.height
    depth = rng.random(70).astype(np.float32)
    places = np.stack([rng.uniform(0.25, 1.02, 70) * w, (0.80 + 0.19 * depth) * h], -1).astype(np.float32)
    lengths = (0.05 + 0.16 * depth * rng.random(70)).astype(np.float32)
    _stroke(
        marks,
        straight(places, rng.normal(0, 0.02, 70), lengths),
        0.0012 + 0.003 * depth,
        brush,
        0.18 + 0.30 * depth,
        rng,
    )


def _pine(
    marks: Marks, x: float, y: float, tall: float, lean: float, wet: Brush, dry: Brush, rng: np.random.Generator
) -> None:
    """A bent trunk, boughs in layers, needles in fans of short strokes."""
    t = np.linspace(0, 1, 24, dtype=np.float32)
    trunk = np.stack([x + tall * (lean * t + 0.10 * np.sin(4.4 * t + 3 * lean)), y - tall * t], -1)
    girth = tall * 0.036 * (1.15 - t)
    bark = trunk[None] + rng.normal(0, 0.25, (6, 1, 1)) * girth[None, :, None] * np.array([1, 0])
    _stroke(marks, trunk[None], girth[None], wet, np.array([1.2]), rng)
    _stroke(marks, bark, np.broadcast_to(0.5 * girth, (6, 24)), dry, np.full(6, 2.0), rng)
    for i, level in enumerate((0.42, 0.55, 0.66, 0.76, 0.86, 0.95, 1.0)):
        side = (-1) ** i
        reach = tall * (0.46 - 0.30 * level + 0.08 * rng.random())
        root = trunk[min(int(level * 23), 23)]
        s = np.linspace(0, 1, 9, dtype=np.float32)[:, None]
        bough = (
            root
            + np.array([side * reach, 0.0]) * s
            + np.array([0, -0.10 * reach]) * np.sin(5 * s)
            + np.array([0, 0.14 * reach]) * s**2
        )
        _stroke(marks, bough[None], np.full(1, 0.010 * tall), wet, np.array([1.7]), rng)
        for k in (3, 5, 7, 8):
            _needles(marks, bough[k], 0.085 * tall, wet, rng)
    _needles(marks, trunk[-1], 0.09 * tall, wet, rng)


def _needles(marks: Marks, at: Field, reach: float, brush: Brush, rng: np.random.Generator) -> None:
    count = 46
    spots = at + rng.normal(0, 1, (count, 2)) * np.array([0.75, 0.16]) * reach
    angles = rng.normal(-np.pi / 2, 0.75, count)
    lengths = (reach * rng.uniform(0.35, 0.7, count)).astype(np.float32)
    spots = spots + np.stack([np.cos(angles), np.sin(angles)], -1) * lengths[:, None] * 0.5
    density = rng.uniform(0.7, 2.0, count)
    _stroke(
        marks, straight(spots.astype(np.float32), angles, lengths), np.full(count, 0.045 * reach), brush, density, rng
    )


def _boat(marks: Marks, x: float, y: float, brush: Brush, rng: np.random.Generator) -> None:
    """A flat boat with an awning and a man who poles it."""
    hull = curve(coordinates("-.072,-.006 -.03,.006 .03,.006 .082,-.012"))
    awning = curve(coordinates("-.034,-.001 -.028,-.024 .004,-.026 .014,-.002"))
    man = curve([(0.046, -0.004), (0.045, -0.020), (0.050, -0.036)])
    hat = curve([(0.038, -0.036), (0.050, -0.043), (0.062, -0.035)])
    pole = curve([(0.034, -0.060), (0.060, -0.020), (0.078, 0.022)])
    shade = curve([(-0.080, 0.016), (0.0, 0.019), (0.085, 0.014)])
    for points, width, density in (
        (hull, 0.0062, 1.9),
        (awning, 0.0042, 1.3),
        (man, 0.0062, 2.0),
        (hat, 0.0036, 2.0),
        (pole, 0.0012, 1.7),
        (shade, 0.0045, 0.5),
    ):
        _stroke(marks, points[None] + np.array([x, y]), np.full(1, width), brush, np.array([density]), rng)


def _seal(canvas: Canvas, sheet: Field, tooth: Field, rng: np.random.Generator) -> Field:
    """Two red seals, one above the other, cut in relief."""
    x, y = 0.075 * canvas.width, 0.10 * canvas.height
    stamps = [_box(x, y, 0.019, 0.019), _box(x, y + 0.042, 0.013, 0.013)]
    cuts = [_box(x, y + dy, 0.0114, 0.0019) for dy in (-0.0105, 0.0)]
    cuts += [_box(x + dx, y + 0.0095, 0.0019, 0.0076) for dx in (-0.0057, 0.0067)]
    mask = fill(canvas, stamps) * (1 - fill(canvas, [*cuts, ellipse(x, y + 0.042, 0.0065)]))
    worn = smoothstep(-2.2, -0.6, tooth + 0.6 * noise(canvas, 0.02, rng))
    return stain(sheet, VERMILION, 0.95 * worn * blur(mask, 0.0006 * canvas.scale))


def _box(x: float, y: float, half_width: float, half_height: float) -> Field:
    corners = coordinates("-1,-1 1,-1 1,1 -1,1")
    return corners * np.array([half_width, half_height], np.float32) + np.array([x, y], np.float32)
