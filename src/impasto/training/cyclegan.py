"""The training of translators between two domains whose pictures don't belong together.

Zhu et al. 2017, "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks": two painters, there
and back, each with a critic; what went there and came back is held to what it was (eq. 2), and, if asked for, what is
in the target's domain already to itself (§5.2); critics by least squares, and shown older paintings too (§4).
Ours: a smaller body (see `Translator`), a cosine in place of a straight line down, and the moving average of the
painters' weights is what ships. The cycle's weight is 1, not 10, and that of the identity 0: our translators begin with
the picture itself, where both of these are content, and with the paper's weights never left it. Critics see patches of
34 pixels, not 70, and are kept from steepness, which keeps the game even. A picture gets noise before it comes back,
and later is mirrored too; light and dark may be kept in place: see `CycleGANTraining`.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from impasto.losses.adversarial import critic_loss, gradient_penalty, verdict_loss
from impasto.losses.lightness import lightness_error
from impasto.networks.critic import PatchCritic
from impasto.networks.translator import Translator
from impasto.networks.translator_file import save_translator
from impasto.optimize.hardware import resolve_device
from impasto.pictures import Picture
from impasto.training.crew import Crew
from impasto.training.domains import Unpaired
from impasto.training.image_pool import ImagePool
from impasto.training.optimizer import AdamOptimizer
from impasto.training.pix2pix import GAN_BETAS
from impasto.training.task import Chance, Losses, Player, Task
from impasto.training.translations import as_batch, translation_sheet
from impasto.training.translator_settings import CycleGANTraining

_SAMPLES = 3
_MEASURED = 100  # pictures
_POOLS, _NOISE, _SIGNS, _LIGHT = range(2**33, 2**33 + 4)  # purposes of chance that are no sample's number
WAYS = ("there", "back")


class CycleGANTask(Task[CycleGANTraining]):
    """Trains two translators and their critics; see `Task`.

    Args:
        settings: see `CycleGANTraining`.
        source, target: pictures of the two domains.
    """

    def __init__(self, settings: CycleGANTraining, source: Unpaired, target: Unpaired) -> None:
        s = self.settings = settings
        self.device = resolve_device(settings.device)
        self.domains = self.banks = source, target
        torch.manual_seed(settings.seed)
        painters = {way: Translator(s.design(back=way == "back")) for way in WAYS}
        channels = {"there": s.target_channels, "back": s.source_channels}
        critics = {way: PatchCritic(channels[way], width=s.critic_width, layers=s.critic_layers) for way in WAYS}
        self.painters, self.critics = (
            nn.ModuleDict(parts).to(self.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
            for parts in (painters, critics)
        )
        self.shipped = self.painters
        self.players = (
            Player("painters", self.painters, ((AdamOptimizer(self.painters, betas=GAN_BETAS), s.learning_rate),)),
            Player("critics", self.critics, ((AdamOptimizer(self.critics, betas=GAN_BETAS), s.critic_learning_rate),)),
        )
        self._crew = Crew(self.device)
        self._pools = {way: ImagePool(s.pool // s.batch) for way in WAYS}
        light, other = self._light() if s.light_weight else (0.0, 0.0)
        self._shift = {"there": other - light, "back": light - other}
        self._painted: dict[range, dict[str, Tensor]] = {}
        self._mirrors = False

    def ready(self, step: int) -> None:
        self._mirrors = step >= self.settings.mirror_from * self.settings.steps

    def losses(self, player: Player, samples: range, chance: Chance) -> Losses:
        real = self._real(samples, chance)
        if player.module is self.critics:
            return self._critics_losses(real, samples, chance)
        painted = {"there": self.painters["there"](real["back"]), "back": self.painters["back"](real["there"])}
        self._painted[samples] = {way: pictures.detach() for way, pictures in painted.items()}
        losses: Losses = {}
        for side, way in enumerate(WAYS):
            losses |= self._painter_losses(way, real, painted[way], [chance(n, _NOISE, side) for n in samples])
        return losses

    def _real(self, samples: range, chance: Chance) -> dict[str, Tensor]:
        """Pictures by the way that leads to their domain."""
        s = self.settings
        crops = [
            [domain.crop(chance(n, side), s.size, mirror=s.mirror) for n in samples] for side, domain in self._sides
        ]
        return {"back": as_batch(crops[0], self.device), "there": as_batch(crops[1], self.device)}

    def _light(self) -> tuple[float, float]:
        """How light the two domains are, by some of their pictures."""
        s = self.settings
        chances = [np.random.default_rng((s.seed, side, _LIGHT)) for side, _ in self._sides]
        source, target = (
            float(np.mean([domain.crop(chances[side], s.size).mean() for _ in range(_MEASURED)]))
            for side, domain in self._sides
        )
        return source, target

    @property
    def _sides(self) -> list[tuple[int, Unpaired]]:
        return list(enumerate(self.domains))

    def _painter_losses(
        self, way: str, real: Mapping[str, Tensor], painted: Tensor, chances: Sequence[np.random.Generator]
    ) -> Losses:
        s = self.settings
        other = WAYS[1 - WAYS.index(way)]
        # Mirrored both ways, at random, as what one way moves, and the other moves back, would then be moved twice.
        turns = [tuple(axis for axis in (1, 2) if self._mirrors and rng.integers(2)) for rng in chances]
        returned = _mirrored(self.painters[other](self._noisy(_mirrored(painted, turns), chances)), turns)
        losses: Losses = {
            f"adversarial {way}": (
                s.adversarial_weight,
                verdict_loss(self.critics[way](painted), real=True, objective=s.objective),
            ),
            f"cycle {way}": (s.cycle_weight, _difference(returned, real[other])),
        }
        if s.light_weight:
            error = lightness_error(painted, real[other], shift=self._shift[way])
            losses[f"light {way}"] = (s.light_weight, error)
        if s.identity_weight and s.source_channels == s.target_channels:
            same = _difference(self.painters[way](real[way]), real[way])
            losses[f"identity {way}"] = (s.identity_weight * s.cycle_weight, same)
        return losses

    def _noisy(self, painted: Tensor, chances: Sequence[np.random.Generator]) -> Tensor:
        """Paintings with noise, in which little can be hidden that the way back would read."""
        if not self.settings.cycle_noise:
            return painted
        noise = np.stack([rng.standard_normal(painted.shape[1:], np.float32) for rng in chances])
        return painted + self.settings.cycle_noise * torch.from_numpy(noise).to(painted)

    def _critics_losses(self, real: Mapping[str, Tensor], samples: range, chance: Chance) -> Losses:
        s = self.settings
        painted = self._painted.pop(samples)
        losses: Losses = {}
        for side, way in enumerate(WAYS):
            shown = torch.stack(
                [
                    self._pools[way].exchange(n, picture, chance(n, _POOLS, side))
                    for n, picture in zip(samples, painted[way], strict=True)
                ]
            )
            # At once, as no picture sees another.
            pictures = torch.cat([real[way], shown]).requires_grad_(s.penalty_weight > 0)
            verdicts = self.critics[way](pictures)
            on_real, on_shown = verdicts.chunk(2)
            losses[f"critic {way}"] = (1.0, critic_loss(on_real, on_shown, s.objective))
            if s.penalty_weight:
                signs = _signs(verdicts, [chance(n, _SIGNS, side) for n in samples])
                losses[f"penalty {way}"] = (s.penalty_weight, gradient_penalty(verdicts, pictures, signs))
        return losses

    # -- the run

    def state(self) -> dict[str, Any]:
        # Each process has those of its own samples.
        several = self._crew.gathered({way: pool.state() for way, pool in self._pools.items()})
        return {way: {n: kept for its in several for n, kept in its[way].items()} for way in WAYS}

    def load(self, state: dict[str, Any]) -> None:
        mine = [n for part in self._crew.share(self.settings.batch, self.settings.accumulate) for n in part]
        for way, pool in self._pools.items():
            pool.load({n: state[way][n] for n in mine if n in state[way]}, self.device)

    def sheet(self, weights: Mapping[str, Tensor]) -> Picture:
        """Each picture, where it went, and what came back; first of the source's, then of the target's."""
        painters = copy.deepcopy(self.painters).eval()
        painters.load_state_dict(weights)
        rows = []
        for (side, domain), first, second in zip(self._sides, WAYS, reversed(WAYS), strict=True):
            rng = np.random.default_rng((self.settings.seed, side))
            pictures = [domain.crop(rng, self.settings.size, mirror=False) for _ in range(_SAMPLES)]
            with torch.no_grad():
                painted = painters[first](as_batch(pictures, self.device))
                returned = painters[second](painted.clamp(0, 1))
            rows += [list(row) for row in zip(pictures, painted, returned, strict=True)]
        return translation_sheet(rows)

    def write(self, folder: Path, weights: Mapping[str, Tensor]) -> Path:
        """One file a way; the path of that there."""
        for way in WAYS:
            its = {name.removeprefix(f"{way}."): w for name, w in weights.items() if name.startswith(f"{way}.")}
            painter = self.painters[way]
            assert isinstance(painter, Translator)
            save_translator(painter, folder / f"{way}.safetensors", weights=its)
        return folder / f"{WAYS[0]}.safetensors"


def _difference(painted: Tensor, pictures: Tensor) -> Tensor:
    return (painted.float() - pictures).abs().mean()


def _mirrored(pictures: Tensor, turns: Sequence[tuple[int, ...]]) -> Tensor:
    """Each along its own axes of (C, H, W)."""
    turned = torch.stack([picture.flip(axes) for picture, axes in zip(pictures, turns, strict=True)])
    return turned.contiguous(memory_format=torch.channels_last)


def _signs(verdicts: Tensor, chances: Sequence[np.random.Generator]) -> Tensor:
    """+1 or −1 for each verdict on real pictures, and then on shown ones: (2 · B, 1, h, w)."""
    drawn = np.stack([rng.integers(2, size=(2, *verdicts.shape[1:])) for rng in chances], axis=1)
    return torch.from_numpy(2.0 * drawn - 1).flatten(0, 1).to(verdicts)
