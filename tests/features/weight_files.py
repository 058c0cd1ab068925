"""Small random VGG-like encoders and the files that hold them, in each layout."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import h5py
import numpy as np
import torch
from torch import Tensor, nn

BLOCKS = ((4, 6), (8,), (5, 7))


def convolutions(blocks: Sequence[Sequence[int]] = BLOCKS, seed: int = 0) -> dict[str, Tensor]:
    """`convB_N.weight` and `.bias`, scaled so that activations neither vanish nor explode."""
    generator = torch.Generator().manual_seed(seed)
    tensors, inputs = {}, 3
    for b, block in enumerate(blocks, 1):
        for n, outputs in enumerate(block, 1):
            kernel = torch.randn(outputs, inputs, 3, 3, generator=generator)
            tensors[f"conv{b}_{n}.weight"] = kernel * (2 / (9 * inputs)) ** 0.5
            tensors[f"conv{b}_{n}.bias"] = torch.randn(outputs, generator=generator) * 0.1
            inputs = outputs
    return tensors


def native(blocks: Sequence[Sequence[int]] = BLOCKS, seed: int = 0) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed + 1)
    affine = torch.randn(3, 3, 1, 1, generator=generator)
    return {
        "input_affine.weight": affine,
        "input_affine.bias": torch.randn(3, generator=generator),
        **convolutions(blocks, seed),
    }


def keras_hdf5(path: Path | BytesIO, tensors: dict[str, Tensor], *, kernel: str, bias: str) -> None:
    """Keras's legacy layout; `kernel` and `bias` are the names of the parts inside a layer's group, `{}` its name.

    The attributes are those by which Keras itself reads such a file.
    """
    layers = [name.removesuffix(".weight") for name in tensors if name.endswith(".weight")]
    with h5py.File(path, "w") as file:
        names = [layer.replace("conv", "block").replace("_", "_conv") for layer in layers]
        file.attrs["layer_names"] = [name.encode() for name in names]
        for layer, name in zip(layers, names, strict=True):
            group = file.create_group(name)
            parts = {kernel.format(name): tensors[f"{layer}.weight"].numpy().transpose(2, 3, 1, 0)}
            parts[bias.format(name)] = tensors[f"{layer}.bias"].numpy()
            group.attrs["weight_names"] = [part.encode() for part in parts]
            for part, values in parts.items():
                group.create_dataset(part, data=np.ascontiguousarray(values))


def torchvision_vgg(blocks: Sequence[Sequence[int]], seed: int = 0) -> nn.Sequential:
    """`features` of torchvision's VGG: convolution, ReLU, …, pooling, numbered through."""
    tensors = convolutions(blocks, seed)
    layers: list[nn.Module] = []
    inputs = 3
    for b, block in enumerate(blocks, 1):
        for n, outputs in enumerate(block, 1):
            convolution = nn.Conv2d(inputs, outputs, 3, padding=1)
            convolution.weight.data = tensors[f"conv{b}_{n}.weight"]
            convolution.bias.data = tensors[f"conv{b}_{n}.bias"]  # type: ignore[union-attr]
            layers += [convolution, nn.ReLU()]
            inputs = outputs
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers).requires_grad_(False)


def torchvision_state(blocks: Sequence[Sequence[int]] = BLOCKS, seed: int = 0) -> dict[str, Tensor]:
    """The state dict of a whole torchvision VGG, classifier included."""
    state = {f"features.{name}": tensor for name, tensor in torchvision_vgg(blocks, seed).state_dict().items()}
    return {**state, "classifier.0.weight": torch.zeros(2, 7), "classifier.0.bias": torch.zeros(2)}
