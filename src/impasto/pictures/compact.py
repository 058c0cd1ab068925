"""Pictures of print size in a third of the memory: 8 bits a sample, seen and changed window by window."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from impasto.pictures.arrays import quantised
from impasto.pictures.colour import unit
from impasto.pictures.metadata import Metadata
from impasto.pictures.picture import Floats, Picture
from impasto.pictures.resize import resize


class CompactPicture(Picture):
    """A Picture that keeps its pixels as Pillow does. `pixels` computes all of them anew at each call; whoever looks at
    a part asks for a `window`.

    Args:
        image: RGB, upright, in sRGB.
        about: dpi, exif, metadata and format, as for `Picture`.
    """

    image: Image.Image

    def __init__(self, image: Image.Image, **about: Any) -> None:
        # Past the initialiser of the dataclass, which would set the pixels.
        for name, value in {"image": image, "alpha": None, "bit_depth": 8, **_NOTHING, **about}.items():
            object.__setattr__(self, name, value)

    @property
    def pixels(self) -> Floats:
        """(H, W, 3) float32, sRGB in [0, 1]."""
        return unit(np.asarray(self.image))

    @property
    def width(self) -> int:
        return self.image.width

    @property
    def height(self) -> int:
        return self.image.height

    def window(self, rows: slice, columns: slice) -> Floats:
        """(h, w, 3): the pixels of these rows and columns."""
        return unit(np.asarray(self.image.crop((columns.start, rows.start, columns.stop, rows.stop))))

    def put(self, corner: tuple[int, int], pixels: Floats) -> None:
        """Put pixels (h, w, 3) at (left, top)."""
        self.image.paste(Image.fromarray(quantised(pixels, 8)), corner)

    def thumbnail(self, size: tuple[int, int]) -> Floats:
        """The picture as `resize.thumbnail` makes it small."""
        return unit(np.asarray(self.image.resize(size, Image.Resampling.BOX)))

    def copied(self) -> CompactPicture:
        """The same picture, to be changed."""
        return CompactPicture(self.image.copy(), **self._about())

    def with_pixels(self, pixels: npt.NDArray[Any]) -> Picture:
        return Picture(np.ascontiguousarray(pixels, np.float32), **self._about())

    def resized(self, size: tuple[int, int]) -> Picture:
        return self if size == self.size else self.with_pixels(resize(self.pixels, size))

    def _about(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _NOTHING}


_NOTHING: dict[str, Any] = {"dpi": None, "exif": None, "metadata": Metadata(), "format": None}
