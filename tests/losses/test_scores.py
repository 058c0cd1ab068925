"""Scores of likeness."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from impasto.features import load_encoder
from impasto.losses.scores import BEST_PSNR, psnr, scores, ssim


@pytest.fixture
def pair() -> tuple[torch.Tensor, torch.Tensor]:
    random = torch.Generator().manual_seed(0)
    picture = torch.nn.functional.interpolate(torch.rand(1, 3, 9, 11, generator=random), (40, 53), mode="bilinear")
    return picture, (picture + 0.1 * torch.randn(picture.shape, generator=random)).clamp(0, 1)


def test_ssim_and_psnr_are_those_of_scikit_image(pair: tuple[torch.Tensor, torch.Tensor]) -> None:
    x, y = (picture[0].permute(1, 2, 0).double().numpy() for picture in pair)
    luma = np.array([0.299, 0.587, 0.114])
    expected = structural_similarity(
        x @ luma, y @ luma, win_size=7, data_range=1.0, use_sample_covariance=False, gaussian_weights=False
    )
    assert ssim(*pair).item() == pytest.approx(expected, abs=1e-6)
    assert psnr(*pair).item() == pytest.approx(peak_signal_noise_ratio(x, y, data_range=1.0), abs=1e-6)


def test_a_picture_is_like_itself(pair: tuple[torch.Tensor, torch.Tensor], tiny_encoder_file: Path) -> None:
    its = scores(pair[0], pair[0], load_encoder(tiny_encoder_file))
    assert (its.content, its.style, its.psnr) == (0, 0, BEST_PSNR)
    assert its.ssim == pytest.approx(1)


def test_content_and_style_are_relative_errors(
    pair: tuple[torch.Tensor, torch.Tensor], tiny_encoder_file: Path
) -> None:
    encoder = load_encoder(tiny_encoder_file)
    its = scores(*pair, encoder)
    layers = [f"relu{n}_1" for n in range(1, 6)]
    found, wanted = ([encoder(p, layers)[layer][0].double().numpy() for layer in layers] for p in pair)
    content = ((found[3] - wanted[3]) ** 2).mean() / (wanted[3] ** 2).mean()
    grams = [
        [np.einsum("ihw,jhw->ij", f, f) / (f.shape[1] * f.shape[2]) for f in features] for features in (found, wanted)
    ]
    style = np.mean([((g - a) ** 2).mean() / (a**2).mean() for g, a in zip(*grams, strict=True)])
    assert its.content == pytest.approx(content, rel=1e-3)
    assert its.style == pytest.approx(style, rel=1e-2)  # ours keeps from dividing by nothing
    assert its.content > 0
