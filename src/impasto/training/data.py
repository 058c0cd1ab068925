"""Training pictures decoded once into a bounded cache; square crops and views of them at random scale."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from impasto.errors import OutOfMemoryError, PictureError, TrainingDataError
from impasto.pictures import read_picture
from impasto.training.sources import PictureSource

Pixels = NDArray[np.uint8]
UNUSABLE = (PictureError, OutOfMemoryError, MemoryError, OSError)
"""What a training picture may be the reason of: it is left out, and counted."""


class PictureBank:
    """Decoded pictures of a list; unreadable ones are skipped and counted in `skipped`.

    Args:
        sources: from `find_pictures`.
        long_side: larger pictures are reduced to this many pixels before they are cached.
        cache_bytes: decoded pictures are kept up to this total; the rest is decoded anew each time.
    """

    def __init__(self, sources: Sequence[PictureSource], *, long_side: int = 768, cache_bytes: int = 1 << 30) -> None:
        if not sources:
            raise TrainingDataError("There are no training pictures.")
        self.sources, self.long_side = list(sources), long_side
        self._bad: set[PictureSource] = set()
        self._cache: dict[PictureSource, Pixels] = {}
        self._room = cache_bytes

    @property
    def skipped(self) -> int:
        """How many pictures turned out to be unreadable so far."""
        return len(self._bad)

    def crop(
        self, rng: np.random.Generator, size: int, *, scales: tuple[float, float] = (0.6, 1.6)
    ) -> NDArray[np.float32]:
        """A random square crop (size, size, 3) in [0, 1] of a random picture, mirrored half of the time.

        `scales` bounds the zoom: at 2 the crop covers a window of size/2 pixels, at 0.5 one of 2·size (or all there
        is).
        """
        pixels = self._any(rng)
        height, width = pixels.shape[:2]
        zoom = np.exp(rng.uniform(*np.log(scales)))
        window = min(size / zoom, height, width)
        left, top = rng.uniform(0, width - window), rng.uniform(0, height - window)
        return _window(rng, pixels, (left, top, left + window, top + window), (size, size))

    def view(self, rng: np.random.Generator, long_side: int) -> NDArray[np.float32]:
        """Most of a random picture, (H, W, 3) in [0, 1], at this long side, mirrored half of the time.

        A random window of 60 to 100 % of either side is taken.
        """
        pixels = self._any(rng)
        height, width = pixels.shape[:2]
        share = rng.uniform(0.6, 1, 2)
        left, top = rng.uniform(0, 1 - share) * (width, height)
        across, down = share * (width, height)
        factor = long_side / max(across, down)
        size = (max(16, round(across * factor)), max(16, round(down * factor)))
        return _window(rng, pixels, (left, top, left + across, top + down), size)

    def _any(self, rng: np.random.Generator) -> Pixels:
        while len(self._bad) < len(self.sources):
            # A bad picture is drawn again and again, not removed: a resumed run must draw the same ones.
            source = self.sources[rng.integers(len(self.sources))]
            if source in self._bad:
                continue
            try:
                return self._decoded(source)
            except UNUSABLE:
                self._bad.add(source)
        raise TrainingDataError(f"None of the {len(self.sources)} training pictures could be read.")

    def _decoded(self, source: PictureSource) -> Pixels:
        if source not in self._cache:
            picture = read_picture(source if isinstance(source, Path) else source.read())
            pixels = self._reduced(np.round(picture.pixels * 255).astype(np.uint8))
            if pixels.nbytes > self._room:
                return pixels
            self._room -= pixels.nbytes
            self._cache[source] = pixels
        return self._cache[source]

    def _reduced(self, pixels: Pixels) -> Pixels:
        height, width = pixels.shape[:2]
        factor = self.long_side / max(height, width)
        if factor >= 1:
            return pixels
        size = (max(1, round(width * factor)), max(1, round(height * factor)))
        return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BOX))


def _window(
    rng: np.random.Generator, pixels: Pixels, box: tuple[float, float, float, float], size: tuple[int, int]
) -> NDArray[np.float32]:
    """What lies in `box` (left, top, right, bottom), resized to (width, height), mirrored half of the time."""
    image = Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC, box=box)
    window = np.asarray(image, np.float32) / np.float32(255)
    return window[:, ::-1] if rng.random() < 0.5 else window
