"""Watercolour: poppies in a summer meadow, wash over wash on rough paper."""

from __future__ import annotations

import numpy as np

from impasto.styles.craft.canvas import Canvas, Field, Pixels
from impasto.styles.craft.colour import palette
from impasto.styles.craft.noise import wobble
from impasto.styles.craft.shapes import curve, ellipse, gouge
from impasto.styles.craft.wash import Sheet, Water

PAPER = palette("fdf9ef")[0]
CERULEAN, COBALT, VIOLET, SAP, OLIVE, HOOKER, OCHRE, LEMON, SCARLET, VERMILION, ROSE, ORANGE, SEPIA = palette(
    "8fc3dc 5f86c8 8f83bf 8fae4f 7d8440 3f6f4a e0b25a f4dc73 e2382a ec5a34 d6455f f59245 3f2f3a"
)

FLOODED = Water(softness=0.05, rim=0, pooling=0.45)
DAMP = Water(softness=0.006, rim=0.45, pooling=0.5, granulation=0.12)
WET = Water(softness=0.0015, rim=0.7, pooling=0.45, granulation=0.13)
PULLED = Water(softness=0.0006, rim=0.7)
DROP = Water(softness=0.0025, rim=0.5)
# Place (shares) and size (units) of each poppy in front.
POPPIES = (
    (0.30, 0.47, 0.125),
    (0.60, 0.60, 0.150),
    (0.83, 0.45, 0.110),
    (0.12, 0.68, 0.110),
    (0.42, 0.76, 0.100),
    (0.88, 0.74, 0.120),
    (0.55, 0.385, 0.070),
    (0.08, 0.46, 0.070),
)
# The petals of a poppy: place and half axes, in shares of 0.62 of its size.
BACK = ((-0.55, -0.30, 0.62, 0.50), (0.50, -0.34, 0.60, 0.52), (0.0, -0.50, 0.66, 0.42))
FRONT = ((-0.40, 0.22, 0.66, 0.46), (0.42, 0.20, 0.66, 0.46), (0.02, 0.36, 0.62, 0.40))


def paint(size: tuple[int, int], rng: np.random.Generator) -> Pixels:
    canvas = Canvas.stretch(size, fineness=1.6)
    sheet = Sheet(canvas, PAPER, rng)
    _distance(sheet, rng)
    _meadow(sheet, rng)
    poppies = sorted(POPPIES, key=lambda poppy: poppy[2])
    places = np.array([(x, y) for x, y, _ in poppies]) + rng.normal(0, 0.012, (len(poppies), 2))
    places *= np.array([canvas.width, canvas.height])
    for at, (_, _, across) in zip(places, poppies, strict=True):
        _stem(sheet, at, across, rng)
    for at, (_, _, across) in zip(places, poppies, strict=True):
        _poppy(sheet, at, across, rng)
    _grass(sheet, 22, 0.32, rng)
    _splatter(sheet, rng)
    return canvas.finish(sheet.pixels)


def _band(canvas: Canvas, top: Field, bottom: float) -> Field:
    """The area between a skyline of shares of the height and `bottom`."""
    x = np.linspace(-0.06, 1.06, len(top))
    outline = np.concatenate([np.stack([x, top], -1), [[1.06, bottom], [-0.06, bottom]]])
    return np.asarray(outline * np.array([canvas.width, canvas.height]), np.float32)


