"""Pointillist dots: a harbour at evening, in touches of pure colour that mix in the eye."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from impasto.styles.craft.brushes import dab
from impasto.styles.craft.canvas import Canvas, Field, Pixels
from impasto.styles.craft.colour import mix, palette, ramp, to_oklab, vary
from impasto.styles.craft.flow import scatter, straight
from impasto.styles.craft.light import light_paint
from impasto.styles.craft.marks import Marks
from impasto.styles.craft.noise import noise, smoothstep, wobble
from impasto.styles.craft.shapes import coordinates, curve, fill

SKY = palette("3f6cb8 6f9ad6 b5c3e4 f0c9c4 fbdf9c")
SEA = palette("f3d9a8 a9b9dc 5a93cf 2a68b4 1c3f86")
# Pure tints, as they come from the tube or with white; the mixing is left to the eye.
TUBES = palette(
    "fffdf2 fbe9a6 f7cf3e f49a26 ee6a2c d23c34 c94f86 e9a3bd 8b5aa8 b9a3d8 "
    "3b3f9e 2463b8 5fa0dc a8d3ea 1f8f93 7fc4b2 2f8f4e 8fbf4a 1c2f5c 5a2f4f"
)
# Radius and spacing of the dots of each layer, in units.
LAYERS = ((0.0095, 0.0115), (0.0068, 0.0090), (0.0046, 0.0088))


def paint(size: tuple[int, int], rng: np.random.Generator) -> Pixels:
    canvas = Canvas.stretch(size, fineness=1.5)
    sketch = canvas.sketch(512)
    scene = _harbour(sketch, rng)
    marks = Marks(canvas)
    brush = dab(rng)
    for radius, spacing in LAYERS:
        places = scatter(canvas, spacing, rng)
        wanted = sketch.sample(scene, places[:, 0], places[:, 1])
        colours = vary(TUBES[_divide(wanted, rng)], rng, lightness=0.02, chroma=0.06, hue=0.05)
        radii = radius * rng.uniform(0.75, 1.2, len(places)).astype(np.float32)
        touches = straight(places, rng.uniform(-0.5, 0.5, len(places)), 2.2 * radii)
        marks.lay(
            touches,
            0.9 * radii,
            brush,
            rng,
            colours=colours,
            second=vary(colours, rng, lightness=0.03),
            thickness=0.35 * radii,
        )
    weave = 0.5 + 0.5 * noise(canvas, 0.003, rng, octaves=2)
    ground = palette("cdb68f")[0] * (0.94 + 0.06 * weave[..., None])
    pixels, height = marks.paint(ground)
    return canvas.finish(light_paint(canvas, pixels, height, depth=0.5, gloss=0.15))


def _divide(wanted: Field, rng: np.random.Generator) -> NDArray[np.intp]:
    """Colours (N, 3) as one tube each, drawn so that neighbours mix to what was wanted: (N,) numbers of tubes."""
    lab, tubes = to_oklab(wanted), to_oklab(TUBES)
    # Lightness binds more than hue: that is what lets violet stand beside yellow-orange at the same place.
    weights = np.array([2.4, 1.15, 1.15], np.float32)
    distance = (((lab[:, None] - tubes[None]) * weights) ** 2).sum(-1)
    chances = np.exp(-distance / (2 * 0.085**2)) + 1e-9
    # In one touch of eleven the complement, darker, sets off the local colour.
    opposite = lab * np.array([0.82, -1.0, -1.0], np.float32)
    contrast = np.exp(-(((opposite[:, None] - tubes[None]) * weights) ** 2).sum(-1) / (2 * 0.10**2)) + 1e-9
    odd = rng.random(len(wanted)) < 0.09
    chances[odd] = contrast[odd]
    chances = np.cumsum(chances / chances.sum(1, keepdims=True), axis=1)
    drawn = (rng.random((len(wanted), 1)) > chances).sum(1)
    return np.asarray(np.minimum(drawn, len(TUBES) - 1), np.intp)


def _harbour(sketch: Canvas, rng: np.random.Generator) -> Field:
    """The scene as smooth colour, (rows, columns, 3)."""
    x, y, w, h = sketch.x, sketch.y, sketch.width, sketch.height
    horizon = 0.46 * h
    sun_x, sun_y = 0.30 * w, 0.33 * h
    clouds = noise(sketch, (0.35, 0.07), rng, octaves=3)
    glow = np.exp(-(((x - sun_x) / 0.30) ** 2 + ((y - sun_y) / 0.16) ** 2))
    scene = ramp(np.clip(y / horizon * 0.85 + 0.10 * clouds + 0.16 * glow, 0, 0.93), SKY)
    scene = mix(scene, palette("fffbe6")[0], smoothstep(0.062, 0.050, np.hypot(x - sun_x, y - sun_y)))
    far = horizon - 0.045 * h - 0.02 * h * wobble(x, 0.25, rng) - 0.05 * h * smoothstep(0.55, 1.0, x / w)
    scene = mix(scene, palette("6f6fae")[0], (y > far).astype(np.float32))
    depth = np.clip((y - horizon) / (h - horizon), 0, 1)
    ripple = noise(sketch, (0.10, 0.014), rng, octaves=2)
    sea = ramp(np.clip(depth * 0.85 + 0.12 + 0.13 * ripple, 0, 1), SEA)
    path = np.exp(-(((x - sun_x) / (0.035 + 0.10 * depth)) ** 2)) * smoothstep(-0.9, 0.7, ripple)
    sea = mix(sea, palette("fde08a")[0], 0.9 * path)
    scene = np.where((y > horizon)[..., None], sea, scene)
    for place, foot, tall, hull, sail in (
        (0.13, 0.52, 0.15, "5a3f6f", "f6e3b8"),
        (0.50, 0.575, 0.22, "2c3a6f", "fbf0d0"),
        (0.90, 0.55, 0.19, "1f5f68", "f2a65a"),
        (0.72, 0.76, 0.55, "3a1f45", "e8622f"),
    ):
        scene = _boat(sketch, scene, place * w, foot * h, tall * min(w, h), palette(hull)[0], palette(sail)[0], rng)
    return scene


def _boat(
    sketch: Canvas, scene: Field, x: float, foot: float, tall: float, hull: Field, sail: Field, rng: np.random.Generator
) -> Field:
    """A sailing boat, and below it the same shapes upside down, broken by the ripples."""
    main = curve(coordinates(".012,-1 .13,-.66 .27,-.36 .37,-.14"))
    main = np.concatenate([main, curve([(0.37, -0.14), (0.2, -0.115), (0.012, -0.13)])])
    jib = np.concatenate(
        [
            curve([(-0.015, -0.90), (-0.15, -0.50), (-0.37, -0.115)]),
            curve([(-0.37, -0.115), (-0.2, -0.15), (-0.03, -0.15)]),
        ]
    )
    body = curve(
        coordinates("-.43,-.1 -.1,-.085 .2,-.09 .42,-.115 .36,-.02 .1,.012 -.24,.005"),
        closed=True,
    )
    trim = body * np.array([1, 0.18], np.float32) - np.array([0, 0.082], np.float32)
    light = np.clip(1.12 - 0.9 * np.abs((sketch.x - x) / tall - 0.04) + 0 * sketch.y, 0.55, 1.12)[..., None]
    broken = 0.62 * smoothstep(-0.7, 0.4, noise(sketch, (0.10, 0.016), rng))
    for upright in (False, True):
        for shape, colour in ((main, sail * light), (jib, sail * light * np.float32(0.84)), (body, hull), (trim, sail)):
            points = shape * tall
            if not upright:
                points = points * np.array([1, -0.85], np.float32)
                points[:, 0] += 0.012 * np.sin(90 * points[:, 1] + 9 * x)
            mask = fill(sketch, [points + np.array([x, foot], np.float32)])
            scene = mix(scene, np.clip(colour, 0, 1), mask if upright else mask * broken)
    return scene
