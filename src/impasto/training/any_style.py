"""The training of painters for any style: photographs painted in random styles, judged by a loss network (Johnson et
al. 2016). Families bring their networks.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from impasto.features.encoder import Encoder
from impasto.features.layers import STYLE_LAYERS
from impasto.optimize.hardware import resolve_device, resolve_precision
from impasto.pictures import Picture
from impasto.styles import draw, names
from impasto.training.any_style_settings import AnyStyleTraining
from impasto.training.contents import THUMBNAILS, content_crops, random_thumbnails
from impasto.training.crops import to_tensor
from impasto.training.data import PictureBank
from impasto.training.painter_losses import out_of_range, painter_losses
from impasto.training.samples import sample_sheet
from impasto.training.style_views import StyleViews, Wanted
from impasto.training.task import Chance, Losses, Player, Task

A = TypeVar("A", bound=AnyStyleTraining)

_SAMPLES, _SAMPLE_SIDE = 4, 256
_STYLES = 2**33  # a purpose of chance that is no sample's number


class StyleSide(Protocol):
    """What turns style pictures into codes: statistics, which nothing is learnt about, then a head."""

    head: nn.Module

    def __call__(self, pictures: Tensor) -> Tensor:
        """(B, 3, H, W) → (B, D)."""
        ...

    def statistics(self, pictures: Tensor) -> Tensor:
        """(B, 3, H, W) → (B, S)."""
        ...


class AnyStyleNetwork(Protocol):
    """A painter for any style; a module."""

    @property
    def style(self) -> StyleSide: ...

    def __call__(self, pictures: Tensor, thumbnails: Tensor, codes: Tensor, *, seed: int = 0) -> Tensor:
        """Contents (B, 3, H, W) painted in the styles of codes (B, D)."""
        ...

    def trained(self) -> nn.ModuleDict:
        """The parts that are trained."""
        ...


class Painted(NamedTuple):
    """Some samples of a step.

    Attributes:
        paintings, contents: (B, 3, H, W).
        wanted: of their styles.
        codes: (B, D), of their styles.
    """

    paintings: Tensor
    contents: Tensor
    wanted: Wanted
    codes: Tensor


class AnyStyleTask(Task[A]):
    """Trains a painter for any style; see `Task`.

    Families set `network`, `shipped` and `players`, and say how it is begun with and written.

    Args:
        settings: see `AnyStyleTraining`.
        teacher: the loss network.
        photos, paintings: training pictures.
    """

    keep_pictures = False  # whether views keep their style pictures
    network: Any  # both an AnyStyleNetwork and a module, which types can't say

    def __init__(self, settings: A, teacher: Encoder, photos: PictureBank, paintings: PictureBank) -> None:
        self.settings = settings
        self.device = resolve_device(settings.device)
        self.teacher = teacher.eval().requires_grad_(False).on(self.device)
        self.photos, self.paintings = self.banks = photos, paintings
        self.views = StyleViews(settings.views, self._draw, self._look, keep_pictures=self.keep_pictures)
        self._step = 0

    # -- losses

    def losses(self, player: Player, samples: range, chance: Chance) -> Losses:
        if self._step % self.settings.identity_every == 0:
            return self._identity_losses(samples, chance)
        painted, contents, wanted, _ = self.paint(samples, chance)
        return painter_losses(painted, contents, wanted, self.teacher, self.settings, self._step)

    def paint(self, samples: range, chance: Chance) -> Painted:
        """These samples of this step, painted."""
        contents, thumbnails, seed = self._contents(samples, chance)
        statistics, wanted = self.views.batch(self.style_chances(samples, chance), blends=self.settings.blends)
        codes = self.network.style.head(statistics.to(self.device))
        return Painted(self.network(contents, thumbnails, codes, seed=seed), contents, wanted, codes)

    def style_chances(self, samples: range, chance: Chance) -> list[np.random.Generator]:
        """By which these samples' styles are chosen."""
        return [chance(n, _STYLES) for n in samples]

    def _contents(self, samples: range, chance: Chance) -> tuple[Tensor, Tensor, int]:
        """Content pictures, their thumbnails, and the seed of their grain."""
        chances = [chance(n) for n in samples]
        contents = content_crops(self._banks(chances), chances, self.settings, self.device)
        thumbnails = random_thumbnails(contents, chance(THUMBNAILS), self.settings)
        return contents, thumbnails, self._step * self.settings.batch + samples.start

    def _identity_losses(self, samples: range, chance: Chance) -> Losses:
        s = self.settings
        contents, thumbnails, seed = self._contents(samples, chance)
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

    def sheet(self, weights: Mapping[str, Tensor]) -> Picture:
        rng = np.random.default_rng(self.settings.seed)
        contents = [self.photos.crop(rng, _SAMPLE_SIDE, scales=(0.9, 1.1)) for _ in range(_SAMPLES)]
        styles = [self.paintings.view(rng, _SAMPLE_SIDE) for _ in range(_SAMPLES)]
        network = copy.deepcopy(self.network).eval()
        network.trained().load_state_dict(weights)
        with torch.no_grad():
            codes = [network.style(to_tensor(style)[None].to(self.device))[0] for style in styles]
        return sample_sheet(network, contents, list(zip(styles, codes, strict=True)), device=self.device)
