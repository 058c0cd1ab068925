"""Palette knife: birches by an autumn lake, in broad slabs of paint dragged side by side."""

from __future__ import annotations

import numpy as np

from impasto.styles.craft.brushes import knife
from impasto.styles.craft.canvas import Canvas, Field, Pixels
from impasto.styles.craft.colour import mix, palette, ramp, vary
from impasto.styles.craft.flow import scatter, straight
from impasto.styles.craft.light import light_paint
from impasto.styles.craft.marks import Brush, Marks
from impasto.styles.craft.noise import noise, smoothstep, wobble

SKY = palette("8fc4d4 bfdcd8 f3ead0 f8d9a8")
LEAVES = palette("5a1f2e a32a2a d8482a ef7d22 f7b02c fbd966")
FAR = palette("4d5a86 6f7fa8 9fa7c0")
DEEP = palette("0f3a52 1c6478 3f97a0 9fd0c6")
BARK = palette("f7f2e4 e3dccd b9b6c4")
SHADE = palette("6f6a92")
GRASS = palette("2f3a3c 57602f 9a8a35 d9a93f f1cf73")
# Where the far bank meets the water, as a share of the height.
SHORE = 0.56
# Foot across, lean, half width and foot down of each trunk; the lean and half width in units, the rest shares.
BIRCHES = ((0.22, -0.02, 0.012, 0.87), (0.94, 0.02, 0.013, 0.88), (0.09, 0.03, 0.021, 0.97), (0.83, -0.04, 0.025, 1.01))
# Half width, spacing and length of the slabs of each layer, in units.
LAYERS = ((0.0230, 0.0400, 0.105), (0.0130, 0.0250, 0.062), (0.0075, 0.0230, 0.038))


def paint(size: tuple[int, int], rng: np.random.Generator) -> Pixels:
    canvas = Canvas.stretch(size, fineness=1.5, smallest=512)
    sketch = canvas.sketch()
    scene = _lake(sketch, _bank(sketch, rng), rng)
    marks = Marks(canvas)
    brush = knife(rng)
    for half_width, spacing, length in LAYERS:
        places = scatter(canvas, spacing, rng, margin=0.04)
        down = places[:, 1] / canvas.height
        sky, lake = down < 0.30, down > SHORE
        angles = np.where(lake, rng.normal(0, 0.07, len(places)), rng.normal(0.9, 0.75, len(places)))
        angles = np.where(sky, rng.normal(-0.55, 0.35, len(places)), angles)
        lengths = length * rng.uniform(0.6, 1.2, len(places)) * np.where(lake | sky, 1.3, 0.85)
        widths = half_width * rng.uniform(0.6, 1.1, len(places)) * np.where(lake, 0.62, 1.0)
        keep = ~sky | (rng.random(len(places)) < (0.35 if half_width < 0.01 else 1.0))
        colours = sketch.sample(scene, places[:, 0], places[:, 1])
        paths = straight(places, angles, lengths.astype(np.float32))
        _load(marks, paths[keep], widths[keep], brush, colours[keep], rng)
    _shore(marks, brush, rng)
    for foot, lean, girth, base in BIRCHES:
        _birch(marks, foot, lean, girth, base, brush, rng)
    _leaves(marks, brush, rng)
    pixels, height = marks.paint(LEAVES[0])
    return canvas.finish(light_paint(canvas, pixels, height, depth=0.8, gloss=0.4))


def _load(marks: Marks, paths: Field, widths: Field, brush: Brush, colours: Field, rng: np.random.Generator) -> None:
    first = vary(colours, rng, lightness=0.045, chroma=0.14, hue=0.12)
    second = vary(first, rng, lightness=0.09, chroma=0.15, hue=0.35)
    widths = np.asarray(widths, np.float32)
    marks.lay(paths, widths, brush, rng, colours=first, second=second, thickness=0.5 * widths)


def _bank(sketch: Canvas, rng: np.random.Generator) -> Field:
    """Sky, the far hill and the trees on the other side, (rows, columns, 3)."""
    x, y = sketch.x / sketch.width, sketch.y / sketch.height
    scene = ramp(np.clip(y / SHORE * 1.1 + 0.08 * noise(sketch, 0.2, rng, octaves=2), 0, 1), SKY)
    hill = 0.34 + 0.03 * wobble(x, 0.3, rng) + 0.05 * np.cos(5 * x)
    scene = mix(scene, ramp(np.clip((y - hill) * 5, 0, 1), FAR), (y > hill).astype(np.float32))
    for i, (level, swing) in enumerate(((0.40, 0.07), (0.46, 0.05))):
        crown = level + swing * wobble(x, 0.13, rng, octaves=3) - 0.13 * (np.abs(x - 0.5) * 2) ** 2
        light = 0.56 + 0.20 * noise(sketch, 0.09, rng, octaves=3) - 0.9 * (y - crown) + 0.22 * wobble(x, 0.16, rng)
        scene = mix(scene, ramp(np.clip(light - 0.06 * i, 0, 1), LEAVES), smoothstep(-0.004, 0.012, y - crown))
    return mix(scene, palette("3a2440")[0], 0.75 * smoothstep(0.030, 0.0, np.abs(y - SHORE + 0.012) + 0 * x))


