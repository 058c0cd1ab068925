"""Sample sheets: the same photographs in the same styles again and again, to see what a painter has learnt."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from impasto.networks.content_side import MULTIPLE
from impasto.pictures import Picture
from impasto.pictures.sheet import contact_sheet
from impasto.training.crops import to_tensor

Pixels = NDArray[np.float32]
_THUMBNAIL = 0.6  # of the sides


@torch.no_grad()
def sample_sheet(
    paint: Callable[[Tensor, Tensor, Tensor], Tensor],
    contents: Sequence[Pixels],
    styles: Sequence[tuple[Pixels, Tensor]],
    *,
    device: torch.device,
) -> Picture:
    """Styles in the first row, and below, in each row, a content picture and its paintings.

    Args:
        paint: makes a painting of a picture, its thumbnail and a style code, each a batch of one.
        contents: (H, W, 3) in [0, 1], the sides multiples of 8.
        styles: each with its code, (D,).
    """
    rows = [[(Picture(np.ones_like(contents[0])), ""), *((Picture(np.ascontiguousarray(s)), "") for s, _ in styles)]]
    for pixels in contents:
        content = to_tensor(pixels)[None].to(device)
        sides = [MULTIPLE * max(4, round(_THUMBNAIL * side / MULTIPLE)) for side in pixels.shape[:2]]
        thumbnail = F.interpolate(content, sides, mode="bilinear", antialias=True, align_corners=False)
        painted = [paint(content, thumbnail, code[None].to(device))[0].clamp(0, 1).cpu() for _, code in styles]
        pictures = [pixels, *(picture.permute(1, 2, 0).numpy() for picture in painted)]
        rows.append([(Picture(np.ascontiguousarray(picture)), "") for picture in pictures])
    return contact_sheet(rows, cell=max(contents[0].shape))
