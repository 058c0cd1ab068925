"""Our own weight layout: one safetensors file with `convB_N.weight`, `convB_N.bias` and `input_affine.*`; of a
`MobileEncoder` with `stem.*` and `stages.*` too, and its architecture in the metadata.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors.torch import save

from impasto.features.architectures import MobileArchitecture
from impasto.features.encoder import Encoder
from impasto.files import place_file


def save_encoder(encoder: Encoder, path: Path, *, dtype: torch.dtype = torch.float32) -> None:
    """Write an encoder's weights to `path`, whole or not at all; the padding it was trained with goes into the
    metadata.

    Raises:
        OutputError: it can't be written.
    """
    tensors = {
        name.removeprefix("convolutions."): tensor.detach().to(dtype).contiguous()
        for name, tensor in encoder.state_dict().items()
    }
    metadata = {"format": "impasto-encoder", "padding": encoder.padding}
    if isinstance(encoder.architecture, MobileArchitecture):
        metadata["mobilenet"] = json.dumps(asdict(encoder.architecture))
    place_file(path, save(tensors, metadata), overwrite=True)
