"""Impasto's own layout: `convB_N.weight`, `convB_N.bias` and `input_affine.*`, as `features.native` writes them.

Metadata may carry `padding` (zero, reflect, replicate); files without it come from encoders that reflect.
Tensors named `convB_N.embed.*` (the maps with which a distilled encoder was compared to its teacher) are left unread.
"""

from __future__ import annotations

import re
from typing import get_args

from impasto.errors import WeightsFormatError
from impasto.features.formats.containers import Container
from impasto.features.formats.layout import EncoderWeights, StoredConvolution, architecture_of, check_float, read_finite
from impasto.features.padding import Padding

_PART = re.compile(r"(?P<layer>conv[1-9]_[1-9]|input_affine)\.(?P<kind>weight|bias)")
_LEFT_UNREAD = re.compile(r"conv[1-9]_[1-9]\.embed\.(weight|bias)")


def read(container: Container) -> EncoderWeights | None:
    """The weights if `conv1_1.weight` is among the names, else None.

    Raises:
        WeightsFormatError: for a missing or foreign tensor, a wrong shape or type, an unknown padding.
    """
    if "conv1_1.weight" not in container.tensors:
        return None
    layers: set[str] = set()
    for name in container.tensors:
        if match := _PART.fullmatch(name):
            layers.add(match["layer"])
        elif not _LEFT_UNREAD.fullmatch(name):
            raise WeightsFormatError(f"{container.name}: {name!r} has no place in an encoder of 3×3 convolutions.")
    for part in (f"{layer}.{kind}" for layer in sorted(layers | {"input_affine"}) for kind in ("weight", "bias")):
        if part not in container.tensors:
            raise WeightsFormatError(f"{container.name} is incomplete: {part!r} is missing.")
    convolutions = {
        layer: StoredConvolution(container.tensors[f"{layer}.weight"], container.tensors[f"{layer}.bias"])
        for layer in layers - {"input_affine"}
    }
    weight, bias = container.tensors["input_affine.weight"], container.tensors["input_affine.bias"]
    check_float(weight, (3, 3, 1, 1))
    check_float(bias, (3,))
    return EncoderWeights(
        architecture=architecture_of(convolutions, file=container.name),
        padding=trained_padding(container),
        input_affine=(read_finite(weight), read_finite(bias)),
        convolutions=convolutions,
    )


def trained_padding(container: Container) -> Padding:
    """As the metadata say.

    Raises:
        WeightsFormatError: there is no such padding.
    """
    named = container.metadata.get("padding", "reflect")
    for padding in get_args(Padding):
        if padding == named:
            return padding  # type: ignore[no-any-return]
    raise WeightsFormatError(f"{container.name} asks for the padding {named!r}, which does not exist.")
