"""Oil pastel: lavender at sunset, in waxy hatching on black paper."""

from __future__ import annotations

import numpy as np

from impasto.styles.craft.brushes import stick
from impasto.styles.craft.canvas import Canvas, Field, Pixels
from impasto.styles.craft.colour import mix, palette, ramp, vary
from impasto.styles.craft.flow import scatter, trace, vectors
from impasto.styles.craft.grounds import paper_tooth
from impasto.styles.craft.light import light_paint
from impasto.styles.craft.marks import Marks
from impasto.styles.craft.noise import noise, smoothstep, wobble
from impasto.styles.craft.shapes import coordinates, curve, fill

BLACK = palette("191621")[0]
SKY = palette("2c2f7a 5b3f9a a8468f e8585f f98a3f fcc24f fdeb9a")
HILLS = palette("2a2f6f 4b4a9a 8064a8 c77f8f")
ROWS = palette("2a1f5f 4f3a9f 7a54c4 a57fe0 d9b3ee")
SOIL = palette("3f5a2f 7f8f3a c9b04a f0cf6a")
# Half width, spacing and length of the strokes of each pass in units, how hard it presses, and how far colours stray.
PASSES = ((0.0085, 0.0160, 0.090, 0.62, 0.10), (0.0066, 0.0170, 0.070, 0.55, 0.20), (0.0046, 0.0200, 0.048, 0.80, 0.28))


def paint(size: tuple[int, int], rng: np.random.Generator) -> Pixels:
    canvas = Canvas.stretch(size, fineness=1.6, smallest=512)
    sketch = canvas.sketch(448)
    scene, direction = _valley(sketch, rng)
    tooth = paper_tooth(canvas, rng, grain=0.0027)
    pixels = np.asarray(BLACK * (1 + 0.10 * tooth)[..., None], np.float32)
    wax = np.zeros_like(tooth)
    brush = stick(rng)
    for half_width, spacing, length, press, stray in PASSES:
        places = scatter(canvas, spacing, rng)
        paths = trace(
            sketch, direction, places, length * rng.uniform(0.5, 1.2, len(places)).astype(np.float32), steps=8
        )
        wanted = sketch.sample(scene, places[:, 0], places[:, 1])
        first = vary(wanted, rng, lightness=0.055, chroma=0.12, hue=stray)
        marks = Marks(canvas)
        widths = half_width * rng.uniform(0.75, 1.2, len(places)).astype(np.float32)
        marks.lay(
            paths, widths, brush, rng, colours=first, second=vary(first, rng, lightness=0.07, hue=0.1), thickness=1.0
        )
        colour, pressure = marks.paint(BLACK)
        # Wax takes on the crests of the paper first; where it is pressed hard it fills the hollows too.
        taken = smoothstep(-0.25, 0.25, 0.58 * tooth + 3.0 * (pressure - 0.80) + press) * (pressure > 0)
        pixels = mix(pixels, colour, 0.96 * taken)
        wax = np.maximum(0.6 * wax, taken * pressure)
    height = 0.0011 * wax + 0.00035 * tooth
    return canvas.finish(light_paint(canvas, pixels, height, depth=0.45, gloss=0.15))


def _valley(sketch: Canvas, rng: np.random.Generator) -> tuple[Field, Field]:
    """What is to be drawn and which way the hatching runs: (rows, columns, 3) and (rows, columns, 2)."""
    x, y, w, h = sketch.x, sketch.y, sketch.width, sketch.height
    horizon = 0.50 * h
    sun = (0.36 * w, 0.315 * h)
    radius = np.hypot(x - sun[0], (y - sun[1]) * 1.15)
    streaks = noise(sketch, (0.40, 0.045), rng, octaves=3)
    glow = np.clip(1.02 - 1.45 * radius / max(w, h) + 0.10 * streaks - 0.30 * smoothstep(0.3, 0.0, y / h), 0, 1)
    scene = mix(ramp(glow, SKY), palette("fffbe0")[0], smoothstep(0.068, 0.058, radius))
    direction = vectors(
        -(y - sun[1]) * np.exp(-radius / 0.22) * 6 + 0.9, (x - sun[0]) * np.exp(-radius / 0.22) * 6 - 0.12
    )
    for i, (level, swing) in enumerate(((0.43, 0.045), (0.465, 0.03), (0.495, 0.012))):
        ridge = level * h - swing * wobble(x, 0.3, rng, octaves=3) - 0.05 * np.sin(3.5 * x / w + i)
        depth = y - ridge
        lit = np.clip(
            0.22
            + 0.22 * i
            + 0.75 * np.exp(-np.maximum(depth, 0) / 0.03) * np.exp(-np.abs(x - sun[0]) / 0.3)
            + 0.14 * noise(sketch, 0.07, rng),
            0,
            1,
        )
        scene = np.where((depth > 0)[..., None], ramp(lit, HILLS), scene)
        direction = np.where(
            (depth > 0)[..., None], vectors(1 + 0 * depth, 0.9 * np.sin(12 * x + 2 * i) + 0 * y), direction
        )
    scene, direction = _rows(sketch, scene, direction, horizon, rng)
    return _farm(sketch, scene, direction, rng)


