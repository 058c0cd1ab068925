"""`swift` in a file: one safetensors file with both sides, the design in its metadata."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from safetensors.torch import save_file
from torch import Tensor

from impasto.networks.swift import SwiftNetwork

FORMAT = "impasto-swift"


def save_swift(network: SwiftNetwork, path: Path, *, weights: Mapping[str, Tensor] | None = None) -> None:
    """Write a network to `path`, whole or not at all.

    Args:
        weights: of `network.trained()`, in place of its own: an average, say.
    """
    trained = network.trained().state_dict() if weights is None else weights
    tensors = {name: tensor.detach().float().contiguous() for name, tensor in trained.items()}
    tensors |= {f"encoder.{n}": t.detach().float().contiguous() for n, t in network.style.encoder.state_dict().items()}
    encoder = network.style.encoder
    metadata = {
        "format": FORMAT,
        "design": json.dumps(asdict(network.design)),
        "encoder": json.dumps({"blocks": encoder.architecture.blocks, "padding": encoder.padding}),
    }
    temporary = path.with_name(path.name + ".tmp")
    try:
        save_file(tensors, temporary, metadata=metadata)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
