"""Impasto's own layout of small encoders: `stem.*`, `stages.*`, `convB_1.*` and `input_affine.*`, each with `weight`
and `bias`, as `features.native` writes them.

Metadata carry `mobilenet`, the architecture as JSON, and `padding`.
"""

from __future__ import annotations

import json

import torch

from impasto.errors import WeightsFormatError
from impasto.features.architectures import MobileArchitecture
from impasto.features.formats.containers import Container
from impasto.features.formats.layout import EncoderWeights, StoredConvolution, check_float, read_finite
from impasto.features.formats.native import trained_padding
from impasto.features.mobile import MobileEncoder

_KEY = "mobilenet"
_WIDEST, _MOST_WIDTH, _STAGES = 4096, 8, 5


def read(container: Container) -> EncoderWeights | None:
    """The weights if the metadata tell of such an architecture, else None.

    Raises:
        WeightsFormatError: for one that can't be, a missing or foreign tensor, a wrong shape or type, an unknown
            padding.
    """
    if _KEY not in container.metadata:
        return None
    architecture = _architecture(container)
    with torch.device("meta"):
        shapes = {
            name.removeprefix("convolutions."): tuple(tensor.shape)
            for name, tensor in MobileEncoder(architecture).state_dict().items()
        }
    for name in sorted({*shapes, *container.tensors}):
        if name not in container.tensors:
            raise WeightsFormatError(f"{container.name} is incomplete: {name!r} is missing.")
        if name not in shapes:
            raise WeightsFormatError(f"{container.name}: {name!r} has no place in an encoder of this architecture.")
        check_float(container.tensors[name], shapes[name])
    convolutions = {
        layer: StoredConvolution(container.tensors[f"{layer}.weight"], container.tensors[f"{layer}.bias"])
        for layer in {name.rpartition(".")[0] for name in shapes}
    }
    affine = convolutions.pop("input_affine")
    return EncoderWeights(
        architecture=architecture,
        padding=trained_padding(container),
        input_affine=(read_finite(affine.kernel), read_finite(affine.bias)),
        convolutions=convolutions,
    )


def _architecture(container: Container) -> MobileArchitecture:
    try:
        told = json.loads(container.metadata[_KEY])
        outputs, width = tuple(int(count) for count in told["outputs"]), float(told["width"])
        possible = 0 < width <= _MOST_WIDTH and 1 <= len(outputs) <= _STAGES
        if not possible or not all(1 <= count <= _WIDEST for count in outputs):
            raise ValueError(told)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise WeightsFormatError(f"{container.name} does not say its architecture.") from error
    return MobileArchitecture(outputs, width)
