"""Watercolour: transparent washes on rough paper, with the marks that water leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from impasto.styles.craft.canvas import Canvas, Field, blur
from impasto.styles.craft.colour import mix, stain
from impasto.styles.craft.grounds import paper_tooth
from impasto.styles.craft.noise import noise, smoothstep


@dataclass(frozen=True)
class Water:
    """How wet a wash is laid.

    Attributes:
        softness: how far its edge bleeds, units; large is wet in wet.
        rim: pigment carried to the drying edge.
        pooling: unevenness of the wash.
        granulation: pigment that settles in the hollows of the paper.
        dry: 0–1, share of the paper's crests that the brush skips.
    """

    softness: float = 0.002
    rim: float = 0.6
    pooling: float = 0.35
    granulation: float = 0.15
    dry: float = 0.0


class Sheet:
    """A sheet of paper that takes one wash after another."""

    def __init__(self, canvas: Canvas, paper: Field, rng: np.random.Generator) -> None:
        self.canvas = canvas
        self.tooth = paper_tooth(canvas, rng, grain=0.0062)
        self.pixels = np.asarray(paper * (1 + 0.012 * self.tooth)[..., None], np.float32)
        self._crinkle = noise(canvas, 0.022, rng, octaves=4, gain=0.6)
        self._flow = noise(canvas, 0.085, rng, octaves=4, gain=0.55)
        self._wet = noise(canvas, 0.14, rng, octaves=2)

    def wash(
        self,
        shapes: Sequence[Field],
        pigment: Field,
        density: float,
        water: Water,
        rng: np.random.Generator,
        *,
        second: Field | None = None,
    ) -> None:
        """Lays one wash that fills `shapes` (polygons in units).

        Args:
            pigment, second: colours that white paper takes at density 1; the second flows into the first in places.
        """
        places = rng.random((3, 2))
        top, left, high, wide = self._window(shapes, 3 * water.softness + 0.02)
        if high < 2 or wide < 2:
            return
        area = (slice(top, top + high), slice(left, left + wide))
        crinkle, flow, wet = (
            self._patch(field, high, wide, place)
            for field, place in zip((self._crinkle, self._flow, self._wet), places, strict=True)
        )
        inked = self._bleed(self._mask(shapes, top, left, high, wide), crinkle, water.softness)
        edge = np.clip(inked - blur(inked, 0.0045 * self.canvas.scale), 0, 1) * 2 * smoothstep(-1.4, 0.6, wet)
        amount = inked * (np.clip(1 + water.pooling * flow, 0.12, 2.5) + water.rim * edge)
        tooth = self.tooth[area]
        amount = amount * np.clip(1 - water.granulation * tooth, 0.2, 2)
        if water.dry:
            amount = amount * smoothstep(0.3 - 2.2 * water.dry, 0.7 - 2.2 * water.dry, 0.5 * flow - tooth)
        colour = np.broadcast_to(pigment, (high, wide, 3))
        if second is not None:
            colour = mix(colour, second, smoothstep(-0.5, 0.9, flow + 0.6 * wet))
        self.pixels[area] = stain(self.pixels[area], colour, density * amount)

    def _bleed(self, mask: Field, crinkle: Field, softness: float) -> Field:
        """`mask` blurred, then cut again where noise says: bays and tongues instead of a smooth outline."""
        spread = blur(mask, (0.0022 + softness) * self.canvas.scale)
        sharp = 0.03 + min(0.45, 30 * softness)
        return smoothstep(0.5 - sharp, 0.5 + sharp, spread + 0.44 * crinkle * spread * (1 - spread))

    def lift(self, shapes: Sequence[Field], paper: Field, amount: float) -> None:
        """Takes paint off with a damp brush, so that a wash laid there afterwards is clean."""
        top, left, high, wide = self._window(shapes, 0.01)
        if high < 2 or wide < 2:
            return
        area = (slice(top, top + high), slice(left, left + wide))
        mask = blur(self._mask(shapes, top, left, high, wide), 0.0012 * self.canvas.scale)
        self.pixels[area] = mix(self.pixels[area], paper, amount * mask)

    def bloom(self, x: float, y: float, radius: float, pigment: Field, *, strength: float = 0.5) -> None:
        """A backrun: water dropped into a damp wash drives the pigment to a crinkled ring around a pale middle."""
        canvas = self.canvas
        ring = np.hypot(canvas.x - x, canvas.y - y) / radius + 0.10 * self._crinkle + 0.10 * self._flow
        pale = strength * smoothstep(1.0, 0.55, ring)
        dark = strength * np.exp(-(((ring - 1.0) / 0.07) ** 2)) * smoothstep(-1.2, 0.8, self._wet)
        self.pixels = stain(mix(self.pixels, np.sqrt(np.clip(self.pixels, 0, 1)), pale), pigment, 0.55 * dark)

    def _window(self, shapes: Sequence[Field], margin: float) -> tuple[int, int, int, int]:
        points = self.canvas.to_pixels(np.concatenate(shapes))
        reach = margin * self.canvas.scale
        low = np.maximum(np.floor(points.min(0) - reach), 0).astype(int)
        high = np.minimum(np.ceil(points.max(0) + reach), [self.canvas.columns, self.canvas.rows]).astype(int)
        return int(low[1]), int(low[0]), int(high[1] - low[1]), int(high[0] - low[0])

    def _mask(self, shapes: Sequence[Field], top: int, left: int, high: int, wide: int) -> Field:
        plate = Image.new("L", (wide, high))
        draw = ImageDraw.Draw(plate)
        for shape in shapes:
            draw.polygon([(float(x) - left, float(y) - top) for x, y in self.canvas.to_pixels(shape) - 0.5], fill=255)
        return np.asarray(plate, np.float32) / 255

    def _patch(self, field: Field, high: int, wide: int, place: Field) -> Field:
        """A window of `field` from anywhere (two shares), so that no two washes flow alike."""
        top, left = int(place[0] * (self.canvas.rows - high + 1)), int(place[1] * (self.canvas.columns - wide + 1))
        return field[top : top + high, left : left + wide]
