"""The training of a painter for any style against a critic.

Goodfellow et al. 2014, "Generative Adversarial Nets", with cross-entropy, and Adam of rate 2e-4 and β₁ 0.5 for the
critic (Radford et al. 2016). The painter, with a branch for the content and one for the style, is that of `swift`, and
has `swift`'s losses of content and style too; the critic sees patches of style pictures and of paintings, each with the
style's code, and says which is which (a projection; see `PatchCritic`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from impasto.features.encoder import Encoder
from impasto.losses.adversarial import critic_loss, verdict_loss
from impasto.networks.critic import PatchCritic
from impasto.networks.swift_file import save_swift
from impasto.training.data import PictureBank
from impasto.training.gan_settings import GanTraining
from impasto.training.optimizer import AdamOptimizer
from impasto.training.painter_losses import painter_losses
from impasto.training.pix2pix import GAN_BETAS
from impasto.training.swift import SwiftTask
from impasto.training.task import Chance, Losses, Player

_PATCHES = 2**34  # a purpose of chance that is no sample's number


class GanTask(SwiftTask):
    """Trains a painter for any style, and its critic; see `SwiftTask`."""

    settings: GanTraining
    keep_pictures = True

    def __init__(
        self,
        settings: GanTraining,
        teacher: Encoder,
        encoder: Encoder,
        photos: PictureBank,
        paintings: PictureBank,
        *,
        start: Mapping[str, Tensor] | None = None,
    ) -> None:
        super().__init__(settings, teacher, encoder, photos, paintings, start=start)
        s = settings
        code = self.network.design.code_length
        critic = PatchCritic(3, width=s.critic_width, layers=s.critic_layers, code=code)
        self.critic = critic.to(self.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        optimizer = AdamOptimizer(self.critic, betas=GAN_BETAS)
        self.players = (*self.players, Player("critic", self.critic, ((optimizer, s.critic_learning_rate),)))
        self._shown: dict[range, tuple[Tensor, Tensor]] = {}  # patches of paintings, and codes

    def losses(self, player: Player, samples: range, chance: Chance) -> Losses:
        if player.module is self.critic:
            return self._critic_losses(samples, chance)
        if self._step % self.settings.identity_every == 0:
            return super().losses(player, samples, chance)
        s = self.settings
        painted, contents, wanted, codes = self.paint(samples, chance)
        patches = self._patches(list(painted), samples, chance)
        self._shown[samples] = patches.detach(), codes.detach()
        losses = painter_losses(painted, contents, wanted, self.teacher, s, self._step)
        verdicts = self.critic(patches, codes.detach())
        losses["adversarial"] = s.adversarial_weight, verdict_loss(verdicts, real=True, objective=s.objective)
        return losses

    def _critic_losses(self, samples: range, chance: Chance) -> Losses:
        if samples not in self._shown:  # a step of identity: nothing was painted in these styles
            with torch.no_grad():
                painted = self.paint(samples, chance)
            self._shown[samples] = self._patches(list(painted.paintings), samples, chance), painted.codes
        made, codes = self._shown.pop(samples)
        pictures = [picture.to(self.device) for picture in self.views.pictures(self.style_chances(samples, chance))]
        real = self._patches(pictures, samples, chance)
        verdicts = self.critic(real, codes), self.critic(made, codes)
        return {"critic": (1.0, critic_loss(verdicts[0], verdicts[1], self.settings.objective))}

    def _patches(self, pictures: list[Tensor], samples: range, chance: Chance) -> Tensor:
        """A random patch of each picture (3, H, W), mirrored beyond borders: (B, 3, patch, patch)."""
        side = self.settings.patch
        patches = []
        for picture, n in zip(pictures, samples, strict=True):
            rng = chance(n, _PATCHES, picture.shape[1], picture.shape[2])
            rows, columns = (_places(rng, length, side).to(picture.device) for length in picture.shape[1:])
            patches.append(picture[:, rows][:, :, columns].float())
        return torch.stack(patches).contiguous(memory_format=torch.channels_last)

    def write(self, folder: Path, weights: Mapping[str, Tensor]) -> Path:
        path = folder / "gan.safetensors"
        save_swift(self.network, path, weights=weights)
        return path


def _places(rng: np.random.Generator, length: int, side: int) -> Tensor:
    """Where a patch's rows, or columns, lie."""
    first = int(rng.integers(max(0, length - side) + 1))
    places = torch.arange(first, first + side) % (2 * length)
    return torch.minimum(places, 2 * length - 1 - places)
