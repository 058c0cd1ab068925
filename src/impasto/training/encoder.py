"""Distillation of a loss network: a small encoder that ranks and pulls pictures as its teacher does.

Three things are matched, on photos, paintings, blends of them, noise and unfinished paintings:
- features at the style and content layers (relative squared error),
- Gram matrices at the style layers (relative squared error): errors that features share add up there, so they count
  anew,
- optionally, the gradient of the style loss with respect to the picture (Sobolev training, Czarnecki et al. 2017).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.errors import TrainingDataError, UsageError
from impasto.features.architectures import Architecture
from impasto.features.encoder import Encoder
from impasto.features.layers import STYLE_LAYERS
from impasto.features.native import save_encoder
from impasto.losses.gram import gram_matrix
from impasto.optimize.hardware import resolve_device
from impasto.training.average import Average
from impasto.training.crew import crew_size
from impasto.training.crops import blend, to_tensor
from impasto.training.data import PictureBank
from impasto.training.distillation import add, live_channels, normalise, one_sided_error, prune, relative_error
from impasto.training.encoder_settings import EncoderTraining
from impasto.training.optimizer import FilterOptimizer
from impasto.training.run import TrainingRun
from impasto.training.schedule import pace
from impasto.training.unfinished import UnfinishedPaintings

MATCHED_LAYERS = (*STYLE_LAYERS[:4], "relu4_2", "relu5_1")
CONTENT_LAYER = "relu4_1"


class EncoderTrainer(TrainingRun[EncoderTraining]):
    """Trains a student on a teacher; see `TrainingRun`.

    Args:
        settings: see `EncoderTraining`.
        teacher: a frozen encoder with the layers of `MATCHED_LAYERS`, whose live channels there are as many as the
            student's channels.
        photos, paintings: training pictures.
        folder: gets the latest `encoder.safetensors`.
        start: an encoder to begin with, of the same blocks; None begins with random weights.

    Raises:
        TrainingDataError: `start` has other blocks.
        UsageError: several processes would train it, each for itself.
    """

    def __init__(
        self,
        settings: EncoderTraining,
        teacher: Encoder,
        photos: PictureBank,
        paintings: PictureBank,
        folder: Path,
        *,
        start: Encoder | None = None,
    ) -> None:
        super().__init__(settings, folder)
        if crew_size() > 1:
            raise UsageError("An encoder is trained by one process.", hint="Leave out torchrun.")
        self.device = resolve_device(settings.device)
        self.teacher = teacher.eval().requires_grad_(False).on(self.device)
        self.photos, self.paintings = photos, paintings
        torch.manual_seed(settings.seed)
        self.student = _new_student(Architecture(settings.blocks), start).on(self.device)
        self.average = Average(self.student, settings.ema)
        self.optimizer = FilterOptimizer(self.student)
        self.unfinished = UnfinishedPaintings(settings.pool, lifetime=settings.lifetime, device=self.device)
        self.live: dict[str, Tensor] = {}

    # -- one step
    # ---------------------------------------------------------------------------------------------------------------

    def _train_step(self) -> dict[str, float]:
        s = self.settings
        rng = self.chance()
        low_precision = self.step < s.full_precision_from * s.steps
        with torch.autocast(self.device.type, torch.bfloat16, enabled=low_precision):
            if self.step % s.advance_every == 0:
                self._advance(rng)
            batch = self._batch(rng)
            with torch.no_grad():
                targets = self.teacher(batch, list(self.live))
            raw = self.student(batch, [layer.replace("relu", "conv") for layer in self.live])
        raw = {k: raw[k.replace("relu", "conv")][:, : len(live)] for k, live in self.live.items()}
        features = {layer: F.relu(raw[layer]) for layer in STYLE_LAYERS}
        weights = {k: s.content_weight if k == CONTENT_LAYER else 1.0 for k in MATCHED_LAYERS}
        all_errors = {k: one_sided_error(raw[k], targets[k]) for k in self.live}
        errors = {k: all_errors.pop(k) for k in MATCHED_LAYERS}
        feature_loss = add(weights[k] * error for k, error in errors.items()) / sum(weights.values())
        gram_loss = add(relative_error(gram_matrix(features[k]), gram_matrix(targets[k])) for k in STYLE_LAYERS) / len(
            STYLE_LAYERS
        )
        loss = feature_loss + s.gram_weight * gram_loss
        losses = {"feature": feature_loss.item(), "gram": gram_loss.item()}
        if all_errors:  # what is left of them are the hints
            hint_loss = add(all_errors.values()) / len(all_errors)
            loss = loss + s.hint_weight * hint_loss
            losses["hint"] = hint_loss.item()
        losses |= {layer: error.item() for layer, error in errors.items()}
        if self.step >= s.gradient_from and s.gradient_weight > 0:
            chosen = batch[torch.from_numpy(rng.permutation(len(batch))[: s.gradient_crops])]
            gradient_loss = self._gradient_loss(chosen, rng)
            loss = loss + s.gradient_weight * gradient_loss
            losses["gradient"] = gradient_loss.item()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(self.student.convolutions.parameters(), 1.0)
        rate = self.ease * pace("exponential", self.step, s.steps, warm_up=s.warm_up)
        self.optimizer.step(rate * s.learning_rate)
        self.average.update(self.student, self.step)
        return losses

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

    def _advance(self, rng: np.random.Generator) -> None:
        s = self.settings
        slots = rng.permutation(s.pool)[: s.advance_crops].tolist()
        self.student.requires_grad_(False)
        self.unfinished.advance(
            self.student,
            slots,
            lambda: self._pair(rng),
            steps=s.advance_steps,
            content_layer=CONTENT_LAYER,
            style_layers=STYLE_LAYERS,
        )
        self.student.convolutions.requires_grad_(True)

    # -- data
    def _batch(self, rng: np.random.Generator) -> Tensor:
        photos, paintings, blends, unfinished = self.settings.mix
        crops = [self._crop(self.photos, rng) for _ in range(photos)]
        crops += [self._crop(self.paintings, rng) for _ in range(paintings)]
        crops += [blend(*self._pair(rng), rng) for _ in range(blends)]
        if unfinished:
            crops += list(self.unfinished.pictures(rng.permutation(self.settings.pool)[:unfinished].tolist()))
        return torch.stack([crop.to(self.device) for crop in crops]).contiguous(memory_format=torch.channels_last)

    def _pair(self, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        # One style in four is a photograph: users do that too.
        styles = self.photos if rng.random() < 0.25 else self.paintings
        return self._crop(self.photos, rng), self._crop(styles, rng)

    def _crop(self, bank: PictureBank, rng: np.random.Generator) -> Tensor:
        return to_tensor(bank.crop(rng, self.settings.size, scales=self.settings.zoom))

    def _check_widths(self) -> None:
        for layer, live in self.live.items():
            width = self.student.architecture.channels(layer)
            # Where the student only takes hints it may be wider.
            if width < len(live) or (width > len(live) and layer in MATCHED_LAYERS):
                raise TrainingDataError(
                    f"The student has {width} channels at {layer}, but {len(live)} of its teacher's are alive there.",
                    hint=f"Set that width to {len(live)} in the blocks of the settings.",
                )

    def _compared_layers(self) -> list[str]:
        """`MATCHED_LAYERS` and, if hints are asked for, all others that both networks have."""
        if not self.settings.hint_weight:
            return list(MATCHED_LAYERS)
        mine, its = ([step for step in net.steps if step.startswith("relu")] for net in (self.student, self.teacher))
        deepest = mine.index(MATCHED_LAYERS[-1])
        return [layer for layer in mine[: deepest + 1] if layer in its]

    # -- state

    def _prepare(self) -> None:
        rng = np.random.default_rng((self.settings.seed, 2**32))
        sample = torch.stack([crop for _ in range(24) for crop in self._pair(rng)]).to(self.device)
        normalise(self.teacher, sample)
        self.live = live_channels(self.teacher, sample, self._compared_layers())
        self._check_widths()
        self.teacher = prune(self.teacher, self.live).requires_grad_(False).on(self.device)

    def _start_anew(self) -> None:
        rng = np.random.default_rng((self.settings.seed, 2**31))
        self.unfinished.fill(lambda: self._pair(rng))

    def _state(self) -> dict[str, Any]:
        return {
            "student": self.student.state_dict(),
            "average": self.average.weights,
            "optimizer": self.optimizer.state_dict(),
            "unfinished": self.unfinished.state(),
        }

    def _load(self, state: dict[str, Any]) -> None:
        self.average.load(state["average"])
        self.student.load_state_dict(state["student"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.unfinished.load_state(state["unfinished"])

    def _write(self) -> Path:
        averaged = _new_student(self.student.architecture)
        averaged.load_state_dict(self.average.weights)
        path = self.folder / "encoder.safetensors"
        save_encoder(averaged, path)
        return path


def _new_student(architecture: Architecture, start: Encoder | None = None) -> Encoder:
    student = Encoder(architecture, padding="reflect", name="student")
    with torch.no_grad():
        # Mean and spread of everyday pictures; kept fixed, it only sets the scale in which training is easy.
        student.input_affine.weight.copy_(torch.eye(3)[:, :, None, None] / 0.25)
        assert student.input_affine.bias is not None
        student.input_affine.bias.fill_(-0.45 / 0.25)
        for name in student.convolutions:
            convolution = student.convolution(name)
            assert convolution.bias is not None
            torch.nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
            torch.nn.init.zeros_(convolution.bias)
    if start is not None:
        if start.architecture != architecture:
            raise TrainingDataError(
                f"The encoder to begin with has the blocks {start.architecture.blocks}, not {architecture.blocks}.",
                hint="Set blocks to those.",
            )
        student.load_state_dict(start.state_dict())
    student.input_affine.requires_grad_(False)
    return student
