"""A VGG-like encoder in NumPy float64, written from the definition and sharing no code with the one under test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_PAD = {"zero": "constant", "reflect": "reflect", "replicate": "edge"}


def convolve(x: Array, kernel: Array, bias: Array, padding: str) -> Array:
    """(I, H, W) with (O, I, 3, 3) → (O, H, W); cross-correlation, as neural networks mean it."""
    height, width = x.shape[1:]
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1)), mode=_PAD[padding])  # type: ignore[call-overload]
    out = np.zeros((kernel.shape[0], height, width)) + bias[:, None, None]
    for dy in range(3):
        for dx in range(3):
            out += np.einsum("oi,ihw->ohw", kernel[:, :, dy, dx], padded[:, dy : dy + height, dx : dx + width])
    return out


def pool(x: Array, pooling: str) -> Array:
    """2×2, stride 2, an odd last row or column dropped; a side of one pixel stays."""
    channels, height, width = x.shape
    wy, wx = min(2, height), min(2, width)
    x = x[:, : height // wy * wy, : width // wx * wx].reshape(channels, height // wy, wy, width // wx, wx)
    return x.max((2, 4)) if pooling == "max" else x.mean((2, 4))


def features(
    picture: Array, weights: Mapping[str, Array], blocks: Sequence[int], padding: str, pooling: str
) -> dict[str, Array]:
    """Every layer of an encoder with `blocks[b]` convolutions in block b; `picture`: (3, H, W), after preprocessing."""
    found = {}
    x = picture
    for b, count in enumerate(blocks, 1):
        for n in range(1, count + 1):
            x = found[f"conv{b}_{n}"] = convolve(
                x, weights[f"conv{b}_{n}.weight"], weights[f"conv{b}_{n}.bias"], padding
            )
            x = found[f"relu{b}_{n}"] = np.maximum(x, 0)
        x = found[f"pool{b}"] = pool(x, pooling)
    return found