def _lake(sketch: Canvas, scene: Field, rng: np.random.Generator) -> Field:
    """The lower part: what stands above, upside down, cooler and broken by wind."""
    x, y = sketch.x, sketch.y
    depth = y / sketch.height - SHORE
    ripple = noise(sketch, (0.16, 0.020), rng, octaves=2)
    mirrored = sketch.sample(
        scene, x + 0.012 * ripple, np.broadcast_to((SHORE - 0.92 * depth) * sketch.height, ripple.shape)
    )
    wind = smoothstep(0.2, 1.2, ripple + 1.6 * depth)
    cool = ramp(np.clip(0.62 - 1.1 * depth + 0.16 * ripple, 0, 1), DEEP)
    water = mix(mirrored * np.float32(0.92), cool, 0.20 + 0.65 * wind)
    return np.where((depth > 0)[..., None], water, scene).astype(np.float32)


def _shore(marks: Marks, brush: Brush, rng: np.random.Generator) -> None:
    """The near bank, from the lower corners inwards: grass in short upward pulls."""
    canvas, count = marks.canvas, 620
    x = rng.random(count)
    top = 0.80 + 0.17 * np.sin(np.pi * np.clip(1.08 * x - 0.02, 0, 1)) ** 0.7
    y = np.sort(rng.uniform(-0.012, 0.25, count)) + top
    places = np.stack([x * canvas.width, y * canvas.height], axis=-1).astype(np.float32)
    light = np.clip(0.25 + 3.0 * (y - top) + rng.normal(0, 0.16, count), 0, 1)
    lengths = rng.uniform(0.022, 0.060, count).astype(np.float32)
    angles = -np.pi / 2 + rng.normal(0, 0.38, count) + 0.5 * (x - 0.5)
    _load(marks, straight(places, angles, lengths), 0.19 * lengths, brush, ramp(light, GRASS), rng)


def _birch(
    marks: Marks, foot: float, lean: float, girth: float, base: float, brush: Brush, rng: np.random.Generator
) -> None:
    """A white trunk built from the ground up, with its shadow side, dark scars and a few boughs."""
    canvas = marks.canvas

    def trunk(t: Field) -> Field:
        x = foot * canvas.width + lean * t + 0.010 * np.sin(3 * t + 9 * foot)
        return np.stack([x, (base - (base + 0.06) * t) * canvas.height], axis=-1).astype(np.float32)

    t = np.linspace(0, 1, 13, dtype=np.float32)
    sides = np.where(rng.random(8) < 0.5, -1.0, 1.0)
    forks = trunk(rng.uniform(0.42, 0.95, 8).astype(np.float32))
    reach = rng.uniform(0.05, 0.12, 8).astype(np.float32)
    steps = np.linspace(0, 1, 7, dtype=np.float32)[None, :, None]
    rise = np.stack([0.75 * sides * reach, -reach], axis=-1)[:, None]
    boughs = (
        forks[:, None]
        + rise * steps * np.array([1, 0.55], np.float32)
        + rise * steps**2 * np.array([0, 0.6], np.float32)
    )
    _load(marks, boughs.astype(np.float32), np.full(8, 0.0032), brush, np.repeat(palette("57405a"), 8, 0), rng)
    turn = np.arctan2(-(base + 0.06) * canvas.height, lean) + rng.normal(0, 0.025, len(t))
    length = np.full(len(t), 0.16 * canvas.height, np.float32)
    width = (girth * (1.0 - 0.40 * t)).astype(np.float32)
    across = np.stack([0.45 * width, 0 * t], axis=-1)
    for shift, share, colours in (
        (1.0, 0.75, np.repeat(SHADE, len(t), 0)),
        (-0.6, 0.72, BARK[rng.integers(3, size=len(t))]),
    ):
        _load(marks, straight(trunk(t) + shift * across, turn, length), share * width, brush, colours, rng)
    scars = trunk(rng.random(16).astype(np.float32))
    scars[:, 0] += rng.uniform(-0.7, 0.3, 16) * girth
    cuts = straight(scars, rng.normal(0, 0.25, 16), rng.uniform(0.4, 1.3, 16).astype(np.float32) * girth)
    _load(marks, cuts, np.full(16, 0.14 * girth), brush, np.repeat(palette("2a2030"), 16, 0), rng)


def _leaves(marks: Marks, brush: Brush, rng: np.random.Generator) -> None:
    """Foliage that hangs in from above in clusters, and a few leaves adrift on the lake."""
    canvas = marks.canvas
    heads = np.array(
        [
            (0.02, 0.03),
            (0.13, 0.00),
            (0.24, 0.05),
            (0.08, 0.15),
            (0.78, 0.02),
            (0.88, 0.07),
            (0.98, 0.02),
            (0.95, 0.19),
            (0.70, -0.01),
        ]
    )
    owner = rng.integers(len(heads), size=520)
    spread = rng.normal(0, 1, (520, 2)) * np.array([0.050, 0.045])
    hanging = (heads[owner] + spread) * np.array([canvas.width, canvas.height])
    adrift = np.stack(
        [rng.uniform(0.12, 0.85, 34) * canvas.width, rng.uniform(SHORE + 0.08, 0.88, 34) * canvas.height], -1
    )
    places = np.concatenate([hanging, adrift]).astype(np.float32)
    angles = np.concatenate([rng.normal(1.0, 0.6, 520), rng.normal(0, 0.1, 34)])
    lengths = np.concatenate([rng.uniform(0.014, 0.036, 520), rng.uniform(0.010, 0.024, 34)]).astype(np.float32)
    widths = lengths * np.concatenate([rng.uniform(0.2, 0.4, 520), np.full(34, 0.16)])
    colours = LEAVES[np.concatenate([np.clip(1 + owner % 3 + rng.integers(0, 3, 520), 1, 5), rng.integers(3, 6, 34)])]
    _load(marks, straight(places, angles, lengths), widths, brush, colours, rng)
