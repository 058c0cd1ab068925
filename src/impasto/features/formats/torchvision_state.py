"""torchvision's VGG state dicts: `features.N.weight` and `features.N.bias`, N the place in `nn.Sequential`.

Between two convolutions of a block stands a ReLU (N grows by 2), between two blocks a pooling too (by 3): so the blocks
of any VGG are told. The classifier is left unread.
Preprocessing of these weights: RGB in [0, 1], minus mean, divided by standard deviation (documentation of torchvision's
`VGG19_Weights`). Weights converted from Caffe into this naming (BGR, 0–255) look alike and would be read wrongly: they
belong into Impasto's own layout, with an `input_affine` of their own.
"""

from __future__ import annotations

import re

import torch

from impasto.errors import WeightsFormatError
from impasto.features.formats.containers import Container
from impasto.features.formats.layout import EncoderWeights, StoredConvolution, architecture_of

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)

# `vgg.features.state_dict()` has the same names without the prefix.
_PART = re.compile(r"(?:features\.)?(?P<place>0|[1-9]\d{0,3})\.(?P<kind>\w+)")
# The heads of torchvision and of timm.
_LEFT_UNREAD = re.compile(r"(classifier|pre_logits|head)\..*")


def read(container: Container) -> EncoderWeights | None:
    """The weights if `features.0.weight` (or `0.weight`) is among the names, else None.

    Raises:
        WeightsFormatError: for a network with batch normalisation, a foreign part, a wrong shape or type.
    """
    if "features.0.weight" not in container.tensors and "0.weight" not in container.tensors:
        return None
    places: dict[int, dict[str, str]] = {}
    for name in container.tensors:
        if match := _PART.fullmatch(name):
            places.setdefault(int(match["place"]), {})[match["kind"]] = name
        elif not _LEFT_UNREAD.fullmatch(name):
            raise WeightsFormatError(f"{container.name}: {name!r} has no place in a VGG.")
    for place, parts in sorted(places.items()):
        if set(parts) != {"weight", "bias"} or len(container.tensors[parts["weight"]].shape) != 4:
            _refuse_part(container.name, place, parts)
    convolutions = {
        name: StoredConvolution(container.tensors[places[place]["weight"]], container.tensors[places[place]["bias"]])
        for name, place in _names(sorted(places), container.name).items()
    }
    weight = torch.diag(1 / torch.tensor(STD, dtype=torch.float64)).reshape(3, 3, 1, 1)
    bias = -torch.tensor(MEAN, dtype=torch.float64) / torch.tensor(STD, dtype=torch.float64)
    return EncoderWeights(
        architecture=architecture_of(convolutions, file=container.name),
        padding="zero",
        input_affine=(weight.float(), bias.float()),
        convolutions=convolutions,
    )


def _refuse_part(file: str, place: int, parts: dict[str, str]) -> None:
    if "running_mean" in parts or "running_var" in parts:
        raise WeightsFormatError(
            f"{file} is a VGG with batch normalisation, whose features style transfer does not use.",
            hint="Take the plain VGG-16 or VGG-19: impasto weights get vgg19",
        )
    raise WeightsFormatError(
        f"{file}: layer {place} of its features is not a convolution with a bias, as those of a VGG are."
    )


def _names(places: list[int], file: str) -> dict[str, int]:
    """VGG names of the convolutions at these places: 0, 2, 5 → conv1_1, conv1_2, conv2_1."""
    names, block, number, before = {}, 1, 0, -2
    for place in places:
        if place - before == 2:
            number += 1
        elif place - before == 3:
            block, number = block + 1, 1
        else:
            raise WeightsFormatError(
                f"{file}: its convolutions do not follow each other as in a VGG (one is at place {place})."
            )
        names[f"conv{block}_{number}"] = place
        before = place
    return names
