"""`johnson` in files: safetensors as trained, ONNX as used."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor

from impasto.networks.colour import COLOURS
from impasto.networks.content_side import ContentDesign
from impasto.networks.export import round_to_half
from impasto.networks.johnson import JohnsonNetwork
from impasto.networks.painter_file import described, export_content_side
from impasto.networks.trained_file import damage_told, read_trained, write_trained

_KIND = "impasto-johnson"


def save_johnson(network: JohnsonNetwork, path: Path, *, weights: Mapping[str, Tensor] | None = None) -> None:
    """Write a network to `path`, whole or not at all.

    Args:
        weights: in place of its own: an average, say.
    """
    about = {"design": asdict(network.design), "styles": network.names}
    write_trained(path, _KIND, network.state_dict() if weights is None else weights, about)


def load_johnson(path: Path) -> JohnsonNetwork:
    """The network that `save_johnson` wrote, ready to paint.

    Raises:
        WeightsMissingError: no such file.
        WeightsFormatError: another file, or a damaged one.
    """
    tensors, about = read_trained(path, _KIND)
    with damage_told(path):
        names = [str(name) for name in about["styles"]]
        network = JohnsonNetwork(ContentDesign(**about["design"]), names, torch.zeros(len(names), COLOURS))
        network.load_state_dict(tensors)
    return network.eval().requires_grad_(False)


def export_johnson(network: JohnsonNetwork, path: Path, *, name: str, training: Mapping[str, object]) -> float:
    """Write a network as one ONNX file.

    Args:
        name: of the network.
        training: data, steps … for the file's own description.

    Returns:
        How far ONNX Runtime is from PyTorch; see `export`.
    """
    network = copy.deepcopy(network).eval()
    round_to_half(network)
    code = torch.full((1, len(network.names)), 1 / len(network.names))
    metadata = described("johnson", name=name, code_length=len(network.names), training=training)
    about = {**metadata, "styles": list(network.names)}
    return export_content_side(network.content, network.style, code, path, about)
