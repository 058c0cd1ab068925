"""Content pictures for a step of a painter's training, and their thumbnails."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.networks.content_side import MULTIPLE
from impasto.training.crops import to_tensor
from impasto.training.data import PictureBank
from impasto.training.distill_settings import DistillTraining
from impasto.training.painter_settings import PainterTraining

THUMBNAILS = 2**32  # a purpose of chance that is no sample's number


def content_crops(
    banks: Sequence[PictureBank],
    chances: Sequence[np.random.Generator],
    settings: PainterTraining,
    device: torch.device,
) -> Tensor:
    """(B, 3, size, size), laid out channels last: one of each bank, with its source of chance."""
    crops = [
        to_tensor(bank.crop(rng, settings.size, scales=settings.zoom)) for bank, rng in zip(banks, chances, strict=True)
    ]
    return torch.stack(crops).to(device).contiguous(memory_format=torch.channels_last)


def random_thumbnails(
    contents: Tensor, rng: np.random.Generator, settings: PainterTraining | DistillTraining
) -> Tensor:
    """Contents made small: all to one random side within the settings' bounds."""
    low, high = settings.thumbnail
    side = MULTIPLE * round(min(high, settings.size, float(rng.uniform(low, high))) / MULTIPLE)
    return F.interpolate(contents, (side, side), mode="bilinear", antialias=True, align_corners=False)
