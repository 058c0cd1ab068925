"""Ukiyo wave: a claw of water over a calm bay, printed from wood blocks in Prussian blue."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from impasto.styles.craft.canvas import Canvas, Field, Pixels, blur
from impasto.styles.craft.colour import mix, palette, stain
from impasto.styles.craft.grounds import fibres, paper_tooth, woodgrain
from impasto.styles.craft.noise import noise, smoothstep, wobble
from impasto.styles.craft.shapes import coordinates, curve, ellipse, stencil

PAPER, SUN, ISLE, BAY, DEEP, BLUE, PALE, FOAM, SHADE, LINE, PINE, SEAL, CLOUD = range(13)
INK = {
    SUN: "d8452f",
    ISLE: "8f8a78",
    BAY: "8fb3bd",
    DEEP: "16335f",
    BLUE: "2f5f8f",
    PALE: "9fc0c8",
    SHADE: "c3d6d6",
    LINE: "14233f",
    PINE: "3f5a48",
    SEAL: "c23a2a",
    CLOUD: "e9d3b0",
}
Shapes = list[tuple[Field, int]]


def paint(size: tuple[int, int], rng: np.random.Generator) -> Pixels:
    canvas = Canvas.stretch(size)
    w, h = canvas.width, canvas.height
    scale = np.array([w, h], np.float32)
    shapes = [*_far(scale, rng), *_swell(rng), *_great_wave(rng), *_spray(scale, rng), *_near(rng)]
    labels = stencil(canvas, [(points * scale, label) for points, label in shapes] + _seal(w, h), ground=PAPER)
    return canvas.finish(_print(canvas, labels, rng))


def _print(canvas: Canvas, labels: NDArray[np.int32], rng: np.random.Generator) -> Field:
    """Paper, then one block after another: flat ink, thinner along the grain of the wood, gathered at its edges."""
    down = canvas.y / canvas.height
    tooth = paper_tooth(canvas, rng, grain=0.004)
    cloudy = noise(canvas, 0.25, rng, octaves=3)
    sheet = palette("f1e3c6")[0] * (1 + 0.018 * tooth + 0.025 * cloudy)[..., None]
    sheet = mix(sheet, palette("d9c49c")[0], 0.5 * blur(fibres(canvas, rng), 0.0006 * canvas.scale))
    grain = woodgrain(canvas, rng)
    worn = 1 + 0.13 * grain + 0.05 * tooth + 0.06 * cloudy
    sky = labels == PAPER
    # Bokashi: the block is inked and wiped by hand, so a colour fades into the paper.
    dusk = np.clip(smoothstep(0.34, 0.02, down + 0.012 * cloudy) ** 1.5 + 0 * canvas.x, 0, 1)
    rose = np.exp(-(((down - 0.56) / 0.13) ** 2)) + 0 * canvas.x
    sheet = np.where(sky[..., None], stain(sheet, palette("2f5a86")[0], 1.25 * dusk * worn), sheet)
    sheet = np.where(sky[..., None], stain(sheet, palette("eab08a")[0], 0.9 * rose * worn), sheet)
    for label, code in INK.items():
        mask = labels == label
        if not mask.any():
            continue
        soft = blur(mask.astype(np.float32), 0.0035 * canvas.scale)
        rim = 1 + 0.35 * smoothstep(0.95, 0.55, soft)
        fade: Field = np.ones_like(down)
        if label == BAY:
            fade = 0.25 + 1.2 * smoothstep(0.60, 0.86, down)
        elif label == DEEP:
            fade = 0.86 + 0.20 * smoothstep(0.1, 0.9, down)
        elif label == ISLE:
            fade = 0.35 + 0.9 * smoothstep(0.62, 0.50, down)
        density = fade * worn * (1.0 if label in (LINE, FOAM) else rim)
        sheet = np.where(mask[..., None], stain(sheet, palette(code)[0], density), sheet)
    return np.asarray(sheet, np.float32)


def _outlined(shapes: Sequence[Field], label: int, width: float, rng: np.random.Generator) -> Shapes:
    """Shapes that run together into one, with a carved line around it that swells and thins."""
    around: Shapes = []
    for points in shapes:
        following, previous = np.roll(points, -1, 0), np.roll(points, 1, 0)
        tangent = following - previous
        steepness = np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-6)
        normal = np.stack([tangent[:, 1], -tangent[:, 0]], -1) / steepness
        area = np.sum(points[:, 0] * following[:, 1] - following[:, 0] * points[:, 1])
        length = np.cumsum(np.linalg.norm(points - previous, axis=1)).astype(np.float32)
        swell = width * (1 + 0.35 * wobble(length, 0.07, rng, octaves=1))
        around.append(((points + np.sign(area) * normal * swell[:, None]).astype(np.float32), LINE))
    return around + [(points, label) for points in shapes]


def _far(scale: Field, rng: np.random.Generator) -> Shapes:
    """Sun, cloud bands, an island with pines, the bay."""
    shapes: Shapes = [(_round(0.815, 0.27, 0.075, scale), SUN)]
    t = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    for x, y, long in ((0.86, 0.335, 0.19), (0.70, 0.295, 0.09), (0.12, 0.13, 0.16), (0.93, 0.11, 0.13)):
        across = x + long * np.sign(np.cos(t)) * np.sqrt(np.abs(np.cos(t)))
        shapes.append((np.stack([across, y + 0.011 * np.sin(t)], -1), CLOUD))
    ridge = ".6,.635 .66,.6 .715,.575 .75,.515 .785,.5 .82,.535 .87,.565 .94,.6 1.06,.615 1.06,.66 .6,.66"
    shapes += _outlined([curve(coordinates(ridge), closed=True)], ISLE, 0.0024, rng)
    for (x, y), size in zip(
        coordinates(".705,.578 .728,.556 .838,.552 .862,.565 .905,.588").tolist(),
        (0.9, 1.1, 1.2, 0.9, 1.0),
        strict=True,
    ):
        shapes += _pine(x, y, size)
    shapes += _outlined([coordinates("-.1,.635 1.1,.635 1.1,1.1 -.1,1.1")], BAY, 0.0018, rng)
    for _ in range(26):
        x, y = rng.uniform(0.45, 1.0), 0.655 + 0.16 * rng.random() ** 1.3
        ripple = coordinates("-1,0 -.4,-.004 .3,.002 1,-.001") * np.array([0.02 + 0.25 * (y - 0.62), 1]) + [x, y]
        line = curve(ripple, steps=5)
        shapes.append((np.concatenate([line, line[::-1] + np.array([0, 0.0026], np.float32)]), BLUE))
    return shapes


def _round(x: float, y: float, radius: float, scale: Field) -> Field:
    """A circle that stays one when shares become units: `radius` in units, (x, y) in shares."""
    return ellipse(0, 0, radius) / scale + np.array([x, y], np.float32)


def _pine(x: float, y: float, size: float) -> Shapes:
    trunk = coordinates("-.002,0 .003,0 .006,-.05 .003,-.05") * np.float32(size) + np.array([x, y], np.float32)
    shapes: Shapes = [(trunk, LINE)]
    for k in range(3):
        side = 0.004 * size + 0.006 * (-1) ** k
        shapes.append((ellipse(x + side, y - 0.052 * size + 0.014 * k, 0.006 * size, stretch=2.6), PINE))
    return shapes


def _bands(outer: Field, inner: Field, stops: tuple[float, ...], inks: tuple[int, ...]) -> Shapes:
    """Stripes of water between two curves of equal length, by share of the way from the outer to the inner one."""
    edges = [outer + (inner - outer) * np.float32(stop) for stop in stops]
    return [(np.concatenate([a, b[::-1]]), ink) for a, b, ink in zip(edges, edges[1:], inks, strict=False)]


def _swell(rng: np.random.Generator) -> Shapes:
    """The next wave, rising to the right behind the trough."""
    top = curve(coordinates(".4,.93 .55,.865 .7,.8 .82,.715 .93,.675 1.08,.7"))
    low = curve(coordinates(".4,1.1 .62,1.02 .8,.97 .93,.93 1.02,.91 1.08,.92"))
    body = np.concatenate([top, np.array([(1.1, 1.1), (0.35, 1.1)], np.float32)])
    shapes = _outlined([body], DEEP, 0.0030, rng)
    stops = (0.10, 0.20, 0.26, 0.36, 0.46, 0.56, 0.68, 0.76)
    shapes += _bands(top, low, stops, (PALE, DEEP, BLUE, DEEP, PALE, DEEP, BLUE))
    return shapes + _foam(top[len(top) // 2 :], 0.032, 0.75, rng)


def _foam(edge: Field, thick: float, turn: float, rng: np.random.Generator) -> Shapes:
    """Foam along the top of a wave: a rounded band with fingers that hang down in front."""
    share = np.linspace(0, 1, len(edge), dtype=np.float32)[:, None]
    swell = np.sqrt(np.maximum(np.sin(np.pi * np.clip(share * 1.1, 0, 1)), 0.02))
    below = edge + np.array([0.0, 1.0], np.float32) * thick * swell
    parts = [np.concatenate([edge, below[::-1]])]
    cores: Shapes = []
    for i in np.linspace(1, len(edge) - 2, max(5, round(6 * len(edge) / 12))).astype(int):
        x, y = edge[i]
        radius = float(rng.uniform(0.35, 0.7)) * thick * float(swell[i, 0])
        parts.append(ellipse(float(x), float(y) + 0.3 * radius, radius, steps=20))
        claws = _claw(below[i], turn + rng.normal(0, 0.3), 1.5 * thick, 1.7, 0.26 * thick, rng, depth=1)
        parts += claws
        cores += _cores(claws)
    return _outlined(parts, FOAM, 0.0024, rng) + cores


def _great_wave(rng: np.random.Generator) -> Shapes:
    outer = curve(
        coordinates("-.12,.84 0,.6 .1,.42 .22,.265 .36,.155 .49,.118 .6,.15 .665,.24"),
        steps=16,
    )
    inner = curve(
        coordinates(".74,.965 .56,.885 .41,.775 .325,.64 .315,.5 .37,.375 .48,.29 .66,.262"),
        steps=16,
    )
    body = np.concatenate([outer, inner[::-1], np.array([(0.74, 1.1), (-0.12, 1.1)], np.float32)])
    shapes = _outlined([body], DEEP, 0.0034, rng)
    stops = (0.04, 0.13, 0.19, 0.30, 0.345, 0.46, 0.53, 0.63, 0.67, 0.79, 0.87, 0.93)
    shapes += _bands(outer, inner, stops, (BLUE, DEEP, PALE, DEEP, PALE, DEEP, PALE, DEEP, PALE, DEEP, PALE))
    return shapes + _crest(outer, inner, rng)


def _crest(outer: Field, inner: Field, rng: np.random.Generator) -> Shapes:
    """The foam of the great wave: a head of rounded lobes above, hooked fingers below and in front."""
    share = np.linspace(0, 1, len(outer), dtype=np.float32)
    reach = 0.03 + 0.97 * smoothstep(0.42, 0.95, share)
    lip = outer + (inner - outer) * reach[:, None]
    first = int(0.26 * len(outer))
    parts = [np.concatenate([outer[first:], lip[first:][::-1]])]
    cores: Shapes = []
    for s in np.linspace(0.27, 0.97, 24):
        i = int(s * (len(outer) - 1))
        radius = float(rng.uniform(0.010, 0.020)) * (0.5 + 0.7 * s)
        parts.append(ellipse(float(outer[i, 0]), float(outer[i, 1]) + 0.4 * radius, radius, steps=20))
    for s in np.linspace(0.45, 0.97, 14):
        i = int(s * (len(lip) - 1))
        turn = 2.30 - 1.05 * s + rng.normal(0, 0.16)
        claws = _claw(lip[i], turn, 0.070 + 0.060 * s, -1.5, 0.0105, rng, depth=2 if s > 0.6 else 1)
        parts += claws
        cores += _cores(claws)
    for turn, long in ((-0.75, 0.11), (-0.20, 0.14), (0.35, 0.15), (0.85, 0.13)):
        claws = _claw(np.array([0.645 + 0.012 * turn, 0.215 + 0.03 * turn]), turn, long, 1.7, 0.012, rng, depth=2)
        parts += claws
        cores += _cores(claws)
    for s in np.linspace(0.50, 0.90, 13):
        i = int(s * (len(lip) - 1))
        for depth in (0.40, 0.62, 0.82):
            at = outer[i] + (lip[i] - outer[i]) * depth + rng.normal(0, 0.006, 2)
            curl = _claw(at, float(rng.uniform(0.2, 1.6)), 0.030, 2.6, 0.0026, rng, depth=1)
            cores += [(points, SHADE) for points in curl]
    return _outlined(parts, FOAM, 0.0026, rng) + cores


def _spray(scale: Field, rng: np.random.Generator) -> Shapes:
    """Drops thrown off the crest."""
    thrown = rng.normal(0, 1, (70, 2)) * np.array([0.085, 0.085]) + np.array([0.70, 0.27])
    above = rng.normal(0, 1, (30, 2)) * np.array([0.15, 0.03]) + np.array([0.40, 0.085])
    sizes = 0.0018 + 0.0050 * rng.random(100) ** 2.5
    drops = [_round(x, y, r, scale) for (x, y), r in zip((*thrown, *above), sizes, strict=True)]
    return _outlined(drops, FOAM, 0.0012, rng)


def _claw(
    root: Field, turn: float, length: float, bend: float, girth: float, rng: np.random.Generator, *, depth: int
) -> list[Field]:
    """A finger of foam from `root`, heading `turn` and hooked by `bend` radians, with smaller ones on its back."""
    t = np.linspace(0, 1, 14, dtype=np.float32)
    length *= float(rng.uniform(0.75, 1.25))
    heading = turn + bend * float(rng.uniform(0.7, 1.4)) * t**1.6
    step = np.stack([np.cos(heading), np.sin(heading)], -1) * (length / len(t))
    spine = root + np.cumsum(step, axis=0) - 3 * step[0]
    side = np.stack([-np.sin(heading), np.cos(heading)], -1) * (girth * (1.02 - t) ** 0.75 * (1 + 0.5 * t))[:, None]
    shapes = [np.concatenate([spine + side, (spine - side)[::-1]]).astype(np.float32)]
    if depth > 1:
        for at, off in ((4, 0.8), (7, -0.7), (9, 0.7)):
            out = float(heading[at]) + off * np.sign(bend)
            shapes += _claw(spine[at], out, 0.52 * length, 1.2 * bend, 0.60 * girth, rng, depth=depth - 1)
    return shapes


def _cores(claws: list[Field]) -> Shapes:
    """The shaded hollow of each finger."""
    shapes: Shapes = []
    for points in claws:
        half = len(points) // 2
        left, right = points[:half], points[half:][::-1]
        middle = 0.5 * (left + right)
        shapes.append(
            (
                np.concatenate(
                    [middle[4:11] + 0.34 * (left - middle)[4:11], (middle + 0.10 * (right - middle))[4:11][::-1]]
                ),
                SHADE,
            )
        )
    return shapes


def _near(rng: np.random.Generator) -> Shapes:
    """The low wave in front, at the lower border."""
    top = curve(coordinates("-.08,.86 .06,.825 .2,.845 .33,.905 .47,.955 .62,.975 .78,.955 .92,.93 1.08,.94"))
    low = top + np.array([0.03, 0.20], np.float32)
    body = np.concatenate([top, np.array([(1.1, 1.2), (-0.1, 1.2)], np.float32)])
    shapes = _outlined([body], DEEP, 0.0032, rng)
    shapes += _bands(top, low, (0.22, 0.31, 0.40, 0.47, 0.60, 0.66), (PALE, DEEP, BLUE, DEEP, PALE))
    return shapes + _foam(top[: len(top) // 2], 0.030, 1.2, rng) + _foam(top[int(0.7 * len(top)) :], 0.022, 1.2, rng)


def _seal(w: float, h: float) -> Shapes:
    """A red seal in the corner."""
    x, y, s = 0.06 * w, 0.235 * h, 0.018
    box = coordinates("-1,-1.3 1,-1.3 1,1.3 -1,1.3")
    shapes: Shapes = [(box * s + np.array([x, y], np.float32), SEAL)]
    for dx, dy, a, b in (
        (-0.1, -0.8, 0.7, 0.10),
        (-0.1, -0.35, 0.55, 0.09),
        (-0.55, 0.25, 0.10, 0.6),
        (0.0, 0.35, 0.10, 0.7),
        (0.55, 0.25, 0.10, 0.6),
        (0, 0.95, 0.7, 0.09),
    ):
        shapes.append(
            (
                np.array([(dx - a, dy - b), (dx + a, dy - b), (dx + a, dy + b), (dx - a, dy + b)], np.float32) * s
                + np.array([x, y], np.float32),
                FOAM,
            )
        )
    return shapes
