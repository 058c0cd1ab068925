"""How much two pictures differ, in numbers that people compare."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.features.encoder import Encoder
from impasto.features.layers import STYLE_LAYERS
from impasto.losses.content import content_error
from impasto.losses.gram import gram_matrix
from impasto.losses.style import style_error

CONTENT_LAYER = "relu4_1"
BEST_PSNR = 100.0  # dB, of pictures without any difference: no finite one would say more

_LUMA = (0.299, 0.587, 0.114)
_WINDOW = 7


@dataclass(frozen=True)
class Scores:
    """Attributes:
    content: `content_error`, relative, at relu4_1; 0 is best.
    style: `style_error`, relative, the mean of five layers; 0 is best.
    ssim: see `ssim`; 1 is best.
    psnr: see `psnr`, in dB; the more the better.
    """

    content: float
    style: float
    ssim: float
    psnr: float


@torch.no_grad()
def scores(picture: Tensor, reference: Tensor, encoder: Encoder) -> Scores:
    """How much a picture differs from a reference of the same size.

    Args:
        picture, reference: (1, 3, H, W), RGB in [0, 1], both sides 7 or more.
    """
    layers = (CONTENT_LAYER, *STYLE_LAYERS)
    seen, wanted = encoder(picture, layers), encoder(reference, layers)
    errors = [style_error(gram_matrix(seen[layer]), gram_matrix(wanted[layer])) for layer in STYLE_LAYERS]
    return Scores(
        content=content_error(seen[CONTENT_LAYER], wanted[CONTENT_LAYER]).item(),
        style=torch.stack(errors).mean().item(),
        ssim=ssim(picture, reference).item(),
        psnr=psnr(picture, reference).item(),
    )


def ssim(picture: Tensor, reference: Tensor) -> Tensor:
    """Structural similarity of luma, a scalar: Wang et al. 2004, "Image Quality Assessment: From Error Visibility to
    Structural Similarity", eq. 13, in windows of 7 × 7, each pixel counting the same (theirs: 11 × 11, Gaussian).

    Args:
        picture, reference: (B, 3, H, W), RGB in [0, 1], both sides 7 or more.
    """
    weights = picture.new_tensor(_LUMA)[:, None, None]
    x, y = ((p * weights).sum(1, keepdim=True) for p in (picture.double(), reference.double()))

    def mean(plane: Tensor) -> Tensor:
        return F.avg_pool2d(plane, _WINDOW, 1)

    mx, my = mean(x), mean(y)
    vx, vy, both = mean(x * x) - mx * mx, mean(y * y) - my * my, mean(x * y) - mx * my
    c1, c2 = 0.01**2, 0.03**2
    return ((2 * mx * my + c1) * (2 * both + c2) / ((mx * mx + my * my + c1) * (vx + vy + c2))).mean()


def psnr(picture: Tensor, reference: Tensor) -> Tensor:
    """Peak signal-to-noise ratio, a scalar in dB: -10 log₁₀ of the mean squared difference; at most `BEST_PSNR`.

    Args:
        picture, reference: of one shape, in [0, 1].
    """
    error = (picture.double() - reference.double()).square().mean()
    return -10 * torch.log10(error.clamp_min(math.pow(10, -BEST_PSNR / 10)))
