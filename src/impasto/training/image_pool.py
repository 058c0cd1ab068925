"""Painted pictures kept for later, so that critics don't only see the newest."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


class ImagePool:
    """A history of painted pictures (Shrivastava et al. 2017, §2.3; 50 pictures in Zhu et al. 2017, §4).

    Each sample of a batch has a part of the pool to itself, so that what a sample meets does not depend on how a batch
    is shared between processes.

    Args:
        size: pictures of each sample's part; 0 keeps none.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._kept: dict[int, list[Tensor]] = {}

    def exchange(self, sample: int, picture: Tensor, rng: np.random.Generator) -> Tensor:
        """A picture, or, half of the time once the part is full, an older one, whose place it takes.

        Args:
            sample: whose part it is.
            picture: (C, H, W), without gradient.
        """
        if not self.size:
            return picture
        kept = self._kept.setdefault(sample, [])
        if len(kept) < self.size:
            kept.append(picture)
            return picture
        if rng.random() < 0.5:
            return picture
        place = int(rng.integers(self.size))
        older, kept[place] = kept[place], picture
        return older

    def state(self) -> dict[int, Tensor]:
        """All that is kept, by sample: (N, C, H, W), on the CPU."""
        return {sample: torch.stack(kept).cpu() for sample, kept in self._kept.items() if kept}

    def load(self, state: dict[int, Tensor], device: torch.device) -> None:
        """Take up what `state` gave, and keep it on `device`."""
        self._kept = {sample: list(pictures.to(device)) for sample, pictures in state.items()}
