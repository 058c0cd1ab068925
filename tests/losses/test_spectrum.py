from __future__ import annotations

import numpy as np
import pytest
import torch

from impasto.losses.spectrum import BLOCK, spectrum


def _pictures(*shape: int) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_against_numpy_block_by_block() -> None:
    pictures = _pictures(2, 3, 48, 71)
    found = spectrum(pictures).numpy()
    assert found.shape == (2, 3, 32, 17)
    to_planes = np.array([[0.299, 0.587, 0.114], [0.5, -0.5, 0], [0.25, 0.25, -0.5]])
    window = np.sin(np.pi * np.arange(32) / 32) ** 2
    frequency = np.hypot(np.fft.fftfreq(32)[:, None], np.fft.rfftfreq(32))
    for b in range(2):
        for c in range(3):
            plane = np.tensordot(to_planes[c], pictures[b].numpy(), 1)
            powers = []
            for top in (0, 16):
                for left in (0, 16, 32):
                    block = plane[top : top + 32, left : left + 32]
                    waves = np.fft.rfft2((block - block.mean()) * np.outer(window, window)) / 32
                    powers.append(np.abs(waves) ** 2)
            np.testing.assert_allclose(found[b, c], np.sqrt(np.mean(powers, 0) + 1e-8) * frequency, rtol=1e-9)


@pytest.mark.parametrize("period", [4, 8])
def test_dots_stand_out_where_noise_of_the_same_power_does_not(period: int) -> None:
    y, x = np.mgrid[0:128, 0:128]
    dots = np.cos(2 * np.pi * x / period) * np.cos(2 * np.pi * y / period)
    noise = np.random.default_rng(0).standard_normal((128, 128)) * dots.std()
    both = torch.from_numpy(np.stack([np.stack([plane] * 3) for plane in (dots, noise)])).float()
    of_dots, of_noise = spectrum(both)[:, 0]
    at = BLOCK // period
    assert of_dots.argmax() in (at * 17 + at, (BLOCK - at) * 17 + at)
    assert of_dots.max() > 2 * of_noise.max()


def test_gray_has_no_colour_and_flat_pictures_nothing() -> None:
    gray = _pictures(1, 1, 32, 32).expand(1, 3, 32, 32)
    assert spectrum(gray)[:, 1:].max() < 1e-3
    assert spectrum(torch.full((1, 3, 40, 40), 0.7)).max() < 1e-3


@pytest.mark.parametrize("size", [(32, 33), (50, 71), (64, 48)])
def test_gradient_of_blocks_that_overlap_and_of_pixels_that_none_covers(size: tuple[int, int]) -> None:
    pictures = _pictures(2, 3, *size).requires_grad_()
    assert torch.autograd.gradcheck(lambda p: spectrum(p)[:, :, ::9, ::5], pictures, fast_mode=True)
    (slope,) = torch.autograd.grad(spectrum(pictures).sum(), pictures)
    covered = [16 * (side // 16) for side in size]
    assert slope[:, :, covered[0] :].abs().sum() + slope[:, :, :, covered[1] :].abs().sum() == 0
