"""The training of `swift`: photographs painted in random styles, judged by a loss network (Johnson et al. 2016)."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from impasto.features.encoder import Encoder
from impasto.features.layers import STYLE_LAYERS
from impasto.networks.inheritance import inherit
from impasto.networks.swift import SwiftDesign, SwiftNetwork
from impasto.networks.swift_file import save_swift
from impasto.optimize.hardware import resolve_device, resolve_precision
from impasto.pictures import Picture
from impasto.styles import draw, names
from impasto.training.contents import THUMBNAILS, content_crops, random_thumbnails
from impasto.training.crops import to_tensor
from impasto.training.data import PictureBank
from impasto.training.optimizer import AdamOptimizer, FilterOptimizer
from impasto.training.painter_losses import out_of_range, painter_losses
from impasto.training.samples import sample_sheet
from impasto.training.style_views import StyleViews
from impasto.training.swift_settings import SwiftTraining
from impasto.training.task import Chance, Losses, Player, Task

_SAMPLES, _SAMPLE_SIDE = 4, 256


class SwiftTask(Task[SwiftTraining]):
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
        self.settings, self._inherited = settings, start
        self.device = resolve_device(settings.device)
        self.teacher = teacher.eval().requires_grad_(False).on(self.device)
        self.photos, self.paintings = photos, paintings
        torch.manual_seed(settings.seed)
        design = SwiftDesign(settings.half, settings.quarter, settings.eighth, settings.blocks, settings.hidden)
        self.network = SwiftNetwork(design, encoder).to(self.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        filters, codes = FilterOptimizer(self.network.content), AdamOptimizer(self.network.style.head)
        self.shipped = self.network.trained()
        optimizers = ((filters, settings.learning_rate), (codes, settings.head_learning_rate))
        self.players = (Player("painter", self.shipped, optimizers),)
        self.views = StyleViews(settings.views, self._draw, self._look)
        self._step = 0

    # -- losses

    def losses(self, player: Player, samples: range, chance: Chance) -> Losses:
        chances = [chance(n) for n in samples]
        contents = content_crops(self._banks(chances), chances, self.settings, self.device)
        thumbnails = random_thumbnails(contents, chance(THUMBNAILS), self.settings)
        seed = self._step * self.settings.batch + samples.start
        if self._step % self.settings.identity_every == 0:
            return self._identity_losses(contents, thumbnails, seed)
        return self._style_losses(contents, thumbnails, chances, seed)

    def _style_losses(
        self, contents: Tensor, thumbnails: Tensor, chances: Sequence[np.random.Generator], seed: int
    ) -> Losses:
        s = self.settings
        statistics, wanted = self.views.batch(chances, blends=s.blends)
        codes = self.network.style.head(statistics.to(self.device))
        painted = self.network(contents, thumbnails, codes, seed=seed)
        return painter_losses(painted, contents, wanted, self.teacher, s, self._step)

    def _identity_losses(self, contents: Tensor, thumbnails: Tensor, seed: int) -> Losses:
        s = self.settings
        painted = self.network(contents, thumbnails, self.network.style(contents), seed=seed)
        return {
            "identity": (s.identity_weight, (painted.float() - contents).abs().mean()),
            "range": (s.range_weight, out_of_range(painted)),
        }

    # -- data

    def ready(self, step: int) -> None:
        self._step = step
        self.views.ready(self.settings.views + step // self.settings.renew_every)

    def _banks(self, chances: Sequence[np.random.Generator]) -> list[PictureBank]:
        share = self.settings.paintings_as_content
        return [self.paintings if rng.random() < share else self.photos for rng in chances]

    def _draw(self, n: int) -> Tensor:
        """View number n of a style picture."""
        s = self.settings
        rng = np.random.default_rng((s.seed, 2**31, n))
        kind = rng.choice(3, p=np.array(s.kinds) / sum(s.kinds))
        side = round(rng.uniform(*s.view_sides))
        if kind == 2:
            known = names()
            pixels = draw(known[rng.integers(len(known))], size=(side, side), seed=int(rng.integers(2**31))).pixels
        else:
            pixels = (self.photos if kind else self.paintings).view(rng, side)
        picture = to_tensor(pixels)
        if rng.random() < 0.2:
            picture = picture[torch.from_numpy(rng.permutation(3))]
        return picture[None].to(self.device).contiguous(memory_format=torch.channels_last)

    @torch.no_grad()
    def _look(self, picture: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        precision = resolve_precision(self.settings.precision, self.device)
        with torch.autocast(self.device.type, precision, enabled=precision != torch.float32):
            return self.network.style.statistics(picture), self.teacher(picture, STYLE_LAYERS)

    # -- the run

    def begin(self) -> None:
        self.views.ready(self.settings.views)
        if self._inherited is None:
            self.network.style.head.calibrate(self.views.statistics())
        else:
            inherit(self.network, self._inherited)

    def sheet(self, weights: Mapping[str, Tensor]) -> Picture:
        rng = np.random.default_rng(self.settings.seed)
        contents = [self.photos.crop(rng, _SAMPLE_SIDE, scales=(0.9, 1.1)) for _ in range(_SAMPLES)]
        styles = [self.paintings.view(rng, _SAMPLE_SIDE) for _ in range(_SAMPLES)]
        network = copy.deepcopy(self.network).eval()
        network.trained().load_state_dict(weights)
        with torch.no_grad():
            codes = [network.style(to_tensor(style)[None].to(self.device))[0] for style in styles]
        return sample_sheet(network, contents, list(zip(styles, codes, strict=True)), device=self.device)

    def write(self, folder: Path, weights: Mapping[str, Tensor]) -> Path:
        path = folder / "swift.safetensors"
        save_swift(self.network, path, weights=weights)
        return path