def _distance(sheet: Sheet, rng: np.random.Generator) -> None:
    """A sky with clouds left out, a warm glow, hills that run into one another while wet."""
    canvas = sheet.canvas
    w, h = canvas.width, canvas.height
    x = np.linspace(-0.06, 1.06, 60, dtype=np.float32)
    t = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    sheet.wash([_band(canvas, 0 * x + 0.28, 0.60)], OCHRE, 0.26, FLOODED, rng, second=ROSE)
    for i in range(6):
        cx, cy = (i + rng.uniform(-0.2, 1.0)) / 6 * w, rng.uniform(-0.02, 0.24) * h
        ragged = 1 + 0.3 * np.sin(3 * t + rng.uniform(0, 6)) + 0.15 * np.sin(7 * t + rng.uniform(0, 6))
        patch = np.stack([cx + 0.26 * ragged * np.cos(t), cy + 0.085 * ragged * np.sin(t)], -1).astype(np.float32)
        water = DAMP if rng.random() < 0.6 else Water(softness=0.015, rim=0.3, pooling=0.4, granulation=0.1)
        sheet.wash([patch], CERULEAN, float(rng.uniform(0.40, 0.65)), water, rng, second=COBALT)
    sheet.wash([_band(canvas, -0.05 + 0 * x, 0.10)], COBALT, 0.40, FLOODED, rng)
    for level, swing, pigment, second, density in (
        (0.40, 0.040, CERULEAN, COBALT, 0.60),
        (0.45, 0.030, COBALT, VIOLET, 0.50),
        (0.495, 0.020, SAP, COBALT, 0.70),
    ):
        ridge = level + swing * wobble(x, 0.35, rng, octaves=2)
        sheet.wash([_band(canvas, ridge, 0.545)], pigment, density, WET, rng, second=second)
    for cx in np.sort(rng.uniform(0, 1, 9)):
        tall = rng.uniform(0.035, 0.085)
        crown = ellipse(float(cx) * w, (0.535 - 0.6 * tall) * h, 0.55 * tall * h, stretch=1.25, turn=1.57)
        sheet.wash([crown], HOOKER, 0.6, DAMP, rng, second=COBALT)
    sheet.bloom(0.24 * w, 0.20 * h, 0.11, COBALT)
    sheet.bloom(0.80 * w, 0.12 * h, 0.075, COBALT)


def _meadow(sheet: Sheet, rng: np.random.Generator) -> None:
    """Grass as light over dark over light, with far poppies as drops of red let into the damp green."""
    canvas = sheet.canvas
    w, h = canvas.width, canvas.height
    x = np.linspace(-0.06, 1.06, 60, dtype=np.float32)
    sheet.wash([_band(canvas, 0.535 + 0.006 * wobble(x, 0.2, rng), 1.1)], LEMON, 0.75, DAMP, rng, second=SAP)
    for level, pigment, second, density in (
        (0.64, SAP, OCHRE, 0.35),
        (0.76, SAP, HOOKER, 0.42),
        (0.89, HOOKER, COBALT, 0.50),
    ):
        edge = level + 0.02 * wobble(x, 0.12, rng, octaves=4)
        sheet.wash([_band(canvas, edge, 1.1)], pigment, density, DAMP, rng, second=second)
    sheet.bloom(0.12 * w, 0.80 * h, 0.09, HOOKER)
    sheet.bloom(0.66 * w, 0.92 * h, 0.10, HOOKER)
    for _ in range(60):
        depth = rng.random()
        cx, cy, radius = rng.uniform(0, 1) * w, (0.555 + 0.20 * depth) * h, 0.004 + 0.011 * depth
        pigment = SCARLET if rng.random() < 0.7 else ORANGE
        sheet.wash([ellipse(cx, cy, radius, stretch=1.5)], pigment, 0.95, DROP, rng)
    _grass(sheet, 44, 0.20, rng)


def _grass(sheet: Sheet, count: int, reach: float, rng: np.random.Generator) -> None:
    """Blades in single pulls of a wet brush."""
    w, h = sheet.canvas.width, sheet.canvas.height
    for _ in range(count):
        long = reach * float(rng.uniform(0.5, 1.1)) * min(1.0, h)
        at = (float(rng.uniform(-0.02, 1.02)) * w, h * float(rng.uniform(0.93, 1.08)) - 0.4 * long)
        heading, bend = -np.pi / 2 + float(rng.normal(0, 0.22)), float(rng.normal(0, 0.7))
        blade = gouge(at, heading, long, float(rng.uniform(0.005, 0.012)), rng, bend=bend)
        pigment = (SAP, HOOKER, OLIVE)[int(rng.integers(3))]
        sheet.wash([blade], pigment, float(rng.uniform(0.35, 0.9)), PULLED, rng, second=COBALT)


