"""Colours where a picture is transparent, made up from their surroundings: nothing hidden bleeds into the painting."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

Floats = npt.NDArray[np.float32]


def fill_transparent(pixels: Floats, alpha: Floats) -> Floats:
    """The picture with the colours of fully transparent pixels replaced by a smooth continuation of the visible ones.

    Files hold anything there (mostly black), and a painter that looks at its neighbourhood would carry it across the
    edge. Pull-push (Gortler et al. 1996, "The Lumigraph", §3.4.2): colours weighted by alpha are averaged down a
    pyramid until no hole is left, then holes are filled from the next coarser level. Pixels with any opacity keep
    their colour. Without a visible pixel nothing changes.

    Args:
        pixels: (H, W, 3) in [0, 1].
        alpha: (H, W) in [0, 1].
    """
    hidden = alpha <= 0
    if not hidden.any() or hidden.all():
        return pixels
    filled = pixels.copy()
    filled[hidden] = _doubled(_pull_push(*_halved(pixels * alpha[..., None], alpha)), alpha.shape)[hidden]
    return filled


def _pull_push(weighted: Floats, weight: Floats) -> Floats:
    """Colours (h, w, 3) without holes, from colours times weight and weight (h, w) in [0, 1]."""
    own = np.asarray(weighted / np.maximum(weight, np.float32(1e-6))[..., None], np.float32)
    if weight.min() >= 1 or max(weight.shape) == 1:
        return own
    share = weight[..., None]
    return np.asarray(share * own + (1 - share) * _doubled(_pull_push(*_halved(weighted, weight)), weight.shape))


def _halved(weighted: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Sums of 2×2 blocks, scaled so that no weight is above 1: four halfway visible pixels make one whole."""
    total = _sums(weight)
    scale = 1 / np.maximum(total, np.float32(1))
    return np.asarray(_sums(weighted) * scale[..., None], np.float32), np.asarray(total * scale, np.float32)


def _sums(x: Floats) -> Floats:
    """Sums of 2×2 blocks; an odd last row or column stands alone."""
    for axis in (0, 1):
        even, odd = (x[start::2] if axis == 0 else x[:, start::2] for start in (0, 1))
        x = even.copy()
        x[: odd.shape[0], : odd.shape[1]] += odd
    return x


def _doubled(x: Floats, shape: tuple[int, ...]) -> Floats:
    """Twice the size by linear interpolation (3:1 between the two nearest), cut to `shape`."""
    height, width = shape
    out = np.empty((height, width, x.shape[2]), np.float32)
    for channel in range(x.shape[2]):
        plane = Image.fromarray(np.ascontiguousarray(x[..., channel]))
        grown = plane.resize((width, height), Image.Resampling.BILINEAR, box=(0, 0, width / 2, height / 2))
        out[..., channel] = np.asarray(grown)
    return out
