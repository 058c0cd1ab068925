"""How strong each spatial frequency is: what tells a texture from a screen of dots.

Gram matrices don't see where a feature comes again, so that a painter may please them with a lattice, whose dots stand
at one distance: a peak in the spectrum, where the style has none. Liu, Gousseau & Xia 2016, "Texture synthesis through
convolutional neural networks and spectrum constraints", project pictures onto the spectrum of the whole texture; ours
is a mean over small blocks (Welch 1967), which knows no places and no large forms, and a loss.
"""

from __future__ import annotations

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
        through 16 and from -16 to -1 cycles a block; columns those across, 0 to 16.
    """
    exact = pictures.to(torch.promote_types(pictures.dtype, torch.float32))
    planes = (exact.new_tensor(_OPPONENT)[:, :, None, None] * exact[:, None]).sum(2)
    blocks = planes.unfold(2, BLOCK, _STEP).unfold(3, BLOCK, _STEP).flatten(2, 3)  # (B, 3, N, 32, 32)
    window = torch.hann_window(BLOCK, dtype=exact.dtype, device=exact.device)
    centred = blocks - blocks.mean((3, 4), keepdim=True)
    waves = torch.fft.rfft2(centred * (window[:, None] * window), norm="ortho")
    down = torch.fft.fftfreq(BLOCK, dtype=exact.dtype, device=exact.device)
    across = torch.fft.rfftfreq(BLOCK, dtype=exact.dtype, device=exact.device)
    power = (waves.real.square() + waves.imag.square()).mean(2)
    frequency = (down[:, None].square() + across.square()).sqrt()
    amplitudes: Tensor = (power + 1e-8).sqrt() * frequency
    return amplitudes
