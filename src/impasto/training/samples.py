"""Sample sheets: the same photographs in the same styles again and again, to see what a painter has learnt."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from impasto.networks.swift import MULTIPLE, SwiftNetwork
from impasto.pictures import Picture
from impasto.pictures.sheet import contact_sheet
from impasto.training.crops import to_tensor

Pixels = NDArray[np.float32]
_THUMBNAIL = 0.6  # of the sides


@torch.no_grad()
def sample_sheet(
    network: SwiftNetwork, contents: Sequence[Pixels], styles: Sequence[Pixels], *, device: torch.device
) -> Picture:
    """Styles in the first row, and below, in each row, a content picture and its paintings.

    Args:
        contents: (H, W, 3) in [0, 1], the sides multiples of 8.
        styles: (H, W, 3) in [0, 1].
    """
    codes = [network.style(to_tensor(style)[None].to(device)) for style in styles]
    rows = [[(Picture(np.ones_like(contents[0])), ""), *((Picture(np.ascontiguousarray(s)), "") for s in styles)]]
    for pixels in contents:
        content = to_tensor(pixels)[None].to(device)
        sides = [MULTIPLE * max(4, round(_THUMBNAIL * side / MULTIPLE)) for side in pixels.shape[:2]]
        thumbnail = F.interpolate(content, sides, mode="bilinear", antialias=True, align_corners=False)
        painted = [network(content, thumbnail, code)[0].clamp(0, 1).permute(1, 2, 0).cpu() for code in codes]
        pictures = [pixels, *(picture.numpy() for picture in painted)]
        rows.append([(Picture(np.ascontiguousarray(picture)), "") for picture in pictures])
    return contact_sheet(rows, cell=max(contents[0].shape))
