"""Pictures of domains as tensors, and sheets of what became of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from impasto.pictures import Picture
from impasto.pictures.sheet import contact_sheet

Floats = NDArray[np.float32]


def as_batch(crops: Sequence[Floats], device: torch.device) -> Tensor:
    """(H, W, C) each → (B, C, H, W), laid out channels last."""
    batch = torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2)
    return batch.to(device).contiguous(memory_format=torch.channels_last)


def translation_sheet(rows: Sequence[Sequence[Floats | Tensor]]) -> Picture:
    """A row for each picture: (H, W, C) arrays, or (C, H, W) tensors, of one or three channels."""
    shown = [[(Picture(_as_pixels(picture)), "") for picture in row] for row in rows]
    return contact_sheet(shown, cell=max(256, shown[0][0][0].width))


def _as_pixels(picture: Floats | Tensor) -> Floats:
    """(H, W, 3) in [0, 1]."""
    pixels = picture.float().cpu().permute(1, 2, 0).numpy() if isinstance(picture, Tensor) else picture
    return np.ascontiguousarray(np.broadcast_to(pixels.clip(0, 1), (*pixels.shape[:2], 3)), np.float32)
