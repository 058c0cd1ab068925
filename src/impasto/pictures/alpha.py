"""Colours where a picture is transparent, made up from their surroundings: nothing hidden bleeds into the painting."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

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
    filled = _pull_push(pixels * alpha[..., None], np.asarray(alpha, np.float32))
    return np.where(hidden[..., None], filled, pixels).astype(np.float32, copy=False)


def _pull_push(weighted: Floats, weight: Floats) -> Floats:
    """Colours (h, w, 3) without holes, from colours times weight and weight (h, w) in [0, 1]."""
    own = np.asarray(weighted / np.maximum(weight, np.float32(1e-6))[..., None], np.float32)
    if weight.min() >= 1 or max(weight.shape) == 1:
        return own
    half = _halved(np.concatenate([weighted, weight[..., None]], axis=2))
    total = half[..., 3]
    # Four halfway visible pixels make one whole: a level's weight saturates at 1.
    scale = 1 / np.maximum(total, np.float32(1))
    coarse = _pull_push(np.asarray(half[..., :3] * scale[..., None], np.float32), np.asarray(total * scale, np.float32))
    share = weight[..., None]
    return np.asarray(share * own + (1 - share) * _doubled(coarse, weight.shape), np.float32)


def _halved(x: Floats) -> Floats:
    """Sums of 2×2 blocks; an odd last row or column stands alone."""
    h, w = x.shape[:2]
    x = np.pad(x, ((0, h % 2), (0, w % 2), (0, 0)))
    return np.asarray(x[0::2, 0::2] + x[1::2, 0::2] + x[0::2, 1::2] + x[1::2, 1::2])


def _doubled(x: Floats, shape: tuple[int, ...]) -> Floats:
    """Twice the size by linear interpolation (3:1 between the two nearest), cut to `shape`."""
    for axis in (0, 1):
        n = x.shape[axis]
        before, after = (
            np.take(x, np.maximum(np.arange(n) - 1, 0), axis),
            np.take(x, np.minimum(np.arange(n) + 1, n - 1), axis),
        )
        pairs = np.stack([0.75 * x + 0.25 * before, 0.75 * x + 0.25 * after], axis=axis + 1)
        x = pairs.reshape(*x.shape[:axis], 2 * n, *x.shape[axis + 1 :])
    return np.asarray(x[: shape[0], : shape[1]], np.float32)
