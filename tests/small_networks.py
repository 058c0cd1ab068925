"""Painters with few channels and random weights, in files: they paint in milliseconds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from impasto.networks.swift import SwiftNetwork


def small_swift() -> SwiftNetwork:
    import torch

    from impasto.features.architectures import Architecture
    from impasto.features.encoder import Encoder
    from impasto.networks.swift import SwiftDesign, SwiftNetwork

    with torch.random.fork_rng():
        torch.manual_seed(0)
        encoder = Encoder(Architecture(((4, 4), (6,), (8,), (8, 8), (8,))), padding="reflect")
        network = SwiftNetwork(SwiftDesign(half=4, quarter=6, eighth=8, blocks=1, hidden=5), encoder)
        with torch.no_grad():
            network.style.head.code.weight.normal_(std=5.0)
            network.content.grain_eighth.weight.normal_(std=0.2)
            network.content.grain_quarter.weight.normal_(std=0.2)
            assert network.content.last.bias is not None
            network.content.last.bias.fill_(0.5)
    return network.eval().requires_grad_(False)


def small_swift_file(network: SwiftNetwork, folder: Path) -> Path:
    """Its content side; the style side lies beside it."""
    from impasto.networks.swift_file import export_swift

    errors = export_swift(network, folder, name="small", training={"steps": 0}, stem="small")
    assert max(errors.values()) < 1e-4
    return folder / "small.onnx"
