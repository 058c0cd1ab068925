"""A small `swift` with random weights, exported once."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def swift_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its content side; the style side lies beside it."""
    import torch

    from impasto.features.architectures import Architecture
    from impasto.features.encoder import Encoder
    from impasto.networks.swift import SwiftDesign, SwiftNetwork
    from impasto.networks.swift_file import export_swift

    folder = tmp_path_factory.mktemp("swift")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        encoder = Encoder(Architecture(((4, 4), (6,), (8,), (8, 8), (8,))), padding="reflect")
        network = SwiftNetwork(SwiftDesign(half=4, quarter=6, eighth=8, blocks=1, hidden=5), encoder)
        with torch.no_grad():
            network.style.head.code.weight.normal_(std=5.0)
            assert network.content.last.bias is not None
            network.content.last.bias.fill_(0.5)
    errors = export_swift(network, folder, name="small", training={"steps": 0})
    assert max(errors.values()) < 1e-4
    return folder / "small.onnx"
