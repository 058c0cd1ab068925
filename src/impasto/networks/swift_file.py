"""`swift` in files: one safetensors file with both sides as trained, and one ONNX file a side as shipped."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor

from impasto.features.architectures import Architecture
from impasto.features.encoder import Encoder
from impasto.networks.export import Port, export, round_weights
from impasto.networks.painter_file import described, export_content_side
from impasto.networks.swift import SwiftDesign, SwiftNetwork
from impasto.networks.trained_file import damage_told, read_trained, write_trained

_KIND = "impasto-swift"
_ENCODER = "encoder."  # what the names of the encoder's tensors begin with


def save_swift(network: SwiftNetwork, path: Path, *, weights: Mapping[str, Tensor] | None = None) -> None:
    """Write a network to `path`, whole or not at all.

    Args:
        weights: of `network.trained()`, in place of its own: an average, say.
    """
    encoder = network.style.encoder
    assert isinstance(encoder.architecture, Architecture)  # it is `lite`
    trained = network.trained().state_dict() if weights is None else weights
    about = {
        "design": asdict(network.design),
        "encoder": {"blocks": encoder.architecture.blocks, "padding": encoder.padding},
    }
    write_trained(path, _KIND, {**trained, **{f"{_ENCODER}{n}": t for n, t in encoder.state_dict().items()}}, about)


def load_trained(path: Path) -> dict[str, Tensor]:
    """The weights of `SwiftNetwork.trained()` in a file of `save_swift`, of whatever design.

    Raises:
        WeightsMissingError, WeightsFormatError: as of `load_swift`.
    """
    return _trained(read_trained(path, _KIND)[0])


def load_swift(path: Path) -> SwiftNetwork:
    """The network that `save_swift` wrote, ready to paint.

    Raises:
        WeightsMissingError: no such file.
        WeightsFormatError: another file, or a damaged one.
    """
    tensors, about = read_trained(path, _KIND)
    with damage_told(path):
        design, encoder = SwiftDesign(**about["design"]), about["encoder"]
        blocks = tuple(tuple(block) for block in encoder["blocks"])
        network = SwiftNetwork(design, Encoder(Architecture(blocks), padding=encoder["padding"], name="lite"))
        own = {name.removeprefix(_ENCODER): t for name, t in tensors.items() if name.startswith(_ENCODER)}
        network.style.encoder.load_state_dict(own)
        network.trained().load_state_dict(_trained(tensors))
    return network.eval().requires_grad_(False)


def _trained(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in tensors.items() if not name.startswith(_ENCODER)}


def export_swift(
    network: SwiftNetwork,
    folder: Path,
    *,
    name: str,
    training: Mapping[str, object],
    stem: str = "swift",
    family: str = "swift",
) -> dict[str, float]:
    """Write `STEM.onnx` (content side) and `STEM-style.onnx` (style side) into a folder.

    Args:
        name: of the network, by which style codes know it: another one for other weights.
        training: data, steps … for the files' own description.
        family: how it was trained.

    Returns:
        By file name, how far ONNX Runtime is from PyTorch; see `export`.
    """
    network = copy.deepcopy(network).eval()
    round_weights(network)
    head = network.style.head
    picture = torch.rand(1, 3, 96, 128, generator=torch.Generator().manual_seed(0))
    metadata = described(family, name=name, code_length=network.design.code_length, training=training)
    content, style = f"{stem}.onnx", f"{stem}-style.onnx"
    port = Port("style", picture, {2: ("height", 1), 3: ("width", 1)})
    return {
        content: export_content_side(network.content, head, network.style(picture), folder / content, metadata),
        style: export(network.style, [port], ["code"], folder / style, metadata),
    }
