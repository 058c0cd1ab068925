"""Stained glass: evening over a river between irises, in streaky opalescent glass and lead."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from impasto.styles.craft.canvas import Canvas, Field, Pixels, blur
from impasto.styles.craft.cells import Labels, edge_distance, lots, nearest, renumber
from impasto.styles.craft.colour import from_oklab, mix, palette, ramp, to_oklab
from impasto.styles.craft.flow import scatter
from impasto.styles.craft.light import shade
from impasto.styles.craft.noise import noise, smoothstep, wobble
from impasto.styles.craft.shapes import coordinates, curve, ellipse, stencil

SKY, SUN, FAR, NEAR, RIVER, BANK, TRUNK, LEAF, STEM, IRIS, HEART, BORDER = range(12)
GLASS = {
    SKY: "fdeb9a fbc04f f2843f d9507a 8f4fae 3f5fbe 1f48a0",
    SUN: "fffbe0 ffe78f",
    FAR: "8a7fd0 6a5fb8 4f4a9f",
    NEAR: "2f6a9f 1f4f90 1a3574",
    RIVER: "ffe0a0 f3b48a a8b8dc 6fa8d8 3f86c4",
    BANK: "b8c05a 7fa548 3f8452 1f6a4f 14513f",
    TRUNK: "6a3f2f 8a5a36 4a2a2a",
    LEAF: "1f6a3f 3f8f3f 7fb03f c4c44a e0a83a",
    STEM: "2f8f5f 1f7a52 6fb05f",
    IRIS: "4a3fa8 6f5fc8 8f5fc0 b98fe0 3a4fb8",
    HEART: "ffd84a f7b02f",
    BORDER: "123f80 7f1f3f 5f1f3a 1f6f6f",
}
LEAD = 0.0031
# Room for the cuts through one shape in the code of a piece.
CUTS = 16384


def paint(size: tuple[int, int], rng: np.random.Generator) -> Pixels:
    canvas = Canvas.stretch(size, fineness=1.7)
    pieces, codes = _cut(canvas, rng)
    colour = _glass(canvas, pieces, codes, rng)
    distance = edge_distance(pieces, max(3, int(4 * LEAD * canvas.scale))) / np.float32(canvas.scale)
    width = LEAD * np.exp(0.14 * noise(canvas, 0.03, rng))
    lead = smoothstep(1.0, 0.72, distance / width)
    glow = blur(np.where((lead > 0.5)[..., None], 0.0, colour).astype(np.float32), 0.006 * canvas.scale)
    ripple = 0.00045 * noise(canvas, 0.014, rng, octaves=2)
    diffuse, glint = shade(canvas, ripple)
    # Light falls off towards the lead, where the glass is held and dirt gathers.
    glass = colour * (0.80 + 0.20 * smoothstep(1.0, 4.0, distance / width) + 0.35 * (diffuse - 1))[..., None]
    glass = glass * 0.95 + 0.10 * glow + (0.10 * glint)[..., None]
    rounded = np.sqrt(np.clip(1 - (distance / width) ** 2, 0, 1)) * LEAD * 0.5
    metal, shine = shade(canvas, blur(rounded.astype(np.float32), 0.0006 * canvas.scale))
    came = palette("23232a")[0] * (0.4 + 0.6 * metal)[..., None] + (0.30 * shine)[..., None] + 0.16 * glow
    return canvas.finish(glass + (came - glass) * lead[..., None])


def _glass(canvas: Canvas, pieces: Labels, codes: NDArray[np.int64], rng: np.random.Generator) -> Field:
    """Each piece from its own sheet: two neighbouring tints and some white, run together in streaks."""
    chance = lots(codes, 7, rng)
    first, second = _tints(canvas, pieces, codes, chance)
    sheets = [
        noise(canvas, (0.16, 0.020), rng, octaves=4, gain=0.6),
        noise(canvas, (0.022, 0.15), rng, octaves=4, gain=0.6),
        noise(canvas, 0.045, rng, octaves=4, gain=0.6),
    ]
    sheet = np.digitize(chance[:, 4], [-0.4, 0.3])
    streak = np.choose(sheet[pieces], sheets)
    amount = smoothstep(-1.1, 1.3, streak + 0.4 * chance[pieces, 5])
    milk = 0.16 * smoothstep(0.6, 2.2, -streak)
    return mix(mix(first[pieces], second[pieces], amount), palette("fff6e6")[0], milk)


def _tints(canvas: Canvas, pieces: Labels, codes: NDArray[np.int64], chance: Field) -> tuple[Field, Field]:
    """The two colours of each piece, by its kind and place, (N, 3) each."""
    count, flat = len(codes), pieces.ravel()
    size = np.bincount(flat, minlength=count)
    x = np.bincount(flat, np.broadcast_to(canvas.x, pieces.shape).ravel(), count) / size / canvas.width
    y = np.bincount(flat, np.broadcast_to(canvas.y, pieces.shape).ravel(), count) / size / canvas.height
    first, second = np.empty((count, 3), np.float32), np.empty((count, 3), np.float32)
    for kind, tints in GLASS.items():
        mine = np.flatnonzero(codes // CUTS % 16 == kind)
        tone = _tone(kind, x[mine], y[mine]) + 0.09 * chance[mine, 0]
        shift = (0.15 if kind == SKY else 0.26) * chance[mine, 1]
        first[mine] = ramp(np.clip(tone, 0, 1), palette(tints))
        second[mine] = ramp(np.clip(tone + shift, 0, 1), palette(tints))
    first, second = to_oklab(first), to_oklab(second)
    first[:, 0] += 0.035 * chance[:, 2]
    second[:, 0] += 0.02 + 0.07 * chance[:, 3]
    return from_oklab(first), from_oklab(second)


def _tone(kind: int, x: Field, y: Field) -> Field:
    """Where on its palette a piece lies, by its place (shares of width and height)."""
    if kind == SKY:
        return np.asarray(np.hypot((x - 0.5) * 0.85, y - 0.42) / 0.52 - 0.08)
    if kind == RIVER:
        return np.asarray((y - 0.5) * 1.8 + 0.5 * np.abs(x - 0.5))
    if kind == BANK:
        return (y - 0.55) / 0.45
    return np.full(len(x), 0.5)


def _cut(canvas: Canvas, rng: np.random.Generator) -> tuple[Labels, NDArray[np.int64]]:
    """The number of the piece of glass at each pixel, and the code of each piece: what it shows and which cut."""
    w, h = canvas.width, canvas.height
    kinds = _cartoon(canvas, rng)
    wave_x, wave_y = 0.010 * noise(canvas, 0.12, rng), 0.010 * noise(canvas, 0.12, rng)
    x, y = canvas.x + wave_x, canvas.y + wave_y
    dx, dy = x - 0.5 * w, y - 0.42 * h
    ring = np.floor(np.sqrt(np.maximum(np.hypot(dx, dy) - 0.072, 0) + 0.005) * 14.2)
    rays = np.floor((np.arctan2(dy, dx) / np.pi + 1) * (6 + 2 * (ring % 2)) + 0.37 * ring)
    slant = np.floor((x + 0.35 * y) / 0.115) + 7 * np.floor((y - 0.5 * x) / 0.21)
    depth = np.clip(y / h - 0.52 + 0.035 * np.sin(7 * x), 0.01, 1)
    stripes = np.floor(15 * np.sqrt(depth)) + 31 * np.floor(x / w + 0.5 * depth)
    banks = np.floor((y - 0.9 * np.abs(x - 0.5 * w) ** 1.3) / 0.055) + 31 * np.floor((x + 0.3 * np.sin(14 * y)) / 0.17)
    small = nearest(canvas, scatter(canvas, 0.050, rng), 0.08)
    within = np.zeros_like(kinds)
    for kind, cuts in (
        (SKY, 64 * ring + rays),
        (FAR, slant),
        (NEAR, slant + 3),
        (RIVER, stripes),
        (BANK, banks),
        (LEAF, small),
    ):
        within = np.where(kinds % 16 == kind, cuts.astype(np.int32) + CUTS // 4, within)
    return renumber(kinds.astype(np.int64) * CUTS + within)


def _cartoon(canvas: Canvas, rng: np.random.Generator) -> NDArray[np.int32]:
    """Labels whose last four bits are the kind; the rest tells apart pieces of one kind that touch."""
    w, h = canvas.width, canvas.height
    x = np.linspace(-0.05 * w, 1.05 * w, 60, dtype=np.float32)
    shapes: list[tuple[Field, int]] = [(ellipse(0.5 * w, 0.42 * h, 0.075), SUN)]
    for level, swing, kind in ((0.43, 0.045, FAR), (0.50, 0.030, NEAR)):
        ridge = (level + swing * wobble(x, 0.35, rng, octaves=2) - 0.10 * np.abs(x / w - 0.5)) * h
        shapes.append((np.concatenate([np.stack([x, ridge], -1), [[1.1 * w, h], [-0.1 * w, h]]]), kind))
    bank = np.stack([x, (0.565 + 0.012 * np.sin(8 * x)) * h], -1)
    shapes.append((np.concatenate([bank, [[1.1 * w, 1.1 * h], [-0.1 * w, 1.1 * h]]]), BANK))
    left = curve(coordinates(".47,.565 .58,.62 .36,.7 .4,.8 .24,1.05"))
    right = curve(coordinates(".53,.565 .68,.62 .55,.7 .72,.82 .8,1.05"))
    shapes.append((np.concatenate([left, right[::-1]]) * np.array([w, h], np.float32), RIVER))
    shapes += _trees(w, h, rng) + _irises(w, h, rng)
    edge = 0.022
    labels = stencil(canvas, shapes, ground=SKY)
    frame = np.minimum(np.minimum(canvas.x, w - canvas.x), np.minimum(canvas.y, h - canvas.y)) < edge
    beads = np.floor((canvas.x + canvas.y) / 0.11 + 100).astype(np.int32)
    return np.where(frame, BORDER + 16 * (beads % 64), labels).astype(np.int32)


def _trees(w: float, h: float, rng: np.random.Generator) -> list[tuple[Field, int]]:
    """A trunk at each side, bent inwards, with clouds of leaves above."""
    shapes: list[tuple[Field, int]] = []
    for side, foot, lean, girth in ((0, 0.10, 0.07, 0.030), (1, 0.91, -0.05, 0.024)):
        t = np.linspace(0, 1, 16)
        middle = (foot + lean * np.sin(2.4 * t)) * w + 0.012 * np.sin(8 * t + side)
        thick = girth * (1.25 - 0.8 * t + 0.9 * np.clip(0.15 - t, 0, 1) * 4)
        y = (0.84 - 0.80 * t) * h
        for part in range(4):
            s = slice(4 * part, 4 * part + 5)
            outline = np.concatenate(
                [np.stack([middle[s] - thick[s], y[s]], -1), np.stack([middle[s] + thick[s], y[s]], -1)[::-1]]
            )
            shapes.append((outline.astype(np.float32), TRUNK + 16 * (part + 4 * side)))
    crowns = (
        (0.06, 0.10, 0.15),
        (0.20, 0.05, 0.12),
        (0.02, 0.27, 0.10),
        (0.33, 0.02, 0.08),
        (0.94, 0.09, 0.14),
        (0.82, 0.04, 0.10),
        (0.985, 0.25, 0.08),
    )
    for cx, cy, radius in crowns:
        t = np.linspace(0, 2 * np.pi, 40, endpoint=False)
        lobes = radius * (1 + 0.13 * np.sin(7 * t + rng.uniform(0, 6)) + 0.06 * np.sin(11 * t))
        shapes.append(
            (np.stack([cx * w + lobes * np.cos(t), cy * h + 0.85 * lobes * np.sin(t)], -1).astype(np.float32), LEAF)
        )
    return shapes


def _irises(w: float, h: float, rng: np.random.Generator) -> list[tuple[Field, int]]:
    """Blades, stems and flowers in the lower corners; each petal is a piece of its own."""
    shapes: list[tuple[Field, int]] = []
    places = (
        (0.08, 0.80, 1.0),
        (0.20, 0.70, 1.15),
        (0.31, 0.85, 0.95),
        (0.93, 0.77, 1.05),
        (0.80, 0.72, 1.1),
        (0.70, 0.87, 0.9),
    )
    for i, (cx, cy, size) in enumerate(places):
        x, y, s = cx * w, cy * h, 0.062 * size
        for k, (shift, top) in enumerate(((-0.055, 0.02), (0.048, 0.05), (-0.02, 0.10))):
            tip = (x + 1.5 * shift, y + top)
            blade = curve(
                [
                    (x + 0.6 * shift - 0.011, 1.05 * h),
                    (x + shift - 0.008, 0.5 * (y + h)),
                    tip,
                    (x + shift + 0.012, 0.5 * (y + h)),
                    (x + 0.6 * shift + 0.013, 1.05 * h),
                ]
            )
            shapes.append((blade, STEM + 16 * (20 + 4 * i + k)))
        shapes.append(
            (
                np.array([(x - 0.005, y), (x + 0.005, y), (x + 0.007, 1.05 * h), (x - 0.007, 1.05 * h)], np.float32),
                STEM + 16 * (23 + 4 * i),
            )
        )
        shapes += [
            (points * np.float32(s) + np.array([x, y], np.float32), kind + 16 * (60 + 8 * i + n))
            for n, (points, kind) in enumerate(_flower(float(rng.uniform(-0.15, 0.15))))
        ]
    return shapes


def _flower(turn: float) -> list[tuple[Field, int]]:
    """One iris, petals from the back to the front, about 1 in radius."""
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]], np.float32)
    left = curve(coordinates("0,0 -.4,-.55 -.72,-1.05 -.28,-1.15 0,-.6"), closed=True)
    middle = curve(coordinates("0,.05 -.3,-.5 -.22,-1.1 0,-1.35 .24,-1.1 .3,-.5"), closed=True)
    fall = curve(coordinates("-.05,-.1 -.55,-.18 -1.05,.12 -1.1,.62 -.72,.78 -.4,.32"), closed=True)
    lip = curve(coordinates("0,-.15 -.34,.18 -.42,.72 0,1.05 .42,.72 .34,.18"), closed=True)
    heart = curve(coordinates("0,-.22 -.13,.12 0,.48 .13,.12"), closed=True)
    flip = np.array([-1, 1], np.float32)
    parts = [
        (middle, IRIS),
        (left, IRIS),
        (left * flip, IRIS),
        (fall, IRIS),
        (fall * flip, IRIS),
        (lip, IRIS),
        (heart, HEART),
    ]
    return [(points @ rotation, kind) for points, kind in parts]
