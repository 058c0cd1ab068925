"""Crops as tensors, and what a picture may look like halfway through an optimisation."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor


def to_tensor(crop: NDArray[np.float32]) -> Tensor:
    """(H, W, 3) → (3, H, W)."""
    return torch.from_numpy(np.ascontiguousarray(crop)).permute(2, 0, 1)


def blend(a: Tensor, b: Tensor, rng: np.random.Generator) -> Tensor:
    """Two pictures mixed, channels exchanged, noise of any strength and grain, flat tints."""
    share = rng.uniform(0, 1)
    mixed = a * share + b[torch.from_numpy(rng.permutation(3))] * (1 - share)
    grain = int(rng.choice([1, 2, 4, 8]))
    coarse = torch.from_numpy(
        rng.standard_normal((1, 3, -(-a.shape[1] // grain), -(-a.shape[2] // grain))).astype(np.float32)
    )
    noise = F.interpolate(coarse, scale_factor=grain, mode="bilinear" if grain > 1 else "nearest")[0]
    strength = rng.uniform(0, 0.5) ** 2 * 2
    contrast, tint = rng.uniform(0.3, 1.7), torch.from_numpy(rng.uniform(-0.2, 0.2, (3, 1, 1)).astype(np.float32))
    return ((mixed - 0.5) * contrast + 0.5 + tint + noise[:, : a.shape[1], : a.shape[2]] * strength).clamp(0, 1)
