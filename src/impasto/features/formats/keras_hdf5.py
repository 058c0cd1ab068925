"""Keras's VGG weights in HDF5, as `keras.applications` publishes them and Keras 1 to 3 save them.

Kernels lie as (height, width, inputs, outputs). A layer is told by a part of its path:

    block1_conv1/block1_conv1_W_1:0                      the published no-top files (Keras 1)
    block1_conv1/block1_conv1/kernel:0                   Keras 2
    model_weights/block1_conv1/block1_conv1/kernel       Keras 3, whole model as .h5
    layers/conv2d_4/vars/0                               Keras 3, .weights.h5 and .keras: no names, only the order

A classifier, if there is one, is left unread.

Preprocessing of these weights (`keras.applications.vgg19.preprocess_input`): BGR in 0–255 minus the mean of ImageNet.
"""

from __future__ import annotations

import re

import torch

from impasto.errors import WeightsFormatError
from impasto.features.architectures import VGG16, VGG19
from impasto.features.formats.containers import Container, Stored
from impasto.features.formats.layout import EncoderWeights, StoredConvolution, architecture_of

BGR_MEAN = (103.939, 116.779, 123.68)

_NAMED = re.compile(r"(?:.*/)?block(?P<block>[1-9])_conv(?P<number>[1-9])/[^/]+(?:/[^/]+)?")
_ORDERED = re.compile(r"(?P<parent>.*/)?layers/conv2d(?:_(?P<place>\d{1,4}))?/vars/\d+")
# Optimisers keep a momentum for each kernel, under the kernel's own name.
_OPTIMIZER = re.compile(r"optimizer(_weights)?/.*")
_FOREIGN = re.compile(r".*(batch_norm|moving_mean|moving_variance|depthwise|separable).*")


def read(container: Container) -> EncoderWeights | None:
    """The weights if there are layers named `blockB_convN`, or 13 or 16 convolutions in Keras 3's order; else None.

    Raises:
        WeightsFormatError: for batch normalisation, Theano's kernel order, a missing part, a wrong shape or type.
    """
    if container.kind != "hdf5":
        return None
    tensors = {name: tensor for name, tensor in container.tensors.items() if not _OPTIMIZER.fullmatch(name)}
    layers = _named(tensors) or _ordered(tensors)
    if not layers:
        return None
    if foreign := next(filter(_FOREIGN.fullmatch, tensors), None):
        raise WeightsFormatError(
            f"{container.name}: {foreign!r} has no place in a VGG, which is made of plain convolutions.",
            hint="Take the plain VGG-16 or VGG-19: impasto weights get vgg19",
        )
    convolutions = {name: _convolution(name, parts, container.name) for name, parts in layers.items()}
    weight = torch.diag(torch.full((3,), 255.0)).flip(1).reshape(3, 3, 1, 1)
    return EncoderWeights(
        architecture=architecture_of(convolutions, file=container.name),
        padding="zero",
        input_affine=(weight, -torch.tensor(BGR_MEAN)),
        convolutions=convolutions,
    )


def _named(tensors: dict[str, Stored]) -> dict[str, list[Stored]]:
    layers: dict[str, list[Stored]] = {}
    for name, tensor in tensors.items():
        if match := _NAMED.fullmatch(name):
            layers.setdefault(f"conv{match['block']}_{match['number']}", []).append(tensor)
    return layers


def _ordered(tensors: dict[str, Stored]) -> dict[str, list[Stored]]:
    """Convolutions that have no name but a number: 13 in a row are VGG-16's, 16 are VGG-19's."""
    places: dict[tuple[str, int], list[Stored]] = {}
    for name, tensor in tensors.items():
        if match := _ORDERED.fullmatch(name):
            places.setdefault((match["parent"] or "", int(match["place"] or 0)), []).append(tensor)
    for architecture in (VGG16, VGG19):
        names = [convolution.name for convolution in architecture.convolutions()]
        if len(names) == len(places) and len({parent for parent, _ in places}) == 1:
            return dict(zip(names, (places[place] for place in sorted(places)), strict=True))
    return {}


def _convolution(name: str, parts: list[Stored], file: str) -> StoredConvolution:
    """Kernel and bias told apart by their rank, as each version of Keras names them differently."""
    kernels, biases = ([part for part in parts if len(part.shape) == rank] for rank in (4, 1))
    if len(kernels) != 1 or len(biases) != 1 or len(parts) != 2:
        raise WeightsFormatError(f"{file}: {name} should have one kernel and one bias, but has {len(parts)} tensors.")
    if kernels[0].shape[:2] != (3, 3) and kernels[0].shape[2:] == (3, 3):
        raise WeightsFormatError(
            f"{file} has its kernels in Theano's order.",
            hint="Take the file with tf_dim_ordering_tf_kernels in its name.",
        )
    return StoredConvolution(kernels[0], biases[0], axes=(3, 2, 0, 1))
