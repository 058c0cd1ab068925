"""The training of `johnson`: photographs painted in one style, or in one of a few, judged by a loss network."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from impasto.features.encoder import Encoder
from impasto.features.layers import STYLE_LAYERS
from impasto.networks.colour import COLOURS, colour_statistics
from impasto.networks.content_side import ContentDesign
from impasto.networks.exported_weights import read_exported
from impasto.networks.inheritance import inherit_styles
from impasto.networks.johnson import JohnsonNetwork
from impasto.networks.johnson_file import save_johnson
from impasto.optimize.hardware import resolve_device, resolve_precision
from impasto.pictures import Picture
from impasto.runtime.fast import FastPainter
from impasto.training.contents import THUMBNAILS, content_crops, random_thumbnails
from impasto.training.crops import to_tensor
from impasto.training.data import PictureBank
from impasto.training.johnson_settings import JohnsonTraining
from impasto.training.named_styles import NamedStyle
from impasto.training.optimizer import AdamOptimizer, FilterOptimizer
from impasto.training.painter_losses import painter_losses
from impasto.training.samples import sample_sheet
from impasto.training.style_views import Wanted, together, wanted_of
from impasto.training.task import Chance, Losses, Player, Task

_SAMPLES, _SAMPLE_SIDE = 4, 256
_BLENDS = 2**33  # a purpose of chance that is no sample's number


class JohnsonTask(Task[JohnsonTraining]):
    """Trains a painter for a few styles; see `Task`.

    Args:
        settings: see `JohnsonTraining`.
        teacher: the loss network.
        photos: training pictures.
        styles: what to learn.
        start: file of a painter to begin with: of the same design, or one that is wider at 1/8 of the size. One for any
            style begins with what it makes of each; one for some, with what it knows of those of the same names, and
            for others with the mean of all that it knows.
    """

    def __init__(
        self,
        settings: JohnsonTraining,
        teacher: Encoder,
        photos: PictureBank,
        styles: Sequence[NamedStyle],
        *,
        start: Path | None = None,
    ) -> None:
        self.settings = settings
        self.device = resolve_device(settings.device)
        self.teacher = teacher.eval().requires_grad_(False).on(self.device)
        self.photos, self.styles, self.banks = photos, list(styles), (photos,)
        torch.manual_seed(settings.seed)
        pictures = [self.view(style.picture) for style in styles]
        design = ContentDesign(settings.half, settings.quarter, settings.eighth, settings.blocks)
        colours = torch.cat([colour_statistics(picture) for picture in pictures])
        network = JohnsonNetwork(design, [style.name for style in styles], colours)
        self._start = start
        self.network = network.to(self.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.wanted = [self._look(picture) for picture in pictures]
        self.shipped = self.network
        filters, table = FilterOptimizer(self.network.content), AdamOptimizer(self.network.style)
        optimizers = ((filters, settings.learning_rate), (table, settings.table_learning_rate))
        self.players = (Player("painter", self.network, optimizers),)
        self._step = 0

    def begin(self) -> None:
        if self._start is None:
            return
        weights, painter = read_exported(self._start), FastPainter(self._start)
        codes = torch.stack([torch.from_numpy(_code(painter, style)) for style in self.styles])
        wishes = weights.wishes(codes)
        inherit_styles(self.network, weights.content, torch.cat([wishes, torch.zeros(len(codes), COLOURS)], 1))

    def ready(self, step: int) -> None:
        self._step = step

    def losses(self, player: Player, samples: range, chance: Chance) -> Losses:
        chances = [chance(n) for n in samples]
        contents = content_crops([self.photos] * len(chances), chances, self.settings, self.device)
        thumbnails = random_thumbnails(contents, chance(THUMBNAILS), self.settings)
        codes, wanted = self._choose([chance(n, _BLENDS) for n in samples])
        seed = self._step * self.settings.batch + samples.start
        painted = self.network(contents, thumbnails, codes, seed=seed)
        return painter_losses(painted, contents, wanted, self.teacher, self.settings, self._step)

    def _choose(self, chances: Sequence[np.random.Generator]) -> tuple[Tensor, Wanted]:
        """Codes (B, K), one style or a blend of two for each source of chance, and what is wanted of them."""
        codes = np.zeros((len(chances), len(self.styles)), np.float32)
        for code, rng in zip(codes, chances, strict=True):
            first, second = rng.integers(len(self.styles), size=2)
            share = rng.uniform() if rng.random() < self.settings.blends else 1.0
            code[first] += share
            code[second] += 1 - share
        return torch.from_numpy(codes).to(self.device), together([self._mixed(code) for code in codes])

    def _mixed(self, code: np.ndarray) -> Wanted:
        """The mean of what the styles ask for, by share."""
        parts = [(float(share), wanted) for share, wanted in zip(code, self.wanted, strict=True) if share]
        moments = {
            layer: tuple(sum(share * wanted.moments[layer][n].float() for share, wanted in parts) for n in (0, 1))
            for layer in STYLE_LAYERS
        }
        return Wanted(moments, sum(share * wanted.spectrum for share, wanted in parts))  # type: ignore[arg-type]

    def view(self, picture: Picture) -> Tensor:
        """(1, 3, H, W), of the size at which styles are looked at."""
        factor = min(1.0, self.settings.style_size / max(picture.size))
        width, height = (max(32, round(side * factor)) for side in picture.size)
        return to_tensor(picture.resized((width, height)).over())[None].to(self.device)

    @torch.no_grad()
    def _look(self, picture: Tensor) -> Wanted:
        precision = resolve_precision(self.settings.precision, self.device)
        with torch.autocast(self.device.type, precision, enabled=precision != torch.float32):
            features = self.teacher(picture.contiguous(memory_format=torch.channels_last), STYLE_LAYERS)
        return wanted_of(picture, features)

    def sheet(self, weights: Mapping[str, Tensor]) -> Picture:
        rng = np.random.default_rng(self.settings.seed)
        contents = [self.photos.crop(rng, _SAMPLE_SIDE, scales=(0.9, 1.1)) for _ in range(_SAMPLES)]
        network = copy.deepcopy(self.network).eval()
        network.load_state_dict(weights)
        styles = [
            (style.picture.over(), code) for style, code in zip(self.styles, torch.eye(len(self.styles)), strict=True)
        ]
        return sample_sheet(network, contents, styles, device=self.device)

    def write(self, folder: Path, weights: Mapping[str, Tensor]) -> Path:
        path = folder / "johnson.safetensors"
        save_johnson(self.network, path, weights=weights)
        return path


def _code(painter: FastPainter, style: NamedStyle) -> NDArray[np.float32]:
    """By which another painter would paint in a style, or begin to: (D,)."""
    known = painter.styles
    if not known:
        codes = painter.look(style.picture, (1.0,)).values
    elif style.name in known:
        codes = known[style.name].values
    else:
        codes = np.concatenate([code.values for code in known.values()])
    code: NDArray[np.float32] = codes.mean(0, dtype=np.float32)
    return code