def _stem(sheet: Sheet, at: Field, size: float, rng: np.random.Generator) -> None:
    x, y, h = float(at[0]), float(at[1]), sheet.canvas.height
    sway = float(rng.normal(0, 0.03))
    middle = curve([(x, y + 0.3 * size), (x + sway, 0.5 * (y + h)), (x + 0.4 * sway, 1.04 * h)])
    half = np.array([0.028 * size, 0], np.float32)
    sheet.wash([np.concatenate([middle - half, (middle + half)[::-1]])], HOOKER, 1.1, PULLED, rng, second=SAP)
    for side in (-1, 1):
        root = middle[len(middle) // 2] + np.array([side * 0.4 * size, -0.05 * size])
        leaf = gouge(root, -np.pi / 2 + side * 0.8, 1.1 * size, 0.17 * size, rng, bend=side * 0.9)
        sheet.wash([leaf], SAP, 0.8, WET, rng, second=HOOKER)


def _poppy(sheet: Sheet, at: Field, size: float, rng: np.random.Generator) -> None:
    """Back petals, front petals, then the dark heart let in while they are damp."""
    tilt = float(rng.uniform(-0.45, 0.45))
    for petal in BACK:
        _petal(sheet, at, petal, size, tilt, (ORANGE, SCARLET), 0.92, rng)
    for petal in FRONT:
        _petal(sheet, at, petal, size, tilt, (SCARLET, VERMILION), 0.70, rng)
    for angle in rng.uniform(0, 2 * np.pi, 7):
        root = at + 0.26 * size * np.array([np.cos(angle), 0.6 * np.sin(angle)])
        vein = gouge(root, float(angle), 0.26 * size, 0.016 * size, rng, bend=float(rng.normal(0, 0.4)))
        sheet.wash([vein], ROSE, 0.8, Water(softness=0.001, rim=0.3, dry=0.3), rng)
    x, y = float(at[0]), float(at[1])
    heart = ellipse(x, y, 0.15 * size, stretch=1.25, turn=tilt)
    sheet.wash([heart], SEPIA, 1.1, Water(softness=0.004, rim=0.4, pooling=0.6), rng, second=VIOLET)
    sheet.wash([ellipse(x, y, 0.055 * size)], SEPIA, 1.3, Water(softness=0.001), rng)
    for angle in np.arange(12) * 0.52 + rng.normal(0, 0.1, 12):
        reach = 0.21 * size * float(rng.uniform(0.8, 1.15))
        spot = ellipse(x + 1.2 * reach * np.cos(angle), y + 0.85 * reach * np.sin(angle), 0.018 * size, steps=12)
        sheet.wash([spot], SEPIA, 1.3, Water(softness=0.0006, rim=0.2), rng)


def _petal(
    sheet: Sheet,
    at: Field,
    petal: tuple[float, float, float, float],
    size: float,
    tilt: float,
    pigments: tuple[Field, Field],
    lift: float,
    rng: np.random.Generator,
) -> None:
    """One petal; the ground is lifted out first, so that red on green stays red."""
    x, y, a, b = petal
    t = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    frill = 1 + 0.05 * np.sin(9 * t + rng.uniform(0, 6)) + 0.07 * np.sin(4 * t + rng.uniform(0, 6))
    outline = np.stack([x + a * frill * np.cos(t), y + b * frill * np.sin(t)], -1) * size * 0.62
    cos, sin = np.cos(tilt), np.sin(tilt)
    shape = np.asarray(outline @ np.array([[cos, sin], [-sin, cos]]) + at, np.float32)
    sheet.lift([shape], PAPER, lift)
    first, second = pigments if rng.random() < 0.7 else pigments[::-1]
    water = Water(softness=0.0012, rim=0.9, pooling=0.45, granulation=0.10)
    sheet.wash([shape], first, float(rng.uniform(0.70, 0.95)), water, rng, second=second)


def _splatter(sheet: Sheet, rng: np.random.Generator) -> None:
    """Drops flicked from the brush."""
    w, h = sheet.canvas.width, sheet.canvas.height
    for x, y, share in rng.random((46, 3)):
        radius, stretch = 0.0012 + 0.0050 * share**3, float(rng.uniform(1, 1.3))
        drop = ellipse(x * w, (0.25 + 0.75 * y**0.7) * h, radius, stretch=stretch, steps=16)
        pigment = (SCARLET, ORANGE, HOOKER, COBALT)[int(rng.integers(4))]
        sheet.wash([drop], pigment, 0.8, Water(softness=0.0004, rim=1.0), rng)
