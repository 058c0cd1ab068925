"""Grain: what plain areas are painted from.

Where a photograph is plain, a painter that only looks has nothing to begin its strokes with: it repeats one small
pattern, or blows up what compression left there. So it is given noise to see, as generators are (Karras et al. 2019,
§3.2). Ours is a function of the place alone: tiles of a picture, and the frames of a clip, get the same at the same
place.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CELL = 4  # pixels: one place of the grain has so many to a side
_WHITE = 2  # channels that are another number at each place
_SPACINGS = (4, 8, 16, 32)  # cells between the numbers that the other channels pass through: for larger forms
CHANNELS = _WHITE + len(_SPACINGS)

Floats = NDArray[np.float32]


def grain(rows: tuple[int, int], columns: tuple[int, int], *, seed: int = 0) -> Floats:
    """(6, h, w): two channels of white noise, and four ever smoother ones (value noise: numbers on a lattice,
    interpolated linearly), of mean 0 and variance 1.

    The white ones are spread evenly over ±√3.

    Args:
        rows, columns: (first, last + 1), in cells.
        seed: another one for other grain.
    """
    key = seed % (2**32 // CHANNELS) * CHANNELS
    white = [_noise(np.arange(*rows), np.arange(*columns), key + channel) for channel in range(_WHITE)]
    smooth = [_smooth(rows, columns, spacing, key + _WHITE + n) for n, spacing in enumerate(_SPACINGS)]
    return np.stack(white + smooth)


def _smooth(rows: tuple[int, int], columns: tuple[int, int], spacing: int, key: int) -> Floats:
    (y, down), (x, right) = (np.divmod(np.arange(*bounds), spacing) for bounds in (rows, columns))
    lattice = _noise(np.arange(y[0], y[-1] + 2), np.arange(x[0], x[-1] + 2), key)
    y, x = y - y[0], x - x[0]
    below, beside = (np.float32(1 / spacing) * steps.astype(np.float32) for steps in (down[:, None], right))
    lines = lattice[y] * (1 - below) + lattice[y + 1] * below
    # So much of the variance stays in each direction: the mean of (1 - t)² + t² over the places from knot to knot.
    stays = 2 / 3 + 1 / (3 * spacing**2)
    smooth: Floats = np.float32(1 / stays) * (lines[:, x] * (1 - beside) + lines[:, x + 1] * beside)
    return smooth


def _noise(y: NDArray[np.int_], x: NDArray[np.int_], key: int) -> Floats:
    """(len(y), len(x)): an independent number for each pair of places and each key."""
    down, right = (places.astype(np.int64).astype(np.uint32) for places in (y, x))
    mixed = _mixed(right + _mixed(down[:, None] + _mixed(np.array([key], np.uint32))))
    evenly: Floats = (mixed >> np.uint32(8)).astype(np.float32)  # 24 bits: as many as the numbers have
    evenly *= np.float32(2 * 3**0.5 / 2**24)
    evenly -= np.float32(3**0.5)
    return evenly


def _mixed(x: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """A permutation of all 32-bit numbers that keeps no order: shifts and odd factors, as in MurmurHash3's last steps,
    with the factors of C. Wellons' search, which scatter better.
    """
    x = x ^ x >> np.uint32(16)
    x *= np.uint32(0x7FEB352D)
    x ^= x >> np.uint32(15)
    x *= np.uint32(0x846CA68B)
    return x ^ x >> np.uint32(16)
