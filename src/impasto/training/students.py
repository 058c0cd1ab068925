"""Encoders that are to learn: with random weights, or with those of another one."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import nn

from impasto.errors import TrainingDataError
from impasto.features.architectures import Architecture, MobileArchitecture
from impasto.features.encoder import Encoder
from impasto.features.mobile import make_encoder
from impasto.networks.inverted_residual import InvertedResidual

_RESIDUAL = 0.5  # of the deviation: what blocks add to their input, added up, must not drown it


def new_student(architecture: Architecture | MobileArchitecture, start: Encoder | None = None) -> Encoder:
    """
    Raises:
        TrainingDataError: the encoder to begin with is of another architecture.
    """
    student = make_encoder(architecture, padding="reflect", name="student")
    with torch.no_grad():
        # Mean and spread of everyday pictures; kept fixed, it only sets the scale in which training is easy.
        student.input_affine.weight.copy_(torch.eye(3)[:, :, None, None] / 0.25)
        assert student.input_affine.bias is not None
        student.input_affine.bias.fill_(-0.45 / 0.25)
        for convolution in _trained(student):
            nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
            assert convolution.bias is not None
            nn.init.zeros_(convolution.bias)
        for block in student.modules():
            if isinstance(block, InvertedResidual):  # no ReLU follows
                nn.init.kaiming_normal_(block.project.weight, nonlinearity="linear")
                block.project.weight.mul_(_RESIDUAL if block.adds else 1.0)
    if start is not None:
        if start.architecture != architecture:
            raise TrainingDataError(
                f"The encoder to begin with is {start.architecture}, not {architecture}.",
                hint="Set blocks, or architecture and width, to what it is.",
            )
        student.load_state_dict(start.state_dict())
    student.input_affine.requires_grad_(False)
    return student


def _trained(student: Encoder) -> Iterator[nn.Conv2d]:
    for module in student.modules():
        if isinstance(module, nn.Conv2d) and module is not student.input_affine:
            yield module
