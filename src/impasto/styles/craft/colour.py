"""Colour: palettes from hex codes, variation in Oklab, pigments laid over one another.

Oklab is Björn Ottosson's 2020 space (https://bottosson.github.io/posts/oklab/): equal steps look equal.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from impasto.styles.craft.canvas import Field

_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
_FROM_LMS, _FROM_LAB = np.linalg.inv(_TO_LMS), np.linalg.inv(_TO_LAB)


def palette(codes: str) -> Field:
    """Colours from hex codes separated by spaces, (N, 3) sRGB in [0, 1]: `palette("1b2a4e f2c14e")`."""
    return np.array([[int(code[i : i + 2], 16) / 255 for i in (0, 2, 4)] for code in codes.split()], np.float32)


def to_oklab(colours: Field) -> Field:
    """sRGB in [0, 1] (…, 3) to Oklab: lightness 0–1, green–red, blue–yellow."""
    colours = np.clip(colours, 0, 1)
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    return np.asarray(np.cbrt(linear @ _TO_LMS.T) @ _TO_LAB.T, np.float32)


def from_oklab(lab: Field) -> Field:
    """Oklab (…, 3) to sRGB, clipped to [0, 1]."""
    linear = np.clip((lab @ _FROM_LAB.T) ** 3 @ _FROM_LMS.T, 0, 1)
    encoded = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.clip(encoded, 0, 1).astype(np.float32)


def vary(
    colours: Field, rng: np.random.Generator, *, lightness: float = 0.0, chroma: float = 0.0, hue: float = 0.0
) -> Field:
    """Each of `colours` (N, 3) shifted at random, by deviations of lightness, relative chroma and hue (radians)."""
    lab = to_oklab(colours)
    light, strong, turn = rng.standard_normal((3, len(colours)))
    lab[:, 0] += lightness * light
    angle, factor = hue * turn, np.exp(chroma * strong)
    a, b = lab[:, 1] * factor, lab[:, 2] * factor
    lab[:, 1], lab[:, 2] = a * np.cos(angle) - b * np.sin(angle), a * np.sin(angle) + b * np.cos(angle)
    return from_oklab(lab)


def ramp(values: Field, colours: Field, stops: Sequence[float] | None = None) -> Field:
    """`values` (…) mapped through `colours` (N, 3) at rising `stops` (evenly over 0–1 when None): (…, 3)."""
    at = np.linspace(0, 1, len(colours)) if stops is None else np.asarray(stops)
    return np.stack([np.interp(values, at, colours[:, c]) for c in range(3)], axis=-1).astype(np.float32)


def mix(under: Field, over: Field, amount: Field | float) -> Field:
    """`over` laid opaquely on `under` (…, 3) by `amount` (…) in [0, 1]."""
    weight = np.asarray(amount, np.float32)
    return np.asarray(under + (over - under) * (weight[..., None] if weight.ndim else weight), np.float32)


def stain(under: Field, pigment: Field, density: Field | float) -> Field:
    """A transparent pigment laid on `under`: at density 1 white becomes `pigment`, more is darker (Beer–Lambert)."""
    absorb = np.log(np.clip(pigment, 0.004, 1))
    weight = np.asarray(density, np.float32)
    return np.asarray(under * np.exp(absorb * (weight[..., None] if weight.ndim else weight)), np.float32)
