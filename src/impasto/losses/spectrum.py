"""How strong each spatial frequency is: what tells a texture from a screen of dots.

Gram matrices don't see where a feature comes again, so that a painter may please them with a lattice, whose dots stand
at one distance: a peak in the spectrum, where the style has none. Liu, Gousseau & Xia 2016, "Texture synthesis through
convolutional neural networks and spectrum constraints", project pictures onto the spectrum of the whole texture; ours
is a mean over small blocks (Welch 1967), which knows no places and no large forms, and a loss.
"""

from __future__ import annotations

import itertools
from typing import Any

import torch
from torch import Tensor

BLOCK = 32  # pixels; lattices of up to a third of that show
_STEP = 16
_OPPONENT = ((0.299, 0.587, 0.114), (0.5, -0.5, 0.0), (0.25, 0.25, -0.5))  # luma, red-green, yellow-blue


def spectrum(pictures: Tensor) -> Tensor:
    """Amplitudes by frequency of luma and two chromas, each times its frequency, as in most pictures they fall with it.

    Args:
        pictures: (B, 3, H, W), RGB, both sides 32 or more.

    Returns:
        (B, 3, 32, 17), in float32 or the pictures' own precision if that is higher: rows are frequencies down, from 0
        through 16 and from -16 to -1 cycles a block; columns those across, 0 to 16. Differentiable once.
    """
    exact = pictures.to(torch.promote_types(pictures.dtype, torch.float32))
    with torch.autocast(pictures.device.type, enabled=False):
        planes = torch.einsum("cp,bphw->bchw", exact.new_tensor(_OPPONENT), exact)
    power: Tensor = _Power.apply(planes)  # type: ignore[no-untyped-call]
    down = torch.fft.fftfreq(BLOCK, dtype=exact.dtype, device=exact.device)
    across = torch.fft.rfftfreq(BLOCK, dtype=exact.dtype, device=exact.device)
    frequency = (down[:, None].square() + across.square()).sqrt()
    amplitudes: Tensor = (power + 1e-8).sqrt() * frequency
    return amplitudes


class _Power(torch.autograd.Function):
    """Planes (B, 3, H, W) → the mean square of the blocks' waves, (B, 3, 32, 17); their own means are left out.

    torch's gradients of complex numbers and of overlapping blocks take three times as long.
    """

    @staticmethod
    def forward(ctx: Any, planes: Tensor) -> Tensor:
        blocks = planes.unfold(2, BLOCK, _STEP).unfold(3, BLOCK, _STEP).flatten(2, 3)  # (B, 3, N, 32, 32)
        centred = blocks - blocks.mean((3, 4), keepdim=True)
        waves = torch.fft.rfft2(centred.mul_(_window(planes)), norm="ortho")
        ctx.save_for_backward(waves)
        ctx.shape = planes.shape
        return torch.view_as_real(waves).square().mean(2).sum(-1)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (waves,) = ctx.saved_tensors
        weights = 2 * gradient[:, :, None] / waves.shape[2]
        weights[..., 1:-1] /= 2  # the inverse transform counts these columns once more, as those of negative frequency
        blocks = torch.fft.irfft2(waves * weights, (BLOCK, BLOCK), norm="ortho").mul_(_window(gradient))
        blocks -= blocks.mean((3, 4), keepdim=True)
        return _overlapped(blocks, ctx.shape)


def _window(like: Tensor) -> Tensor:
    """Hann's, down and across: (32, 32)."""
    window = torch.hann_window(BLOCK, dtype=like.dtype, device=like.device)
    return window[:, None] * window


def _overlapped(blocks: Tensor, shape: torch.Size) -> Tensor:
    """Blocks (B, C, N, 32, 32) added up where they were taken from: (B, C, H, W). Each has four cells of 16 × 16."""
    batch, channels, height, width = shape
    down, across = ((side - BLOCK) // _STEP + 1 for side in (height, width))
    parts = blocks.view(batch, channels, down, across, 2, _STEP, 2, _STEP)
    planes = blocks.new_zeros(shape)
    covered = planes[:, :, : (down + 1) * _STEP, : (across + 1) * _STEP]
    cells = covered.view(batch, channels, down + 1, _STEP, across + 1, _STEP).transpose(3, 4)
    for below, right in itertools.product((0, 1), repeat=2):
        cells[:, :, below : below + down, right : right + across] += parts[:, :, :, :, below, :, right]
    return planes
