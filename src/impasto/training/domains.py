"""Pictures of two domains, at the depth that their files have: paired crops, and crops of either."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from impasto.errors import TrainingDataError
from impasto.pictures import read_picture
from impasto.training.data import UNUSABLE
from impasto.training.sources import PictureSource, find_pictures

Samples = NDArray[np.uint16]
Floats = NDArray[np.float32]

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601
_TOP = 65535


class Domain:
    """Pictures of a domain, decoded once, kept with 16 bits a sample.

    Args:
        sources: from `find_pictures`.
        channels: 3 (RGB) or 1 (gray: the luma, exact where a file is gray already).
        cache_bytes: decoded pictures are kept up to this total; the rest is decoded anew each time.
    """

    def __init__(self, sources: Sequence[PictureSource], channels: int, *, cache_bytes: int = 1 << 30) -> None:
        if not sources:
            raise TrainingDataError("There are no training pictures.")
        self.sources, self.channels = list(sources), channels
        self._cache: dict[PictureSource, Samples] = {}
        self._room = cache_bytes

    def picture(self, source: PictureSource) -> Samples:
        """(H, W, C).

        Raises:
            PictureError, OutOfMemoryError, MemoryError, OSError: it can't be read; see `UNUSABLE`.
        """
        if source in self._cache:
            return self._cache[source]
        pixels = read_picture(source if isinstance(source, Path) else source.read()).over()
        if self.channels == 1:
            gray = (pixels == pixels[..., :1]).all()
            pixels = pixels[..., :1] if gray else (pixels @ _LUMA)[..., None]
        samples = np.round(pixels * _TOP).astype(np.uint16)
        if samples.nbytes <= self._room:
            self._room -= samples.nbytes
            self._cache[source] = samples
        return samples


class Pairs:
    """Two domains whose pictures go together by name; bad pictures, and pairs of two sizes, are skipped and counted.

    Args:
        first, second: of as many pictures, in one order.
    """

    def __init__(self, first: Domain, second: Domain) -> None:
        if len(first.sources) != len(second.sources):
            raise ValueError("The domains must have as many pictures.")
        self.first, self.second = first, second
        self._bad: set[int] = set()

    @property
    def skipped(self) -> int:
        """How many pairs turned out to be bad so far."""
        return len(self._bad)

    def crop(self, rng: np.random.Generator, size: int, *, mirror: bool = True) -> tuple[Floats, Floats]:
        """The same random square of both pictures of a pair, (size, size, C) each, in [0, 1].

        Args:
            mirror: half of the time, left for right.
        """
        while len(self._bad) < len(self.first.sources):
            # A bad pair is drawn again and again, not removed: a resumed run must draw the same ones.
            n = int(rng.integers(len(self.first.sources)))
            if n in self._bad:
                continue
            try:
                both = self.first.picture(self.first.sources[n]), self.second.picture(self.second.sources[n])
            except UNUSABLE:
                self._bad.add(n)
                continue
            if both[0].shape[:2] != both[1].shape[:2] or min(both[0].shape[:2]) < size:
                self._bad.add(n)
                continue
            one, other = _squares(rng, both, size, mirror=mirror)
            return one, other
        raise _nothing(size)


class Unpaired:
    """Pictures of one domain; bad ones are skipped and counted."""

    def __init__(self, domain: Domain) -> None:
        self.domain = domain
        self._bad: set[PictureSource] = set()

    @property
    def skipped(self) -> int:
        """How many pictures turned out to be bad so far."""
        return len(self._bad)

    def crop(self, rng: np.random.Generator, size: int, *, mirror: bool = True) -> Floats:
        """A random square of a random picture, (size, size, C) in [0, 1]; see `Pairs.crop`."""
        sources = self.domain.sources
        while len(self._bad) < len(sources):
            source = sources[rng.integers(len(sources))]
            if source in self._bad:
                continue
            try:
                samples = self.domain.picture(source)
            except UNUSABLE:
                self._bad.add(source)
                continue
            if min(samples.shape[:2]) < size:
                self._bad.add(source)
                continue
            (square,) = _squares(rng, (samples,), size, mirror=mirror)
            return square
        raise _nothing(size)


def find_pairs(first: Iterable[Path], second: Iterable[Path]) -> tuple[list[PictureSource], list[PictureSource]]:
    """Pictures of two places that go by the same name, whatever the endings.

    Raises:
        TrainingDataError: a place is missing; a name is there twice, or no name is in both.
    """
    named = [_by_name(find_pictures(places)) for places in (first, second)]
    common = sorted(named[0].keys() & named[1].keys())
    if not common:
        raise TrainingDataError("No two pictures go by the same name.", hint="Pairs are found by it: 7.png and 7.tif.")
    return [named[0][name] for name in common], [named[1][name] for name in common]


def _by_name(sources: Sequence[PictureSource]) -> dict[str, PictureSource]:
    named: dict[str, PictureSource] = {}
    for source in sources:
        name = Path(source.name).stem
        if name in named:
            raise TrainingDataError(f"Two pictures are called {name!r}.", hint="Pairs are found by their names.")
        named[name] = source
    return named


def _squares(rng: np.random.Generator, several: Sequence[Samples], size: int, *, mirror: bool) -> list[Floats]:
    height, width = several[0].shape[:2]
    top, left = (int(rng.integers(side - size + 1)) for side in (height, width))
    step = -1 if mirror and rng.random() < 0.5 else 1
    window = slice(top, top + size), slice(left, left + size)
    return [samples[window][:, ::step].astype(np.float32) / np.float32(_TOP) for samples in several]


def _nothing(size: int) -> TrainingDataError:
    return TrainingDataError(
        f"None of the training pictures could be used: they must be at least {size} pixels high and wide.",
        hint="Choose a smaller --size.",
    )
