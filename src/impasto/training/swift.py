"""The training of `swift`; see `any_style`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from impasto.features.encoder import Encoder
from impasto.networks.inheritance import inherit
from impasto.networks.swift import SwiftDesign, SwiftNetwork
from impasto.networks.swift_file import save_swift
from impasto.training.any_style import AnyStyleTask
from impasto.training.data import PictureBank
from impasto.training.optimizer import AdamOptimizer, FilterOptimizer
from impasto.training.swift_settings import SwiftTraining
from impasto.training.task import Player


class SwiftTask(AnyStyleTask[SwiftTraining]):
    """Trains a painter for any style; see `Task`.

    Muon for the filters, Adam for the perceptron that makes the codes: after 1 000 steps of a first form of the
    network, the fixtures' style score at 320 px was 0.146 with Adam (3e-3) for both, 0.110 with Muon (5e-3) for the
    filters. An older network, with Muon for the perceptron too, made large codes and painted all styles alike.

    Args:
        settings: see `SwiftTraining`.
        teacher: the loss network.
        encoder: of the style side; it stays as it is.
        photos, paintings: training pictures.
        start: trained weights to begin with; see `inherit`.
    """

    def __init__(
        self,
        settings: SwiftTraining,
        teacher: Encoder,
        encoder: Encoder,
        photos: PictureBank,
        paintings: PictureBank,
        *,
        start: Mapping[str, Tensor] | None = None,
    ) -> None:
        super().__init__(settings, teacher, photos, paintings)
        self._inherited = start
        torch.manual_seed(settings.seed)
        design = SwiftDesign(settings.half, settings.quarter, settings.eighth, settings.blocks, settings.hidden)
        self.network = SwiftNetwork(design, encoder).to(self.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        filters, codes = FilterOptimizer(self.network.content), AdamOptimizer(self.network.style.head)
        self.shipped = self.network.trained()
        optimizers = ((filters, settings.learning_rate), (codes, settings.head_learning_rate))
        self.players = (Player("painter", self.shipped, optimizers),)

    def begin(self) -> None:
        super().begin()
        if self._inherited is None:
            self.network.style.head.calibrate(self.views.statistics())
        else:
            inherit(self.network, self._inherited)

    def write(self, folder: Path, weights: Mapping[str, Tensor]) -> Path:
        path = folder / "swift.safetensors"
        save_swift(self.network, path, weights=weights)
        return path
