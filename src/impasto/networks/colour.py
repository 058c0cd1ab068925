"""The plain part of a style, its colours, moved by formula: an affine map that gives a content picture the style's
mean colour and covariance.

Gatys et al. 2017, "Controlling Perceptual Factors in Neural Style Transfer" (§4.1), map colours by Cholesky factors of
their covariances, so as to keep the content's. Ours: the other way round, in luma and chroma with luma first, so that
what is brighter stays brighter; and with a floor under the content's deviations, so that a gray or all but black
picture's noise is not blown up to the style's colours.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

COLOURS = 9  # numbers that describe the colours of a picture
MAP = 12  # numbers of a map: a matrix, row by row, and an offset

# RGB to luma and two chromas: ITU-R BT.601.
_TO_LUMA = ((0.299, 0.587, 0.114), (-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312))
_FROM_LUMA = ((1.0, 0.0, 1.402), (1.0, -0.344136, -0.714136), (1.0, 1.772, 0.0))

_FLOORS = (0.06, 0.02, 0.02)
_TINY = 1e-5


def colour_statistics(pictures: Tensor) -> Tensor:
    """Mean luma and chromas, and the Cholesky factor of their covariance, row by row.

    Args:
        pictures: (B, 3, H, W), RGB in [0, 1].

    Returns:
        (B, 9), in float32.
    """
    planes = (pictures.new_tensor(_TO_LUMA)[:, :, None, None] * pictures.float()[:, None]).sum(2)
    means = planes.mean((2, 3))
    centred = planes - means[:, :, None, None]
    covariance = (centred[:, :, None] * centred[:, None]).mean((3, 4))
    yy, yu, yv, _, uu, uv, _, _, vv = torch.split(covariance.flatten(1), 1, 1)
    a = (yy + _TINY).sqrt()
    b, d = yu / a, yv / a
    c = ((uu - b * b).clamp_min(0) + _TINY).sqrt()
    e = (uv - b * d) / c
    f = ((vv - d * d - e * e).clamp_min(0) + _TINY).sqrt()
    return torch.cat([means, a, b, c, d, e, f], 1)


def colour_map(content: Tensor, style: Tensor) -> Tensor:
    """The map that takes colours with the statistics `content` to such with those of `style`, as far as the floors let
    it: the matrix L_style · L_content⁻¹, and the offset that remains between the means.

    Args:
        content, style: (B, 9), from `colour_statistics`.

    Returns:
        (B, 12), in RGB.
    """
    matrix = _product(_factor(style), _inverse_factor(content))
    offset = style[:, :3, None] - _product(matrix, content[:, :3, None])
    from_luma, to_luma = content.new_tensor(_FROM_LUMA), content.new_tensor(_TO_LUMA)
    in_rgb = _product(_product(from_luma, matrix), to_luma)
    return torch.cat([in_rgb.flatten(1), _product(from_luma, offset).flatten(1)], 1)


def recolour(pictures: Tensor, colours: Tensor) -> Tensor:
    """Colours mapped; they may leave [0, 1].

    Args:
        pictures: (B, 3, H, W).
        colours: (B, 12), from `colour_map`.
    """
    batch, _, height, width = pictures.shape
    matrices, offsets = colours[:, :9].reshape(-1, 3, 1, 1), colours[:, 9:].reshape(-1)
    together = pictures.reshape(1, batch * 3, height, width)
    return F.conv2d(together, matrices, offsets, groups=batch).reshape(batch, 3, height, width)


def _factor(statistics: Tensor) -> Tensor:
    """L: (B, 3, 3)."""
    a, b, c, d, e, f = torch.split(statistics[:, 3:], 1, 1)
    return _lower(a, b, c, d, e, f)


def _inverse_factor(statistics: Tensor) -> Tensor:
    """L⁻¹ with the floors under L's diagonal: (B, 3, 3)."""
    a, b, c, d, e, f = torch.split(statistics[:, 3:], 1, 1)
    a, c, f = (x.clamp_min(floor) for x, floor in zip((a, c, f), _FLOORS, strict=True))
    return _lower(1 / a, -b / (a * c), 1 / c, (b * e - c * d) / (a * c * f), -e / (c * f), 1 / f)


def _lower(a: Tensor, b: Tensor, c: Tensor, d: Tensor, e: Tensor, f: Tensor) -> Tensor:
    zero = torch.zeros_like(a)
    return torch.cat([a, zero, zero, b, c, zero, d, e, f], 1).reshape(-1, 3, 3)


def _product(a: Tensor, b: Tensor) -> Tensor:
    """Of matrices. Not `@`, which autocast would round."""
    return (a[..., :, :, None] * b[..., None, :, :]).sum(-2)
