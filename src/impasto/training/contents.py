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
from impasto.training.painter_settings import PainterTraining

THUMBNAILS = 2**32  # a purpose of chance that is no sample's number


def content_crops(
    banks: Sequence[PictureBank],
    chances: Sequence[np.random.Generator],
    settings: PainterTraining,
    device: torch.device,
) -> Tensor:
    """(B, 3, S, S), laid out channels last, with S the size and the borders: one of each bank, with its source of
    chance.
    """
    side = settings.size + 2 * settings.border
    crops = [to_tensor(bank.crop(rng, side, scales=settings.zoom)) for bank, rng in zip(banks, chances, strict=True)]
    return torch.stack(crops).to(device).contiguous(memory_format=torch.channels_last)


def without_border(pictures: Tensor, settings: PainterTraining) -> Tensor:
    """(B, 3, S, S) → (B, 3, size, size)."""
    inner = slice(settings.border, settings.border + settings.size)
    return pictures[:, :, inner, inner].contiguous(memory_format=torch.channels_last)


def random_thumbnails(contents: Tensor, rng: np.random.Generator, settings: PainterTraining) -> Tensor:
    """Contents, less their borders, made small: all to one random side within the settings' bounds."""
    low, high = settings.thumbnail
    side = MULTIPLE * round(min(high, settings.size, float(rng.uniform(low, high))) / MULTIPLE)
    inner = without_border(contents, settings)
    return F.interpolate(inner, (side, side), mode="bilinear", antialias=True, align_corners=False)
