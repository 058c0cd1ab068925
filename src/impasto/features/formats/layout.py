"""What every layout is turned into: convolutions by VGG name, the preprocessing as a 1×1 convolution, the padding."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from impasto.errors import WeightsFormatError
from impasto.features.architectures import Architecture, MobileArchitecture
from impasto.features.formats.containers import Stored
from impasto.features.padding import Padding

_FLOATS = ("float16", "bfloat16", "float32", "float64")


@dataclass(frozen=True)
class StoredConvolution:
    """One convolution as it lies in the file.

    `axes` takes the stored kernel to (outputs, inputs, height, width): (0, 1, 2, 3) in PyTorch, (3, 2, 0, 1) in Keras.
    """

    kernel: Stored
    bias: Stored
    axes: tuple[int, int, int, int] = (0, 1, 2, 3)

    @property
    def shape(self) -> tuple[int, ...]:
        """(outputs, inputs, height, width)"""
        return tuple(self.kernel.shape[axis] for axis in self.axes)


@dataclass(frozen=True)
class EncoderWeights:
    """The weights of an encoder, still in their file: `tensor` reads one at a time.

    Attributes:
        architecture: channel counts, as the shapes in the file tell them.
        padding: what the weights were trained with.
        input_affine: weight (3, 3, 1, 1) and bias (3,) that take RGB in [0, 1] to what the first convolution expects.
        convolutions: by VGG name, `conv1_1` …, or by another one.
    """

    architecture: Architecture | MobileArchitecture
    padding: Padding
    input_affine: tuple[Tensor, Tensor]
    convolutions: Mapping[str, StoredConvolution]

    def tensor(self, name: str) -> Tensor:
        """A parameter in float32: `convB_N.weight` (O, I, h, w), `input_affine.weight` (3, 3, 1, 1), `.bias` of either.

        Raises:
            WeightsFormatError: when the file is damaged there, or holds NaN or infinity.
        """
        layer, _, kind = name.rpartition(".")
        if layer == "input_affine":
            return self.input_affine[kind == "bias"].clone()
        stored = self.convolutions[layer]
        return (
            read_finite(stored.kernel).permute(stored.axes).contiguous()
            if kind == "weight"
            else read_finite(stored.bias)
        )


def read_finite(stored: Stored) -> Tensor:
    """The tensor as float32, in memory of its own.

    Raises:
        WeightsFormatError: when it holds NaN or infinity (also those that only arise in float32).
    """
    # A copy, as safetensors maps the file into memory: a file changed later must not change the encoder.
    tensor = stored.read().to(torch.float32, copy=True)
    if not torch.isfinite(tensor).all():
        raise WeightsFormatError(
            f"{stored.file} is damaged: {stored.name!r} holds NaN or infinity.", hint="Fetch the file again."
        )
    return tensor


def check_float(stored: Stored, shape: Sequence[int]) -> None:
    """Refuse a tensor of another shape or of no floating type.

    Raises:
        WeightsFormatError: with the expected and the actual shape or type.
    """
    if stored.shape != tuple(shape):
        raise WeightsFormatError(
            f"{stored.file}: {stored.name!r} has the shape {stored.shape}, but {tuple(shape)} is needed."
        )
    if stored.dtype not in _FLOATS:
        raise WeightsFormatError(
            f"{stored.file}: {stored.name!r} is of type {stored.dtype}, but weights are floating-point numbers.",
            hint="Quantised weights are not read; save them as float16 or float32.",
        )


def architecture_of(convolutions: Mapping[str, StoredConvolution], *, file: str) -> Architecture:
    """The channel counts that the shapes tell, once all of them have been found to fit together.

    Args:
        convolutions: by VGG name, in any order.
        file: how messages call the file.

    Raises:
        WeightsFormatError: for a gap in the numbering, a kernel that is not 3×3, channels that don't chain, a type that
            is not floating.
    """
    blocks: dict[int, list[int]] = {}
    inputs = 3
    for name, convolution in sorted(convolutions.items(), key=lambda item: _place(item[0])):
        block, number = _place(name)
        # Blocks count from 1 without a gap, and so do the convolutions of each.
        if block not in (len(blocks), len(blocks) + 1) or number != len(blocks.get(block, ())) + 1:
            raise WeightsFormatError(f"{file} is incomplete: it has {name}, but not all convolutions before it.")
        outputs = convolution.bias.shape[0] if convolution.bias.shape else 0
        wanted = (outputs, inputs, 3, 3)
        check_float(convolution.kernel, [wanted[convolution.axes.index(axis)] for axis in range(4)])
        check_float(convolution.bias, (outputs,))
        if not outputs:
            raise WeightsFormatError(f"{file}: {name} has no output channels.")
        blocks.setdefault(block, []).append(outputs)
        inputs = outputs
    if not blocks:
        raise WeightsFormatError(f"{file} holds no convolutions.")
    return Architecture(tuple(tuple(channels) for channels in blocks.values()))


def _place(name: str) -> tuple[int, int]:
    block, number = re.findall(r"\d+", name)
    return int(block), int(number)