def _rows(
    sketch: Canvas, scene: Field, direction: Field, horizon: float, rng: np.random.Generator
) -> tuple[Field, Field]:
    """Rows of lavender that run to a point under the sun."""
    x, y, w, h = sketch.x, sketch.y, sketch.width, sketch.height
    depth = np.clip((y - horizon) / (h - horizon), 1e-3, 1)
    vx, vy = x - 0.40 * w, y - horizon + 0.03 * h
    bend = 0.05 * w * np.sin(2.2 * depth)
    phase = (vx + bend) / vy * 2.3 + 0.10 * noise(sketch, 0.04, rng, octaves=2)
    wave = np.abs(2 * (phase - np.floor(phase)) - 1)
    tuft = noise(sketch, (0.014, 0.010), rng, octaves=2)
    plant = smoothstep(0.86, 0.60, wave + 0.08 * tuft)
    side = phase - np.floor(phase) - 0.5
    bloom = ramp(np.clip(0.42 - 0.75 * side + 0.13 * tuft + 0.22 * (1 - depth) - 0.35 * (wave > 0.5), 0, 1), ROWS)
    soil = ramp(np.clip(0.55 + 0.2 * tuft - 0.9 * side * np.sign(side) + 0.35 * (1 - depth), 0, 1), SOIL)
    ground = mix(soil, bloom, plant)
    ground = mix(ground, palette("f4a06a")[0], 0.55 * smoothstep(0.10, 0.0, depth))
    below = (y > horizon)[..., None] & np.ones_like(plant, bool)[..., None]
    heading = vectors(vx + bend + 0.02 * tuft, vy + 0 * x)
    return np.where(below, ground, scene).astype(np.float32), np.where(below, heading, direction).astype(np.float32)


def _farm(sketch: Canvas, scene: Field, direction: Field, rng: np.random.Generator) -> tuple[Field, Field]:
    """A farmhouse with a red roof between cypresses, and a broad pine at the left."""
    w, h = sketch.width, sketch.height
    unit = min(w, h)
    up, level = np.array([0.12, -1.0], np.float32), np.array([1.0, 0.05], np.float32)
    x, y = 0.76 * w, 0.525 * h
    pieces: list[tuple[Field, str, Field]] = []

    def box(left: float, top: float, right: float, bottom: float) -> Field:
        return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float32)

    pieces += [
        (box(-0.085, -0.075, 0.055, 0.0), "f3c98f", level),
        (box(0.020, -0.075, 0.095, 0.0), "b9805f", up),
        (coordinates("-.1,-.072 -.07,-.122 .03,-.122 .06,-.072"), "d8492f", level),
        (np.array([(0.030, -0.122), (0.108, -0.072), (0.058, -0.072)], np.float32), "8f2f3a", level),
        (box(-0.060, -0.052, -0.040, -0.022), "3a2a5f", up),
        (box(-0.010, -0.052, 0.010, -0.022), "3a2a5f", up),
    ]
    for cx, foot, tall in ((-0.135, 0.005, 0.20), (0.135, 0.012, 0.25), (0.172, 0.005, 0.17)):
        flame = curve(
            [
                (cx, foot),
                (cx - 0.026, foot - 0.25 * tall),
                (cx - 0.020, foot - 0.65 * tall),
                (cx, foot - tall),
                (cx + 0.018, foot - 0.65 * tall),
                (cx + 0.027, foot - 0.25 * tall),
            ],
            closed=True,
        )
        pieces += [
            (flame, "1f4a3f", up),
            (flame * np.array([0.4, 1], np.float32) + np.array([0.6 * cx - 0.007, 0], np.float32), "4f8a4a", up),
        ]
    for points, code, heading in pieces:
        inside = fill(sketch, [points * np.float32(unit) + np.array([x, y], np.float32)]) > 0
        scene = np.where(inside[..., None], palette(code)[0], scene)
        direction = np.where(inside[..., None], heading, direction)
    return scene.astype(np.float32), direction.astype(np.float32)
