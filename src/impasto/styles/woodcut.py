"""Woodcut: an oak on a hill against the sun, carved line by line, in black and three colours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from impasto.styles.craft.canvas import Canvas, Field, Pixels, blur
from impasto.styles.craft.colour import mix, palette, stain
from impasto.styles.craft.grounds import paper_tooth, woodgrain
from impasto.styles.craft.noise import noise, smoothstep, wobble
from impasto.styles.craft.shapes import gouge, stencil

SOLID, BARK, LEAF, LIT, FLAME = range(1, 6)
CREAM, KEY, RED, OCHRE, TEAL = palette("f2e6cc 17151a d2452c e5a93c 2f7f7a")


def paint(size: tuple[int, int], rng: np.random.Generator) -> Pixels:
    canvas = Canvas.stretch(size)
    black, colour = _carve(canvas, rng)
    tooth = paper_tooth(canvas, rng, grain=0.0040)
    grain = woodgrain(canvas, rng, ring=0.016)
    sheet = CREAM * (1 + 0.02 * tooth + 0.02 * noise(canvas, 0.3, rng, octaves=3))[..., None]
    for block, (ink, slip) in enumerate(((OCHRE, (3, 2)), (RED, (-2, 2)), (TEAL, (2, -3)))):
        # Each colour is a block of its own and never lies quite true under the key block.
        mask = _slip(colour == block, *(round(0.0007 * s * canvas.scale) for s in slip))
        worn = smoothstep(-3.1, -2.0, tooth + 0.6 * grain)
        sheet = stain(sheet, ink, mask * worn * (0.92 + 0.10 * grain + 0.05 * tooth))
    solid = blur(black, 0.0006 * canvas.scale)
    pressed = smoothstep(0.42, 0.58, solid) * smoothstep(-3.3, -2.3, tooth + 0.5 * grain)
    ink = KEY * (1 + 0.25 * np.clip(grain + 0.5 * tooth, -1, 1))[..., None]
    return canvas.finish(mix(sheet, ink.astype(np.float32), 0.97 * pressed))


def _slip(mask: NDArray[np.bool_], down: int, across: int) -> NDArray[np.bool_]:
    """`mask` moved by whole pixels; what comes in from beyond the border is empty."""
    moved = np.zeros_like(mask)
    rows, columns = mask.shape
    to = (slice(max(down, 0), rows + min(down, 0)), slice(max(across, 0), columns + min(across, 0)))
    came = (slice(max(-down, 0), rows - max(down, 0)), slice(max(-across, 0), columns - max(across, 0)))
    moved[to] = mask[came]
    return moved


def _carve(canvas: Canvas, rng: np.random.Generator) -> tuple[Field, NDArray[np.int32]]:
    """The key block (1 where it prints) and which colour block prints beneath (−1 where none)."""
    sun = np.array([0.68 * canvas.width, 0.37 * canvas.height], np.float32)
    black, colour = _sky(canvas, sun, rng)
    for black_part, colour_part, inside in (*_hills(canvas, rng), _field(canvas, rng)):
        black = np.where(inside, black_part, black)
        colour = np.where(inside, colour_part, colour)
    return _oak(canvas, black, colour, rng)


def _lines(phase: Field, dark: Field) -> Field:
    """Lines one apart in `phase`, as broad as `dark` (0 none, 1 solid) says."""
    wave = np.abs(2 * (phase - np.floor(phase)) - 1)
    return (wave < dark).astype(np.float32)


def _sky(canvas: Canvas, sun: Field, rng: np.random.Generator) -> tuple[Field, NDArray[np.int32]]:
    """Rays that split as they spread, round a sun carved in rings; clouds that lie across them."""
    dx, dy = canvas.x - sun[0], canvas.y - sun[1]
    radius = np.hypot(dx, dy)
    turn = np.arctan2(dy, dx) / (2 * np.pi)
    hand = noise(canvas, 0.06, rng, octaves=2)
    level = np.floor(np.log2(np.maximum(radius, 0.02) / 0.16 + 0.02 * hand))
    count = 36 * 2.0 ** np.clip(level, 0, 3)
    pulse = np.sin(2 * np.pi * radius / 0.21 + 0.3 * hand)
    dark = 0.20 + 0.75 * radius + 0.16 * pulse + 0.05 * noise(canvas, 0.03, rng)
    dark = np.where(radius < 0.17, 0.36 - 1.6 * (0.17 - radius), dark)
    black = _lines(turn * count + 0.010 * hand * count / 36, np.clip(dark, 0.08, 0.90))
    disc = radius < 0.125
    rings = _lines(
        radius / 0.0165 + 0.08 * hand, np.clip(0.10 + 2.2 * (radius - 0.05) * (0.5 - 1.4 * dx / 0.25), 0.0, 0.6)
    )
    black = np.where(disc, rings, black)
    black = np.where((radius > 0.125) & (radius < 0.1315), 1.0, black)
    colour = np.where(disc, 1, np.where(radius < 0.34 + 0.02 * np.sin(72 * np.pi * turn), 0, -1))
    for cx, cy, long in ((0.16, 0.16, 0.17), (0.87, 0.12, 0.15), (0.93, 0.47, 0.11)):
        px, py = canvas.x - cx * canvas.width, canvas.y - cy * canvas.height
        top = -0.036 * np.clip(1 - (px / long) ** 2, 0, 1) * (1 + 0.7 * np.abs(np.sin(24 * px / long * 0.25 + 7 * cx)))
        inside = (py > top) & (py < 0.014 * np.clip(1 - (px / long) ** 2, 0, 1)) & (np.abs(px) < long)
        depth = py - top
        black = np.where(inside, _lines(depth / 0.012 + 0.1 * hand, np.clip(9 * depth - 0.05, 0, 0.7)), black)
        black = np.where(inside & (depth < 0.0035), 1.0, black)
        colour = np.where(inside, -1, colour)
    return black.astype(np.float32), colour.astype(np.int32)


def _hills(canvas: Canvas, rng: np.random.Generator) -> list[tuple[Field, Field, NDArray[np.bool_]]]:
    """Rounded hills whose lines bend over their backs."""
    x, w, h = canvas.x, canvas.width, canvas.height
    layers = []
    for i, (level, lump, tint) in enumerate(((0.60, 0.05, 2), (0.665, 0.06, 0), (0.72, 0.045, 2))):
        ridge = (
            level * h
            - lump * np.abs(np.sin(np.pi * (x / w * (2.2 - 0.4 * i) + 0.35 * i + 0.15)))
            - 0.006 * wobble(x, 0.2, rng)
        )
        depth = canvas.y - ridge
        slope = np.gradient(ridge[0])[None, :] * canvas.scale / canvas.width * w
        hand = noise(canvas, 0.08, rng, octaves=2)
        phase = (x + (0.55 * slope + 0.30 * (-1) ** i) * depth * 2.2 + 0.0020 * hand) / 0.0145
        dark = 0.20 + 0.45 * smoothstep(-0.35, 0.5, slope) + 3.2 * depth * (i != 1) + 0.10 * noise(canvas, 0.03, rng)
        black = _lines(phase, np.clip(dark, 0.10, 0.88))
        black = np.where(depth < 0.0042, 1.0, black)
        layers.append((black, np.full(black.shape, tint), depth > 0))
    return layers


def _field(canvas: Canvas, rng: np.random.Generator) -> tuple[Field, Field, NDArray[np.bool_]]:
    """The hill in front: furrows that fan out, with clods cut across them."""
    x, y, w, h = canvas.x, canvas.y, canvas.width, canvas.height
    crown = 0.775 * h - 0.055 * np.exp(-(((x / w - 0.30) / 0.26) ** 2)) + 0.03 * (x / w) - 0.003 * wobble(x, 0.1, rng)
    depth = y - crown
    vx, vy = x - 0.42 * w, y - 0.52 * h
    hand = noise(canvas, 0.05, rng, octaves=2)
    phase = np.arctan2(vx, vy) * 15 + 0.35 * np.sin(9 * depth) + 0.05 * hand
    clods = 0.16 * noise(canvas, (0.012, 0.020), rng, octaves=2)
    dark = 0.30 + 1.5 * depth + clods + 0.12 * np.sin(3 * phase)
    black = _lines(phase, np.clip(dark, 0.12, 0.86))
    fine = _lines(
        depth / 0.013 * (1 - 1.3 * depth) + 0.3 * hand, np.clip(0.10 + 0.3 * noise(canvas, 0.09, rng), 0, 0.5)
    )
    wave = np.abs(2 * (phase - np.floor(phase)) - 1)
    black = np.maximum(black, fine * (wave < 0.75))
    black = np.where(depth < 0.005, 1.0, black)
    furrow = np.where(np.floor(phase + 0.5) % 3 == 0, 1, 0)
    return black, furrow, depth > 0


def _oak(
    canvas: Canvas, black: Field, colour: NDArray[np.int32], rng: np.random.Generator
) -> tuple[Field, NDArray[np.int32]]:
    """The tree: boughs with bark cut along them, crowns of leaves cut out of black."""
    w, h = canvas.width, canvas.height
    unit = min(w, h)
    wood: list[Field] = []
    crowns: list[tuple[float, float, float]] = []
    _branch(wood, crowns, np.array([0.31 * w, 0.76 * h]), -np.pi / 2 + 0.03, 0.185 * unit, 0.030 * unit, 0, rng)
    shapes = [(polygon, SOLID) for polygon in wood]
    for polygon in wood[: len(wood) // 2]:
        left, right = polygon[:12], polygon[12:][::-1]
        for share in (0.18, 0.34, 0.50, 0.66, 0.82):
            path = left + (right - left) * share
            first = int(rng.integers(0, 4))
            thick = 0.075 * float(np.linalg.norm(left[6] - right[6]))
            swell = thick * np.sin(np.pi * np.linspace(0.05, 1, 12 - first)) ** 0.6
            across = (right - left)[first:] / np.linalg.norm(right - left, axis=1)[first:, None] * swell[:, None]
            shapes.append(
                (np.concatenate([path[first:] + across, (path[first:] - across)[::-1]]).astype(np.float32), BARK)
            )
    for cx, cy, radius in sorted(crowns, key=lambda crown: crown[1] + 0.3 * crown[0]):
        shapes += _crown(cx, cy, radius, unit, rng)
    tree = stencil(canvas, shapes)
    black = np.where(tree == 0, black, (tree == SOLID).astype(np.float32))
    for label, block in ((SOLID, 2), (BARK, 0), (LEAF, 2), (LIT, 0), (FLAME, 1)):
        colour = np.where(tree == label, block, colour)
    return black.astype(np.float32), colour.astype(np.int32)


def _crown(cx: float, cy: float, radius: float, unit: float, rng: np.random.Generator) -> list[tuple[Field, int]]:
    """One cloud of leaves: a lobed black shape, and leaves cut out of it that spray from its lower side."""
    turn = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    lobes = 1 + 0.12 * np.abs(np.sin(4.5 * turn + rng.uniform(0, 3))) + 0.04 * np.sin(13 * turn)
    outline = np.stack([cx + radius * lobes * np.cos(turn), cy + 0.82 * radius * lobes * np.sin(turn)], -1)
    shapes = [(outline.astype(np.float32), SOLID)]
    ring = 0.0195 * unit
    for reach in np.arange(0.6 * ring, radius * 0.99, ring):
        count = max(3, round(2 * np.pi * reach / (0.66 * ring)))
        for angle in 2 * np.pi * (np.arange(count) + rng.random()) / count:
            x, y = cx + reach * np.cos(angle), cy + 0.82 * reach * np.sin(angle)
            lit = 0.62 + 0.5 * (x - cx) / radius - 0.45 * (y - cy) / radius + rng.normal(0, 0.12)
            if lit < 0.12:
                continue
            heading = np.arctan2(y - cy - 0.35 * radius, x - cx) + rng.normal(0, 0.22)
            size = ring * (0.75 + 0.35 * min(lit, 1.0))
            kind = FLAME if lit > 1.12 else LIT if lit > 0.86 else LEAF
            shapes.append(
                (
                    gouge(
                        (x, y),
                        heading,
                        1.05 * size,
                        0.50 * size * min(1.0, 0.45 + 0.6 * lit),
                        rng,
                        bend=rng.normal(0, 0.4),
                    ),
                    kind,
                )
            )
    return shapes


def _branch(
    wood: list[Field],
    crowns: list[tuple[float, float, float]],
    at: Field,
    turn: float,
    length: float,
    girth: float,
    depth: int,
    rng: np.random.Generator,
) -> None:
    """Adds a bough and those that grow from it to `wood`, and where twigs end a crown of leaves."""
    t = np.linspace(0, 1, 12)
    heading = turn + 0.5 * rng.normal(0, 0.5) * t
    step = np.stack([np.cos(heading), np.sin(heading)], -1) * (length / 11)
    spine = at + np.cumsum(step, axis=0) - step[0]
    flare = 1.1 * np.exp(-t / 0.12) if depth == 0 else 0.0
    half = girth * (1 - 0.42 * t + flare)
    side = np.stack([-np.sin(heading), np.cos(heading)], -1) * half[:, None]
    wood.append(np.concatenate([spine + side, (spine - side)[::-1]]).astype(np.float32))
    if depth == 3:
        crowns.append((float(spine[-1, 0]), float(spine[-1, 1]), 1.22 * length * float(rng.uniform(0.85, 1.15))))
        return
    for fork in (-0.75, 0.04, 0.78) if depth < 2 else (-0.55, 0.5):
        _branch(
            wood,
            crowns,
            spine[-1 - (depth > 0)],
            float(heading[-1]) + fork + rng.normal(0, 0.10),
            length * rng.uniform(0.62, 0.78),
            0.56 * girth,
            depth + 1,
            rng,
        )
