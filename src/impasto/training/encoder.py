"""Distillation of a loss network: a small encoder that ranks and pulls pictures as its teacher does.

Three things are matched, on photos, paintings, blends of them, noise and unfinished paintings:
- features at the style and content layers (relative squared error),
- Gram matrices at the style layers (relative squared error): errors that features share add up there, so they count
  anew,
- optionally, the gradient of the style loss with respect to the picture (Sobolev training, Czarnecki et al. 2017).
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.errors import TrainingDataError
from impasto.features.architectures import Architecture
from impasto.features.encoder import Encoder
from impasto.features.native import save_encoder
from impasto.losses.gram import gram_matrix
from impasto.optimize.hardware import resolve_device
from impasto.painters import ShouldStop
from impasto.training.checkpoint import load_checkpoint, save_checkpoint
from impasto.training.crops import blend, to_tensor
from impasto.training.data import PictureBank
from impasto.training.distillation import add, live_channels, normalise, one_sided_error, relative_error
from impasto.training.optimizer import FilterOptimizer
from impasto.training.settings import EncoderTraining, TrainingProgress
from impasto.training.unfinished import UnfinishedPaintings

STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
MATCHED_LAYERS = (*STYLE_LAYERS[:4], "relu4_2", "relu5_1")
CONTENT_LAYER = "relu4_1"


class EncoderTrainer:
    """Trains a student on a teacher; `run` goes to the end or until it is asked to stop, and a new trainer of the same
    folder goes on from there.

    Args:
        settings: see `EncoderTraining`.
        teacher: a frozen encoder with the layers of `MATCHED_LAYERS`, whose live channels there are as many as the
            student's channels.
        photos, paintings: training pictures.
        folder: holds `settings.json`, `checkpoint.pt`, `log.jsonl` and the latest `encoder.safetensors`.
    """

    def __init__(
        self, settings: EncoderTraining, teacher: Encoder, photos: PictureBank, paintings: PictureBank, folder: Path
    ) -> None:
        self.settings, self.folder, self.device = settings, folder, resolve_device(settings.device)
        self.teacher = teacher.eval().requires_grad_(False).on(self.device)
        self.photos, self.paintings = photos, paintings
        torch.manual_seed(settings.seed)
        self.student = _new_student(Architecture(settings.blocks)).on(self.device)
        self.average = {k: v.clone() for k, v in self.student.state_dict().items()}
        self.optimizer = FilterOptimizer(self.student)
        self.unfinished = UnfinishedPaintings(settings.pool, device=self.device)
        self.live: dict[str, Tensor] = {}
        self.step = 0

    @property
    def finished(self) -> bool:
        """Whether the last step has been made."""
        return self.step >= self.settings.steps

    def run(
        self, report: Callable[[TrainingProgress], None] | None = None, *, should_stop: ShouldStop | None = None
    ) -> Path:
        """Train to the last step and return the path of the encoder's weights.

        Args:
            report: called every `log_every` steps, in this thread.
            should_stop: asked before every step; once it says yes, a checkpoint is saved and `finished` stays False.

        Raises:
            TrainingDataError: the folder holds a run with other settings.
        """
        self._begin()
        sums: dict[str, float] = {}
        began, first = time.monotonic(), self.step
        while not self.finished:
            if should_stop is not None and should_stop():
                self._save()
                break
            losses = self._train_step()
            self.step += 1
            for name, value in losses.items():
                sums[name] = sums.get(name, 0.0) + value
            if self.step % self.settings.log_every == 0:
                pace = (time.monotonic() - began) / (self.step - first)
                means = {k: v / self.settings.log_every for k, v in sums.items()}
                self._log(
                    TrainingProgress(self.step, self.settings.steps, means, pace * (self.settings.steps - self.step)),
                    report,
                )
                sums = {}
            if self.step % self.settings.checkpoint_every == 0 or self.finished:
                self._save()
        return self.folder / "encoder.safetensors"

    # -- one step
    # ---------------------------------------------------------------------------------------------------------------

    def _train_step(self) -> dict[str, float]:
        s = self.settings
        rng = np.random.default_rng((s.seed, self.step))
        low_precision = self.step < s.full_precision_from * s.steps
        with torch.autocast(self.device.type, torch.bfloat16, enabled=low_precision):
            if self.step % s.advance_every == 0:
                self._advance(rng)
            batch = self._batch(rng)
            with torch.no_grad():
                targets = self._targets(batch)
            raw = self.student(batch, [layer.replace("relu", "conv") for layer in MATCHED_LAYERS])
        raw = {layer.replace("conv", "relu"): f.float() for layer, f in raw.items()}
        features = {layer: F.relu(f) for layer, f in raw.items()}
        weights = {k: s.content_weight if k == CONTENT_LAYER else 1.0 for k in MATCHED_LAYERS}
        errors = {k: one_sided_error(raw[k], targets[k]) for k in MATCHED_LAYERS}
        feature_loss = add(weights[k] * error for k, error in errors.items()) / sum(weights.values())
        gram_loss = add(relative_error(gram_matrix(features[k]), gram_matrix(targets[k])) for k in STYLE_LAYERS) / len(
            STYLE_LAYERS
        )
        loss = feature_loss + s.gram_weight * gram_loss
        losses = {"feature": feature_loss.item(), "gram": gram_loss.item()}
        losses |= {layer: error.item() for layer, error in errors.items()}
        if self.step >= s.gradient_from and s.gradient_weight > 0:
            chosen = batch[torch.from_numpy(rng.permutation(len(batch))[: s.gradient_crops])]
            gradient_loss = self._gradient_loss(chosen, rng)
            loss = loss + s.gradient_weight * gradient_loss
            losses["gradient"] = gradient_loss.item()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(self.student.convolutions.parameters(), 1.0)
        self.optimizer.step(self._learning_rate())
        self._update_average()
        return losses

    def _learning_rate(self) -> float:
        """A linear rise over the first steps, then an exponential fall to a hundredth."""
        s = self.settings
        return s.learning_rate * math.exp(math.log(0.01) * self.step / s.steps) * min(1.0, (self.step + 1) / s.warm_up)

    def _targets(self, pictures: Tensor) -> dict[str, Tensor]:
        """The teacher's features at the matched layers, live channels only."""
        return {k: f.float()[:, self.live[k]] for k, f in self.teacher(pictures, MATCHED_LAYERS).items()}

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

    def _update_average(self) -> None:
        # The average starts as the mean of all steps and only then forgets, so that early checkpoints are no worse
        # than the weights.
        decay = min(self.settings.ema, self.step / (self.step + 10))
        for name, value in self.student.state_dict().items():
            self.average[name].lerp_(value, 1 - decay)

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
            if width != len(live):
                raise TrainingDataError(
                    f"The student has {width} channels at {layer}, but {len(live)} of its teacher's are alive there.",
                    hint=f"Set that width to {len(live)} in the blocks of the settings.",
                )

    # -- state
    # ------------------------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng((self.settings.seed, 2**32))
        sample = torch.stack([crop for _ in range(24) for crop in self._pair(rng)]).to(self.device)
        normalise(self.teacher, sample)
        self.live = live_channels(self.teacher, sample, MATCHED_LAYERS)
        self._check_widths()
        record = self.folder / "settings.json"
        now = json.loads(json.dumps(asdict(self.settings)))
        checkpoint = self.folder / "checkpoint.pt"
        if checkpoint.exists():
            # More or fewer steps only stretch the schedule.
            if record.exists() and {**json.loads(record.read_text()), "steps": now["steps"]} != now:
                raise TrainingDataError(
                    f"{self.folder} holds a run with other settings.",
                    hint="Choose another --run folder, or remove that one.",
                )
            self._load(load_checkpoint(checkpoint))
            record.write_text(json.dumps(now, indent=1))
            return
        record.write_text(json.dumps(now, indent=1))
        rng = np.random.default_rng((self.settings.seed, 2**31))
        self.unfinished.fill(lambda: self._pair(rng))

    def _save(self) -> None:
        save_checkpoint(
            self.folder / "checkpoint.pt",
            {
                "step": self.step,
                "student": self.student.state_dict(),
                "average": self.average,
                "optimizer": self.optimizer.state_dict(),
                "unfinished": self.unfinished.state(),
            },
        )
        averaged = _new_student(self.student.architecture)
        averaged.load_state_dict(self.average)
        save_encoder(averaged, self.folder / "encoder.safetensors")

    def _load(self, state: dict[str, Any]) -> None:
        self.step = state["step"]
        self.average = {k: v.to(self.device) for k, v in state["average"].items()}
        self.student.load_state_dict(state["student"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.unfinished.load_state(state["unfinished"])

    def _log(self, progress: TrainingProgress, report: Callable[[TrainingProgress], None] | None) -> None:
        with (self.folder / "log.jsonl").open("a") as log:
            log.write(json.dumps(asdict(progress)) + "\n")
        if report is not None:
            report(progress)


def _new_student(architecture: Architecture) -> Encoder:
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
    student.input_affine.requires_grad_(False)
    return student
