"""Our own weight layout: one safetensors file with `convB_N.weight`, `convB_N.bias` and `input_affine.*`."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import save_file

from impasto.features.encoder import Encoder
from impasto.paths import written_whole


def save_encoder(encoder: Encoder, path: Path, *, dtype: torch.dtype = torch.float32) -> None:
    """Write an encoder's weights to `path`, whole or not at all; the padding it was trained with goes into the
    metadata.
    """
    tensors = {
        name.removeprefix("convolutions."): tensor.detach().to(dtype).contiguous()
        for name, tensor in encoder.state_dict().items()
    }
    with written_whole(path) as temporary:
        save_file(tensors, temporary, metadata={"format": "impasto-encoder", "padding": encoder.padding})
