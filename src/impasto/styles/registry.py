"""The procedural styles by name: style pictures that the project's own code draws.

A new one is a file `<name with underscores>.py` beside this one, with a function `paint`, and a line in `STYLES`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from impasto.errors import UnknownNameError, UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from impasto.pictures import Picture

    Paint = Callable[[tuple[int, int], np.random.Generator], NDArray[np.float32]]

LARGEST_SIDE = 4096


@dataclass(frozen=True)
class ProceduralStyle:
    """A style picture drawn by code: `name` as users type it, `title`, and what it shows in one line."""

    name: str
    title: str
    description: str

    @property
    def paint(self) -> Paint:
        """The function that draws it: size (width, height) and a random generator in, (H, W, 3) in [0, 1] out."""
        # Imported when it is drawn, so that listing names costs nothing.
        module = importlib.import_module(f"impasto.styles.{self.name.replace('-', '_')}")
        return cast("Paint", module.paint)


STYLES = (
    ProceduralStyle("batik", "Batik", "Flowers and butterflies on indigo cotton, in wax resist with crackle."),
    ProceduralStyle("cubist-planes", "Cubist planes", "A guitar, a bottle and fruit, broken into shaded facets."),
    ProceduralStyle("ink-wash", "Ink wash", "Peaks in mist, pines and a boat, in ink on old paper."),
    ProceduralStyle("mosaic", "Mosaic", "A peacock in glass and gold tesserae that follow the drawing."),
    ProceduralStyle("oil-pastel", "Oil pastel", "Lavender rows at sunset, in waxy hatching on black paper."),
    ProceduralStyle("palette-knife", "Palette knife", "Birches by an autumn lake, in thick slabs of oil paint."),
    ProceduralStyle("pointillist-dots", "Pointillist dots", "A harbour at evening, in dots of pure colour."),
    ProceduralStyle("stained-glass", "Stained glass", "Sunset over a river and irises, in opalescent glass and lead."),
    ProceduralStyle("swirling-strokes", "Swirling strokes", "A valley under a turning night sky, in ridged impasto."),
    ProceduralStyle("ukiyo-wave", "Ukiyo wave", "A great wave and a red sun, printed from wood blocks."),
    ProceduralStyle("watercolour", "Watercolour", "Poppies in a meadow, in loose washes on rough paper."),
    ProceduralStyle("woodcut", "Woodcut", "An oak against the sun, carved in bold lines and four inks."),
)


def names() -> list[str]:
    """Names of all procedural styles, in alphabetical order."""
    return sorted(style.name for style in STYLES)


def find(name: str) -> ProceduralStyle:
    """The style of that name; case and underscores don't matter.

    Raises:
        UnknownNameError: there is none; the hint suggests near names.
    """
    wanted = name.strip().lower().replace("_", "-")
    for style in STYLES:
        if style.name == wanted:
            return style
    raise UnknownNameError("style", name, names())


def draw(name: str, *, size: tuple[int, int] = (768, 768), seed: int = 0) -> Picture:
    """Draws a style picture.

    The same name, shape and seed give the same painting at every size, with marks in proportion; another seed gives
    another painting of the same kind.

    Args:
        name: one of `names()`.
        size: (width, height) in pixels, each 1 to 4096.
        seed: not negative.

    Raises:
        UnknownNameError: no style of that name.
        UsageError: a size or seed out of range.
    """
    style = find(name)
    if len(size) != 2 or not all(1 <= side <= LARGEST_SIDE for side in size):
        shown = "×".join(str(side) for side in size)
        hint = f"Each side can be 1 to {LARGEST_SIDE} pixels."
        raise UsageError(f"A style picture of {shown} pixels cannot be drawn.", hint=hint)
    if seed < 0:
        raise UsageError(f"The seed {seed} is negative.", hint="Use 0 or a positive whole number.")
    import numpy as np

    from impasto.pictures import Picture

    return Picture(style.paint((int(size[0]), int(size[1])), np.random.default_rng(seed)))
