"""`johnson` in files: safetensors as trained, ONNX as used."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor

from impasto.networks.colour import COLOURS
from impasto.networks.content_side import ContentDesign, Design
from impasto.networks.export import round_weights
from impasto.networks.johnson import JohnsonNetwork
from impasto.networks.mobile import MobileDesign
from impasto.networks.painter_file import described, export_content_side, inner_filters
from impasto.networks.trained_file import damage_told, read_trained, write_trained

_KIND = "impasto-johnson"
_DESIGNS: Mapping[str, type[Design]] = {"content": ContentDesign, "mobilenet": MobileDesign}


def save_johnson(network: JohnsonNetwork, path: Path, *, weights: Mapping[str, Tensor] | None = None) -> None:
    """Write a network to `path`, whole or not at all.

    Args:
        weights: in place of its own: an average, say.
    """
    (kind,) = (name for name, design in _DESIGNS.items() if type(network.design) is design)
    about = {"kind": kind, "design": asdict(network.design), "styles": network.names}
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
        design = _DESIGNS[about.get("kind", "content")](**about["design"])
        network = JohnsonNetwork(design, names, torch.zeros(len(names), COLOURS))
        network.load_state_dict(tensors)
    return network.eval().requires_grad_(False)


def export_johnson(
    network: JohnsonNetwork,
    path: Path,
    *,
    name: str,
    training: Mapping[str, object],
    family: str = "johnson",
    licence: str | None = None,
) -> float:
    """Write a network as one ONNX file, most of its weights in eight bits.

    Args:
        name: of the network.
        training: data, steps … for the file's own description.
        family: how it came about.
        licence: where it is not our own.

    Returns:
        How far ONNX Runtime is from PyTorch; see `export`.
    """
    network = copy.deepcopy(network).eval()
    filters = inner_filters(network.content)
    round_weights(network, [f"content.{name}" for name in filters])
    code = torch.full((1, len(network.names)), 1 / len(network.names))
    metadata = described(family, name=name, code_length=len(network.names), training=training)
    about = {**metadata, "styles": list(network.names), **({} if licence is None else {"licence": licence})}
    return export_content_side(network.content, network.style, code, path, about, eight_bits=filters)
