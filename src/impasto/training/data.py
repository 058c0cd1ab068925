"""Training pictures: folders walked once, files decoded once into a bounded cache, square crops at random scale."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from impasto.errors import PictureError, TrainingDataError
from impasto.pictures import SUFFIXES, read_picture

Pixels = NDArray[np.uint8]


def find_pictures(folders: Iterable[Path]) -> list[Path]:
    """All files with a picture suffix below `folders`, sorted, so that a seed means the same pictures everywhere.

    Raises:
        TrainingDataError: a folder is missing, or holds no picture.
    """
    found: list[Path] = []
    for folder in folders:
        here = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
        if not here:
            raise TrainingDataError(
                f"There are no pictures in {folder}.", hint="Name a folder that holds photos or paintings."
            )
        found += here
    return found


class PictureBank:
    """Decoded pictures of a list of files; unreadable ones are skipped and counted in `skipped`.

    Args:
        paths: picture files.
        long_side: larger pictures are reduced to this many pixels before they are cached.
        cache_bytes: decoded pictures are kept up to this total; the rest is decoded anew each time.
    """

    def __init__(self, paths: Sequence[Path], *, long_side: int = 768, cache_bytes: int = 1 << 30) -> None:
        if not paths:
            raise TrainingDataError("There are no training pictures.")
        self.paths, self.long_side = list(paths), long_side
        self._bad: set[Path] = set()
        self._cache: dict[Path, Pixels] = {}
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
        while len(self._bad) < len(self.paths):
            # A bad picture is drawn again and again, not removed: a resumed run must draw the same ones.
            path = self.paths[rng.integers(len(self.paths))]
            if path in self._bad:
                continue
            try:
                return self._decoded(path)
            except PictureError:
                self._bad.add(path)
        raise TrainingDataError(f"None of the {len(self.paths)} training pictures could be read.")

    def _decoded(self, path: Path) -> Pixels:
        if path not in self._cache:
            pixels = self._reduced(np.round(read_picture(path).pixels * 255).astype(np.uint8))
            if pixels.nbytes > self._room:
                return pixels
            self._room -= pixels.nbytes
            self._cache[path] = pixels
        return self._cache[path]

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
