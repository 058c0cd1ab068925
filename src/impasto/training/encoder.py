"""Distillation of a loss network: a small encoder that ranks and pulls pictures as its teacher does.

Three things are matched, on photos, paintings, blends of them, noise and unfinished paintings:
- features at the style and content layers (relative squared error),
- Gram matrices at the style layers (relative squared error): errors that features share add up there, so they count
  anew,
- optionally, the gradient of the style loss with respect to the picture (Sobolev training, Czarnecki et al. 2017).
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.errors import TrainingDataError
from impasto.features.architectures import Architecture, MobileArchitecture
from impasto.features.encoder import Encoder
from impasto.features.layers import STYLE_LAYERS
from impasto.features.native import save_encoder
from impasto.losses.gram import gram_matrix
from impasto.optimize.hardware import resolve_device, resolve_precision
from impasto.training.crops import blend, to_tensor
from impasto.training.data import PictureBank
from impasto.training.distillation import add, live_channels, normalise, one_sided_error, prune, relative_error
from impasto.training.encoder_settings import EncoderTraining
from impasto.training.optimizer import FilterOptimizer
from impasto.training.students import new_student
from impasto.training.task import Chance, Losses, Player, Task
from impasto.training.unfinished import UnfinishedPaintings

MATCHED_LAYERS = (*STYLE_LAYERS[:4], "relu4_2", "relu5_1")
CONTENT_LAYER = "relu4_1"
_POOL, _SAMPLE = 2**31, 2**32  # purposes of chance that are no step's number
_SLOTS, _GRADIENT = 2**31, 2**32  # purposes of a step's chance that are no sample's number
_SAMPLE_PAIRS = 24


class EncoderTask(Task[EncoderTraining]):
    """Trains a student on a teacher; see `Task`.

    Errors are relative to the teacher's features of the samples at hand: of a batch that is taken in parts, or by
    several processes, of each part.

    Args:
        settings: see `EncoderTraining`.
        teacher: a VGG-like encoder with the layers of `MATCHED_LAYERS`, whose live channels there are as many as the
            student's channels.
        photos, paintings: training pictures.
        start: an encoder to begin with, of the same architecture; None begins with random weights.

    Raises:
        TrainingDataError: `start` is of another architecture, the student is of other widths than the teacher, or that
            is not VGG-like.
    """

    def __init__(
        self,
        settings: EncoderTraining,
        teacher: Encoder,
        photos: PictureBank,
        paintings: PictureBank,
        *,
        start: Encoder | None = None,
    ) -> None:
        self.settings = settings
        self.device = resolve_device(settings.device)
        self.photos, self.paintings = self.banks = photos, paintings
        self.live, self.teacher = self._made_easy(copy.deepcopy(teacher).eval().requires_grad_(False).on(self.device))
        self.matched = [layer for layer in MATCHED_LAYERS if layer in self.live]
        torch.manual_seed(settings.seed)
        self.student = new_student(self._architecture(), start).on(self.device)
        self.unfinished = UnfinishedPaintings(settings.pool, lifetime=settings.lifetime, device=self.device)
        self.shipped = self.student
        optimizers = ((FilterOptimizer(self.student), settings.learning_rate),)
        self.players = (Player("student", self.student, optimizers),)
        self._step = 0

    def _made_easy(self, teacher: Encoder) -> tuple[dict[str, Tensor], Encoder]:
        """The teacher's live channels by layer, and the teacher rescaled, without the others."""
        if not isinstance(teacher.architecture, Architecture):
            raise TrainingDataError(
                "The teacher is a mobilenet itself, whose layers can't be rescaled.", hint="Name a VGG-like teacher."
            )
        rng = np.random.default_rng((self.settings.seed, _SAMPLE))
        sample = torch.stack([crop for _ in range(_SAMPLE_PAIRS) for crop in self._pair(rng)]).to(self.device)
        normalise(teacher, sample)
        live = live_channels(teacher, sample, self._compared_layers(teacher))
        return live, prune(teacher, live).requires_grad_(False).on(self.device)

    def _compared_layers(self, teacher: Encoder) -> list[str]:
        """Those of `MATCHED_LAYERS` that the student has and, if hints are asked for, all others that both have."""
        if self.settings.architecture == "mobilenet":
            return list(STYLE_LAYERS)
        if not self.settings.hint_weight:
            return list(MATCHED_LAYERS)
        mine = [layer for layer in Architecture(self.settings.blocks).layers() if layer.startswith("relu")]
        deepest = mine.index(MATCHED_LAYERS[-1])
        return [layer for layer in mine[: deepest + 1] if layer in teacher.steps]

    def _architecture(self) -> Architecture | MobileArchitecture:
        """The student's."""
        if self.settings.architecture == "mobilenet":
            return MobileArchitecture(tuple(len(self.live[layer]) for layer in STYLE_LAYERS), self.settings.width)
        architecture = Architecture(self.settings.blocks)
        for layer, channels in self.live.items():
            width = architecture.channels(layer)
            # Where the student only takes hints it may be wider.
            if width < len(channels) or (width > len(channels) and layer in MATCHED_LAYERS):
                raise TrainingDataError(
                    f"The student has {width} channels at {layer}, but {len(channels)} of its teacher's are alive "
                    "there.",
                    hint=f"Set that width to {len(channels)} in the blocks of the settings.",
                )
        return architecture

    # -- losses

    def losses(self, player: Player, samples: range, chance: Chance) -> Losses:
        batch = self._batch(samples, chance)
        with self._arithmetic():
            with torch.no_grad():
                targets = self.teacher(batch, list(self.live))
            raw = self.student(batch, [layer.replace("relu", "conv") for layer in self.live])
        with torch.autocast(self.device.type, enabled=False):
            losses = self._compared(raw, targets)
            if self._step >= self.settings.gradient_from and self.settings.gradient_weight > 0:
                rng = chance(_GRADIENT, samples.start)
                chosen = batch[torch.from_numpy(rng.permutation(len(batch))[: self.settings.gradient_crops])]
                losses["gradient"] = (self.settings.gradient_weight, self._gradient_loss(chosen, rng))
        return losses

    def _compared(self, raw: Mapping[str, Tensor], targets: Mapping[str, Tensor]) -> Losses:
        """The losses of features: the student's before their ReLU, the teacher's after it."""
        s = self.settings
        raw = {k: raw[k.replace("relu", "conv")][:, : len(live)] for k, live in self.live.items()}
        weights = {k: s.content_weight if k == CONTENT_LAYER else 1.0 for k in self.matched}
        hints = {k: one_sided_error(raw[k], targets[k]) for k in self.live}
        errors = {k: hints.pop(k) for k in self.matched}
        grams = [relative_error(gram_matrix(F.relu(raw[k])), gram_matrix(targets[k])) for k in STYLE_LAYERS]
        losses: Losses = {
            "feature": (1.0, add(weights[k] * error for k, error in errors.items()) / sum(weights.values())),
            "gram": (s.gram_weight, add(grams) / len(grams)),
        }
        if hints:
            losses["hint"] = (s.hint_weight, add(hints.values()) / len(hints))
        return losses | {layer: (0.0, error) for layer, error in errors.items()}

    def _gradient_loss(self, pictures: Tensor, rng: np.random.Generator) -> Tensor:
        """Relative squared error of ∂(style loss)/∂picture, the style of each picture being that of its neighbour in
        the batch.

        Layers are weighted at random, so that each layer's own gradient is matched and none hides behind a larger one.
        """
        weights = dict(zip(STYLE_LAYERS, rng.dirichlet(np.ones(len(STYLE_LAYERS))).tolist(), strict=True))
        pictures = pictures.detach().requires_grad_(True)

        def gradient(encoder: Encoder, *, keep: bool) -> Tensor:
            grams = {k: gram_matrix(f) for k, f in encoder(pictures, STYLE_LAYERS).items()}
            loss = add(weights[k] * relative_error(g, g.detach().roll(1, 0), floor=0.0) for k, g in grams.items())
            return torch.autograd.grad(loss, pictures, create_graph=keep)[0]

        return relative_error(gradient(self.student, keep=True), gradient(self.teacher, keep=False))

    def _arithmetic(self) -> torch.autocast:
        """That of the networks at this step."""
        s = self.settings
        precision = resolve_precision(s.precision, self.device)
        low = precision != torch.float32 and self._step < s.full_precision_from * s.steps
        return torch.autocast(self.device.type, precision, enabled=low)

    # -- data

    def begin(self) -> None:
        rng = np.random.default_rng((self.settings.seed, _POOL))
        self.unfinished.fill(lambda: self._pair(rng))

    def ready(self, step: int) -> None:
        self._step = step
        if step % self.settings.advance_every == 0:
            self._advance(np.random.default_rng((self.settings.seed, _POOL, step)))

    def _advance(self, rng: np.random.Generator) -> None:
        s = self.settings
        slots = rng.permutation(s.pool)[: s.advance_crops].tolist()
        self.student.requires_grad_(False)
        with self._arithmetic():
            self.unfinished.advance(
                self.student,
                slots,
                lambda: self._pair(rng),
                steps=s.advance_steps,
                content_layer=CONTENT_LAYER,
                style_layers=STYLE_LAYERS,
            )
        self.student.requires_grad_(True).input_affine.requires_grad_(False)

    def _batch(self, samples: range, chance: Chance) -> Tensor:
        """What each sample is, its number says: the mix, again and again."""
        mix = self.settings.mix
        kinds = [kind for kind, count in enumerate(mix) for _ in range(count)] * (self.settings.batch // sum(mix))
        unfinished = [n for n, kind in enumerate(kinds) if kind == 3]
        slots = dict(zip(unfinished, chance(_SLOTS).permutation(self.settings.pool).tolist(), strict=False))
        makers = (
            lambda n: self._crop(self.photos, chance(n)),
            lambda n: self._crop(self.paintings, chance(n)),
            lambda n: self._blend(chance(n)),
            lambda n: self.unfinished.pictures([slots[n]])[0],
        )
        crops = [makers[kinds[n]](n).to(self.device) for n in samples]
        return torch.stack(crops).contiguous(memory_format=torch.channels_last)

    def _blend(self, rng: np.random.Generator) -> Tensor:
        return blend(*self._pair(rng), rng)

    def _pair(self, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        # One style in four is a photograph: users do that too.
        styles = self.photos if rng.random() < 0.25 else self.paintings
        return self._crop(self.photos, rng), self._crop(styles, rng)

    def _crop(self, bank: PictureBank, rng: np.random.Generator) -> Tensor:
        return to_tensor(bank.crop(rng, self.settings.size, scales=self.settings.zoom))

    # -- the run

    def state(self) -> dict[str, Any]:
        return self.unfinished.state()

    def load(self, state: dict[str, Any]) -> None:
        self.unfinished.load_state(state)

    def write(self, folder: Path, weights: Mapping[str, Tensor]) -> Path:
        averaged = new_student(self.student.architecture)
        averaged.load_state_dict(weights)
        path = folder / "encoder.safetensors"
        save_encoder(averaged, path)
        return path
