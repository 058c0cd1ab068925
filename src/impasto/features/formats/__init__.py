"""Readers of weight files: containers of named tensors (HDF5, torch, safetensors), whose names tell the layout.

Each layout is one module with one function `read(container) -> EncoderWeights | None`, None when the names are not
its own.
To add a layout, write such a module and put its function into `LAYOUTS`.
"""

from __future__ import annotations

from collections.abc import Callable

from impasto.errors import WeightsFormatError
from impasto.features.formats import keras_hdf5, mobile, native, torchvision_state
from impasto.features.formats.containers import Container, open_container
from impasto.features.formats.layout import EncoderWeights

LAYOUTS: tuple[Callable[[Container], EncoderWeights | None], ...] = (
    mobile.read,
    native.read,
    torchvision_state.read,
    keras_hdf5.read,
)


def recognise(container: Container) -> EncoderWeights:
    """The encoder weights in an open container; tensors are read later, one by one.

    Raises:
        WeightsFormatError: when no layout fits, or one fits but shapes, types or parts are wrong.
    """
    for read in LAYOUTS:
        if weights := read(container):
            return weights
    some = ", ".join(repr(name) for name in list(container.tensors)[:3])
    raise WeightsFormatError(
        f"{container.name} holds no VGG-like encoder (its tensors are {some} …)."
        if some
        else f"{container.name} holds no tensors.",
        hint="Known layouts: Keras (block1_conv1 …), torchvision (features.0.weight …), our own (conv1_1.weight …).",
    )


__all__ = ["LAYOUTS", "Container", "EncoderWeights", "open_container", "recognise"]
