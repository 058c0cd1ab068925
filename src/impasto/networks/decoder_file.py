"""Painters of an encoder and a decoder in files: one safetensors file as trained, one ONNX file a side as used."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from impasto.features.architectures import Architecture
from impasto.features.encoder import Encoder
from impasto.networks.adain import LAYER, AdaINNetwork
from impasto.networks.attention import AttentionDesign, AttentionNetwork
from impasto.networks.export import Port, export, round_weights
from impasto.networks.inside_out import MULTIPLE, invertible
from impasto.networks.painter_file import described
from impasto.networks.trained_file import damage_told, read_trained, write_trained
from impasto.runtime.fast import STYLE_SIDE

_ENCODER = "encoder."  # what the names of the encoder's tensors begin with

DecoderNetwork = AdaINNetwork | AttentionNetwork


def save_painter(network: DecoderNetwork, path: Path, *, weights: Mapping[str, Tensor] | None = None) -> None:
    """Write a network to `path`, whole or not at all.

    Args:
        weights: of `network.trained()`, in place of its own: an average, say.
    """
    trained = network.trained().state_dict() if weights is None else weights
    encoder = network.encoder
    about = {
        "design": asdict(network.design) if isinstance(network, AttentionNetwork) else {},
        "encoder": {"blocks": invertible(encoder).blocks, "padding": encoder.padding, "pooling": encoder.pooling},
    }
    used = _encoder(about["encoder"]).state_dict().keys()
    frozen = {f"{_ENCODER}{name}": tensor for name, tensor in encoder.state_dict().items() if name in used}
    write_trained(path, _kind(network.family), {**trained, **frozen}, about)


def load_painter(path: Path, family: str) -> DecoderNetwork:
    """The network that `save_painter` wrote, ready to paint.

    Args:
        family: "adain" or "attention".

    Raises:
        WeightsMissingError: no such file.
        WeightsFormatError: another file, or a damaged one.
    """
    tensors, about = read_trained(path, _kind(family))
    with damage_told(path):
        encoder = _encoder(about["encoder"])
        own = {name.removeprefix(_ENCODER): t for name, t in tensors.items() if name.startswith(_ENCODER)}
        encoder.load_state_dict(own)
        network = make_painter(family, encoder, AttentionDesign(**about["design"]))
        network.trained().load_state_dict({n: t for n, t in tensors.items() if not n.startswith(_ENCODER)})
    return network.eval().requires_grad_(False)


def make_painter(family: str, encoder: Encoder, design: AttentionDesign) -> DecoderNetwork:
    """A network of a family, "adain" or "attention"; the design is the latter's."""
    return AdaINNetwork(encoder) if family == AdaINNetwork.family else AttentionNetwork(design, encoder)


def _encoder(about: Mapping[str, Any]) -> Encoder:
    """As deep as painters need it."""
    blocks = tuple(tuple(block) for block in about["blocks"])
    return Encoder(Architecture(blocks), layers=(LAYER,), padding=about["padding"], pooling=about["pooling"])


def _kind(family: str) -> str:
    return f"impasto-{family}"


def export_painter(
    network: DecoderNetwork, folder: Path, *, name: str, training: Mapping[str, object]
) -> dict[str, float]:
    """Write `FAMILY.onnx` (content side) and `FAMILY-style.onnx` (style side) into a folder.

    Args:
        name: of the network, by which style codes know it: another one for other weights.
        training: data, steps … for the files' own description.

    Returns:
        By file name, how far ONNX Runtime is from PyTorch; see `export`.
    """
    network = copy.deepcopy(network).eval()
    round_weights(network)
    random = torch.Generator().manual_seed(0)
    picture = torch.rand(1, 3, 64, 96, generator=random)
    thumbnail = torch.rand(1, 3, 48, 64, generator=random)
    metadata = described(network.family, name=name, code_length=network.code_length, training=training)
    sizes = {"multiple": str(MULTIPLE), "margin": str(network.margin)}
    inputs = [
        Port("picture", picture, {2: ("height", MULTIPLE), 3: ("width", MULTIPLE)}),
        Port("thumbnail", thumbnail, {2: ("thumbnail_height", MULTIPLE), 3: ("thumbnail_width", MULTIPLE)}),
        Port("code", network.style(picture)),
    ]
    outputs = ["painting", "squares", "modulation"]
    content, style = f"{network.family}.onnx", f"{network.family}{STYLE_SIDE}"
    port = Port("style", picture, {2: ("height", 1), 3: ("width", 1)})
    return {
        content: export(_Painter(network), inputs, outputs, folder / content, {**metadata, **sizes}),
        style: export(network.style, [port], ["code"], folder / style, metadata),
    }


class _Painter(nn.Module):
    """What runtimes ask for; see `painter_file`."""

    def __init__(self, network: DecoderNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, picture: Tensor, thumbnail: Tensor, code: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        modulation = self.network.modulation(thumbnail, code)
        painting = self.network.paint(picture, modulation).clamp(0, 1)
        return painting, in_squares(painting), modulation


def in_squares(pictures: Tensor) -> Tensor:
    """(B, 3, H, W) → (B, H / 2, W / 2, 12): of each two by two pixels, row by row, their colours."""
    batch, _, height, width = pictures.shape
    squares = pictures.reshape(batch, 3, height // 2, 2, width // 2, 2).permute(0, 2, 4, 3, 5, 1)
    return squares.reshape(batch, height // 2, width // 2, 12)
