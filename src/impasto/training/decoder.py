"""The training of painters that are a frozen encoder and a decoder, `adain` and `attention`; see `any_style`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from impasto.features.encoder import Encoder
from impasto.networks.attention import AttentionDesign
from impasto.networks.decoder_file import make_painter, save_painter
from impasto.training.any_style import AnyStyleTask
from impasto.training.data import PictureBank
from impasto.training.decoder_settings import AdaINTraining, AttentionTraining
from impasto.training.optimizer import FilterOptimizer
from impasto.training.task import Player


class DecoderTask(AnyStyleTask[AdaINTraining]):
    """Trains a painter of the family that the settings are of; see `Task`.

    Args:
        settings: `AdaINTraining` or `AttentionTraining`.
        teacher: the loss network.
        encoder: of the painter; it stays as it is.
        photos, paintings: training pictures.
    """

    def __init__(
        self, settings: AdaINTraining, teacher: Encoder, encoder: Encoder, photos: PictureBank, paintings: PictureBank
    ) -> None:
        super().__init__(settings, teacher, photos, paintings)
        torch.manual_seed(settings.seed)
        design = AttentionDesign()
        if isinstance(settings, AttentionTraining):
            s = settings
            design = AttentionDesign(s.slots, s.keys, s.heads, s.blocks, s.places)
        network = make_painter(settings.family, encoder, design)
        self.network = network.to(self.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.shipped = self.network.trained()
        optimizers = ((FilterOptimizer(self.shipped), settings.learning_rate),)
        self.players = (Player("painter", self.shipped, optimizers),)

    def write(self, folder: Path, weights: Mapping[str, Tensor]) -> Path:
        path = folder / f"{self.settings.family}.safetensors"
        save_painter(self.network, path, weights=weights)
        return path
