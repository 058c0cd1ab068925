"""The training of translators on pairs of pictures.

Isola et al. 2017, "Image-to-Image Translation with Conditional Adversarial Networks": a critic sees the source picture
beside the true or the painted one; the painter is also held to the true picture by the mean absolute difference (eq. 4,
λ = 100). Ours: no noise and no dropout (§3.1 finds that the painter ignores it), and a smaller body; see `Translator`.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from impasto.losses.adversarial import critic_loss, verdict_loss
from impasto.networks.critic import PatchCritic
from impasto.networks.translator import Translator
from impasto.networks.translator_file import save_translator
from impasto.optimize.hardware import resolve_device
from impasto.pictures import Picture
from impasto.training.domains import Pairs
from impasto.training.optimizer import AdamOptimizer
from impasto.training.task import Chance, Losses, Player, Task
from impasto.training.translations import as_batch, translation_sheet
from impasto.training.translator_settings import Pix2PixTraining

_SAMPLES = 6
GAN_BETAS = (0.5, 0.999)


class Pix2PixTask(Task[Pix2PixTraining]):
    """Trains a translator and its critic; see `Task`.

    Args:
        settings: see `Pix2PixTraining`.
        pairs: what goes in, and what should come out.
    """

    def __init__(self, settings: Pix2PixTraining, pairs: Pairs) -> None:
        s = self.settings = settings
        self.device, self.pairs, self.banks = resolve_device(settings.device), pairs, (pairs,)
        torch.manual_seed(settings.seed)
        painter, critic = (
            Translator(s.design()),
            PatchCritic(s.source_channels + s.target_channels, width=s.critic_width, layers=s.critic_layers),
        )
        self.painter = painter.to(self.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.critic = critic.to(self.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.shipped = self.painter
        self.players = (
            Player("painter", self.painter, ((AdamOptimizer(self.painter, betas=GAN_BETAS), s.learning_rate),)),
            Player("critic", self.critic, ((AdamOptimizer(self.critic, betas=GAN_BETAS), s.critic_learning_rate),)),
        )
        self._painted: dict[range, Tensor] = {}

    def losses(self, player: Player, samples: range, chance: Chance) -> Losses:
        s = self.settings
        crops = [self.pairs.crop(chance(n), s.size, mirror=s.mirror) for n in samples]
        sources, targets = (as_batch([pair[side] for pair in crops], self.device) for side in (0, 1))
        if player.module is self.critic:
            made = self._painted.pop(samples)
            real, painted = (self.critic(torch.cat([sources, shown], 1)) for shown in (targets, made))
            return {"critic": (1.0, critic_loss(real, painted, s.objective))}
        painted = self.painter(sources)
        self._painted[samples] = painted.detach()
        verdicts = self.critic(torch.cat([sources, painted], 1))
        return {
            "pixels": (s.pixel_weight, (painted.float() - targets).abs().mean()),
            "adversarial": (s.adversarial_weight, verdict_loss(verdicts, real=True, objective=s.objective)),
        }

    def sheet(self, weights: Mapping[str, Tensor]) -> Picture:
        rng = np.random.default_rng(self.settings.seed)
        crops = [self.pairs.crop(rng, self.settings.size, mirror=False) for _ in range(_SAMPLES)]
        painter = copy.deepcopy(self.painter).eval()
        painter.load_state_dict(weights)
        with torch.no_grad():
            painted = painter(as_batch([source for source, _ in crops], self.device))
        return translation_sheet(
            [[source, made, target] for (source, target), made in zip(crops, painted, strict=True)]
        )

    def write(self, folder: Path, weights: Mapping[str, Tensor]) -> Path:
        path = folder / "pix2pix.safetensors"
        save_translator(self.painter, path, weights=weights)
        return path
