"""An encoder with random weights, small enough that a painting takes a moment."""

from __future__ import annotations

import torch

from impasto.features.architectures import Architecture
from impasto.features.encoder import Encoder
from impasto.losses.content import ContentLoss
from impasto.losses.style import GramLoss

TINY = Architecture(((6, 6), (8, 8), (10,)))
LOSSES = (
    ContentLoss({"relu2_1": 1.0}, weight=0.1),
    GramLoss(dict.fromkeys(("relu1_1", "relu2_1", "relu3_1"), 1 / 3)),
)


def tiny_encoder(seed: int = 0) -> Encoder:
    encoder = Encoder(TINY, name="tiny")
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in encoder.parameters():
            fan_in = max(1, parameter[0].numel())
            parameter.copy_(torch.randn(parameter.shape, generator=random) * (2 / fan_in) ** 0.5)
        # RGB in [0, 1] → about [−2, 2], as published encoders have it.
        encoder.input_affine.weight.copy_(4 * torch.eye(3).reshape(3, 3, 1, 1))
        encoder.input_affine.bias.fill_(-2)
    return encoder.requires_grad_(False)


def picture(seed: int, height: int = 24, width: int = 32) -> torch.Tensor:
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed))
