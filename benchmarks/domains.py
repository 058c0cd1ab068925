"""A pair of domains with a known exact mapping between them: textured shapes, hue and texture swapped.

In the first, warm shapes with bright specks lie on cool ground; in the second all hues are swapped (red for blue), and
the specks are dark. What a pixel becomes depends on it and its near neighbours alone, and the way back is as exact.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Pixels = NDArray[np.float64]

_SIDE = 160
_SPECK = 0.22  # how much brighter, or darker


def scene(rng: np.random.Generator, side: int = _SIDE) -> tuple[Pixels, Pixels]:
    """The same scene in both domains: (side, side, 3) in [0, 1] each."""
    mask = _shapes(rng, side)
    cool, warm = _colour(rng, 0.15, 0.4, 0.65), _colour(rng, 0.75, 0.45, 0.2)
    shade = 1 + 0.15 * np.sin(np.linspace(0, rng.uniform(2, 5), side) + rng.uniform(0, 6))[:, None, None]
    plain = (cool * (1 - mask) + warm * mask) * shade
    specks = _specks(rng, side)
    return (plain + _SPECK * specks).clip(0, 1), (plain[..., ::-1] - _SPECK * specks).clip(0, 1)


def write_domains(folder: Path, *, train: int, test: int, shared: bool) -> None:
    """PNGs in FOLDER/{train,test}/{a,b}; the scenes of a and b are the same in `test`, and in `train` if `shared`."""
    for part, count, same in (("train", train, shared), ("test", test, True)):
        for n in range(count):
            first = scene(np.random.default_rng((1, part == "test", n)))
            second = first if same else scene(np.random.default_rng((2, n)))
            for name, pixels in (("a", first[0]), ("b", second[1])):
                path = folder / part / name / f"{n:03}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(np.uint8(np.round(pixels * 255))).save(path)


def _colour(rng: np.random.Generator, *middle: float) -> Pixels:
    return np.clip(np.array(middle) + rng.uniform(-0.1, 0.1, 3), 0, 1)


def _shapes(rng: np.random.Generator, side: int) -> Pixels:
    """(side, side, 1): 1 where a shape is; smooth at the edges."""
    image = Image.new("L", (2 * side, 2 * side))
    draw = ImageDraw.Draw(image)
    for _ in range(int(rng.integers(3, 7))):
        x, y, radius = *rng.uniform(0, 2 * side, 2), rng.uniform(0.12, 0.35) * side
        corners = int(rng.integers(3, 7))
        if corners == 6:
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
        else:
            draw.regular_polygon((x, y, radius), corners, rotation=float(rng.uniform(0, 90)), fill=255)
    return np.asarray(image.resize((side, side), Image.Resampling.BOX), np.float64)[..., None] / 255


def _specks(rng: np.random.Generator, side: int) -> Pixels:
    """(side, side, 1): mostly 0, up to 1 in small round specks."""
    field = np.zeros((side, side), np.uint8)
    places = rng.integers(side, size=(side * side // 90, 2))
    field[places[:, 0], places[:, 1]] = 255
    soft = np.asarray(Image.fromarray(field).filter(ImageFilter.GaussianBlur(1.2)), np.float64)
    return np.minimum(soft / 26, 1)[..., None]
