"""What tests of several rooms share."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def tiny_encoder_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The weight file of an encoder with few channels and random weights: paintings on it take milliseconds."""
    import torch

    from impasto.features import save_encoder
    from impasto.features.architectures import Architecture
    from impasto.features.encoder import Encoder

    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = Encoder(Architecture(((4, 4), (6, 6), (8, 8), (8, 8), (8,))), padding="reflect", name="tiny")
    path = tmp_path_factory.mktemp("encoder") / "tiny.safetensors"
    save_encoder(network, path)
    return path
