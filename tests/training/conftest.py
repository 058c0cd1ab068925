"""A folder of small pictures and a small teacher whose every channel is alive."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from impasto.features.architectures import Architecture
from impasto.features.encoder import Encoder

BLOCKS = ((4, 4), (6,), (8,), (8, 8), (8,))


@pytest.fixture
def teacher() -> Encoder:
    generator = torch.Generator().manual_seed(5)
    encoder = Encoder(Architecture(BLOCKS), padding="reflect", name="teacher")
    with torch.no_grad():
        for parameter in encoder.parameters():
            fan_in = max(1, parameter[0].numel())
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.3 * (1 / fan_in) ** 0.5)
        for name in encoder.convolutions:
            bias = encoder.convolution(name).bias
            assert bias is not None
            bias.fill_(1.0)
    return encoder.requires_grad_(False)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Six pictures of stripes and blots, at least 40 pixels on each side."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for n in range(6):
        y, x = np.mgrid[0 : 40 + 3 * n, 0 : 60 - 2 * n]
        waves = np.stack([np.sin(x * rng.uniform(0.1, 1) + y * rng.uniform(0.1, 1) + c) for c in range(3)], -1)
        Image.fromarray(np.uint8((waves * 0.4 + 0.5) * 255)).save(folder / f"{n}.png")
    return folder
