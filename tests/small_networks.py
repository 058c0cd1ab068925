"""Painters with few channels and random weights, in files: they paint in milliseconds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from impasto.networks.johnson import JohnsonNetwork
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
            for bias, middle in ((network.content.last.bias, 0.5), (network.style.head.code.bias, 0.0)):
                assert bias is not None
                bias.normal_(middle, 0.01)  # in a file, tensors that are equal would become one
    return network.eval().requires_grad_(False)


def write_small_swift(folder: Path) -> None:
    """`small.onnx` and `small-style.onnx`."""
    from impasto.networks.swift_file import export_swift

    errors = export_swift(small_swift(), folder, name="small", training={"steps": 0}, stem="small")
    assert max(errors.values()) < 1e-4


def small_johnson() -> JohnsonNetwork:
    import torch

    from impasto.networks.content_side import ContentDesign
    from impasto.networks.johnson import JohnsonNetwork

    with torch.random.fork_rng():
        torch.manual_seed(0)
        design = ContentDesign(half=4, quarter=6, eighth=8, blocks=1)
        network = JohnsonNetwork(design, ["dots", "night-sky"], torch.rand(2, 9) * 0.3 + 0.1)
        with torch.no_grad():
            network.style.learnt.normal_(std=1.0)
            network.content.grain_quarter.weight.normal_(std=0.2)
            assert network.content.last.bias is not None
            network.content.last.bias.normal_(0.5, 0.01)
    return network.eval().requires_grad_(False)


def write_small_johnson(folder: Path) -> None:
    """`two.onnx`, of two styles."""
    from impasto.networks.johnson_file import export_johnson

    export_johnson(small_johnson(), folder / "two.onnx", name="two", training={"steps": 5})
