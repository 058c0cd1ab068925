"""Translators in files: safetensors as trained, ONNX as used."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor, nn

from impasto.networks.decoder_file import in_squares
from impasto.networks.export import Port, export, round_weights
from impasto.networks.painter_file import described
from impasto.networks.trained_file import damage_told, read_trained, write_trained
from impasto.networks.translator import Translator
from impasto.networks.translator_design import MULTIPLE, TranslatorDesign

_KIND = "impasto-translator"
_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601


def save_translator(network: Translator, path: Path, *, weights: Mapping[str, Tensor] | None = None) -> None:
    """Write a network to `path`, whole or not at all.

    Args:
        weights: in place of its own: an average, say.
    """
    tensors = network.state_dict() if weights is None else weights
    write_trained(path, _KIND, tensors, {"design": asdict(network.design)})


def load_translator(path: Path) -> Translator:
    """The network that `save_translator` wrote, ready to use.

    Raises:
        WeightsMissingError: no such file.
        WeightsFormatError: another file, or a damaged one.
    """
    tensors, about = read_trained(path, _KIND)
    with damage_told(path):
        network = Translator(TranslatorDesign(**about["design"]))
        network.load_state_dict(tensors)
    return network.eval().requires_grad_(False)


def export_translator(
    network: Translator, path: Path, *, family: str, name: str, training: Mapping[str, object]
) -> float:
    """Write a network as one ONNX file: a painter of one style, called as the network is.

    Gray domains have three equal channels outside; colours that come in are taken as their luma.

    Args:
        family: how it was trained.
        name: of the network.
        training: data, steps … for the file's own description.

    Returns:
        How far ONNX Runtime is from PyTorch; see `export`.
    """
    network = copy.deepcopy(network).eval()
    round_weights(network)
    random = torch.Generator().manual_seed(0)
    picture, thumbnail = (torch.rand(1, 3, *size, generator=random) for size in ((32, 48), (16, 24)))
    inputs = [
        Port("picture", picture, {2: ("height", MULTIPLE), 3: ("width", MULTIPLE)}),
        Port("thumbnail", thumbnail, {2: ("thumbnail_height", MULTIPLE), 3: ("thumbnail_width", MULTIPLE)}),
        Port("code", torch.ones(1, 1)),
    ]
    about = {
        **described(family, name=name, code_length=1, training=training),
        "styles": [name],
        "multiple": str(MULTIPLE),
        "margin": str(network.margin),
    }
    return export(_Painter(network), inputs, ["painting", "squares", "modulation"], path, about)


class _Painter(nn.Module):
    """What runtimes ask for; see `painter_file`. There is nothing to modulate: the code goes through as it is."""

    luma: Tensor

    def __init__(self, network: Translator) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("luma", torch.tensor(_LUMA)[None, :, None, None])

    def forward(self, picture: Tensor, thumbnail: Tensor, code: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        seen = picture if self.network.design.source == 3 else (self.luma * picture).sum(1, keepdim=True)
        translated = self.network(seen).clamp(0, 1)
        if self.network.design.target == 1:
            translated = translated.expand(-1, 3, -1, -1)
        return translated, in_squares(translated), 1.0 * code
