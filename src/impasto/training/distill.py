"""Distillation of a painter: a small one that learns, from its paintings, what a large one does in one style.

The student sees what the teacher saw, the grain in plain areas included, and is asked for the same pixels (Hinton et
al. 2015, "Distilling the Knowledge in a Neural Network", for networks that paint) and, as those forgive blur, for the
same features of a loss network; optionally for the style's own Gram matrices, where the style's picture is at hand.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from impasto.errors import UsageError
from impasto.features.architectures import scaled
from impasto.features.encoder import Encoder
from impasto.features.layers import STYLE_LAYERS
from impasto.networks.content_side import ContentDesign, Design
from impasto.networks.johnson import JohnsonNetwork
from impasto.networks.johnson_file import save_johnson
from impasto.networks.mobile import MobileDesign
from impasto.optimize.hardware import resolve_device
from impasto.pictures import Picture
from impasto.pictures.sheet import contact_sheet
from impasto.training.contents import THUMBNAILS, random_thumbnails
from impasto.training.crops import to_tensor
from impasto.training.data import PictureBank
from impasto.training.distill_settings import DistillTraining
from impasto.training.distillation import relative_error
from impasto.training.optimizer import AdamOptimizer, FilterOptimizer
from impasto.training.painter_losses import style_errors
from impasto.training.pool import Pool
from impasto.training.style_views import Wanted, together, wanted_of
from impasto.training.task import Chance, Losses, Player, Task
from impasto.training.teacher import Lesson, Teacher, batch, palette, unit

FEATURE_LAYERS = STYLE_LAYERS[:4]
_LESSONS = 2**31  # a purpose of chance that is no step's number
_FIRST = 16  # lessons that tell the teacher's palette
_SHOWN = 4
_STYLE_SIDE = 512  # at which a style picture is looked at
_MULTIPLE = 16  # channels: as many numbers as wide processors take at once


class DistillTask(Task[DistillTraining]):
    """Teaches a small painter a style of a large one; see `Task`.

    Args:
        settings: see `DistillTraining`.
        teacher: a painter in the style.
        judge: the loss network.
        photos: training pictures.
        name: of the style.
        style: its picture, where there is one.

    Raises:
        UsageError: a loss on the style's Gram matrices is asked for, but there is no picture of it.
    """

    def __init__(
        self,
        settings: DistillTraining,
        teacher: Teacher,
        judge: Encoder,
        photos: PictureBank,
        *,
        name: str,
        style: Picture | None = None,
    ) -> None:
        if settings.gram_weight and style is None:
            raise UsageError(
                f"There is no picture of the style {name!r} to take Gram matrices of.",
                hint="Name a picture as --style, or set gram_weight to 0.",
            )
        self.settings, self._teacher, self.photos, self.banks = settings, teacher, photos, (photos,)
        self.device = resolve_device(settings.device)
        self.judge = judge.eval().requires_grad_(False).on(self.device)
        self.lessons = Pool(settings.pairs, self._lesson)
        self.lessons.ready(min(_FIRST, settings.pairs) - 1)
        self._shown = self.lessons.things[:_SHOWN]
        found = palette(self.lessons.things)
        recolours = found.own if settings.palette == "auto" else settings.palette == "style"
        torch.manual_seed(settings.seed)
        network = JohnsonNetwork(student_design(settings, recolours=recolours), [name], found.colours)
        self.network = network.to(self.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._wanted = None if style is None else self._look(style)
        self.shipped = self.network
        filters, table = FilterOptimizer(self.network.content), AdamOptimizer(self.network.style)
        optimizers = ((filters, settings.learning_rate), (table, settings.table_learning_rate))
        self.players = (Player("student", self.network, optimizers),)

    def _lesson(self, n: int) -> Lesson:
        s = self.settings
        crop = self.photos.crop(np.random.default_rng((s.seed, _LESSONS, n)), s.size, scales=s.zoom)
        return self._teacher.lesson(crop, n)

    @torch.no_grad()
    def _look(self, style: Picture) -> Wanted:
        factor = min(1.0, _STYLE_SIDE / max(style.size))
        width, height = (max(32, round(side * factor)) for side in style.size)
        picture = to_tensor(style.resized((width, height)).over())[None].to(self.device)
        return wanted_of(picture, self.judge(picture, STYLE_LAYERS))

    def ready(self, step: int) -> None:
        self.lessons.ready(self.settings.pairs - 1 + step // self.settings.renew_every)

    # -- losses

    def losses(self, player: Player, samples: range, chance: Chance) -> Losses:
        known = self.lessons.things
        lessons = [known[chance(n).integers(len(known))] for n in samples]
        contents = batch([lesson.content for lesson in lessons]).to(self.device)
        paintings = batch([lesson.painting for lesson in lessons]).to(self.device)
        thumbnails = random_thumbnails(contents, chance(THUMBNAILS), self.settings)
        codes = torch.ones(len(lessons), 1, device=self.device)
        painted = self.network(contents, thumbnails, codes, seed=[lesson.seed for lesson in lessons])
        return self._compared(painted.float(), paintings)

    def _compared(self, painted: Tensor, paintings: Tensor) -> Losses:
        s = self.settings
        layers = STYLE_LAYERS if s.gram_weight else FEATURE_LAYERS
        with torch.no_grad():
            wanted = self.judge(paintings, FEATURE_LAYERS)
        found = self.judge(painted.clamp(-0.5, 1.5), layers)
        errors = [relative_error(found[k].float(), wanted[k].float(), floor=0.01) for k in FEATURE_LAYERS]
        losses: Losses = {
            "pixels": (s.pixel_weight, (painted - paintings).abs().mean()),
            "features": (s.feature_weight, torch.stack(errors).mean()),
        }
        if s.gram_weight and self._wanted is not None:
            gram, _ = style_errors(found, together([self._wanted] * len(painted)).moments)
            losses["gram"] = (s.gram_weight, gram)
        return losses

    # -- the run

    @torch.no_grad()
    def sheet(self, weights: Mapping[str, Tensor]) -> Picture:
        """In each row a photograph, the teacher's painting and the student's."""
        network = copy.deepcopy(self.network).eval()
        network.load_state_dict(weights)
        rows = []
        for content, painting, seed in self._shown:
            picture = batch([content]).to(self.device)
            painted = network(picture, picture, torch.ones(1, 1, device=self.device), seed=seed)[0].clamp(0, 1)
            pixels = [unit(content), unit(painting), painted.cpu().permute(1, 2, 0).numpy()]
            rows.append([(Picture(np.ascontiguousarray(its)), "") for its in pixels])
        return contact_sheet(rows, cell=self.settings.size)

    def write(self, folder: Path, weights: Mapping[str, Tensor]) -> Path:
        path = folder / "student.safetensors"
        save_johnson(self.network, path, weights=weights)
        return path


def student_design(settings: DistillTraining, *, recolours: bool = True) -> Design:
    """The usual design of the student's kind, times its width; at 1/2 of the size it is as wide as usual, where the
    drawing of the photograph passes.
    """
    kind = MobileDesign if settings.student == "mobilenet" else ContentDesign
    usual = kind()
    quarter, eighth = (scaled(side, settings.width, multiple=_MULTIPLE) for side in (usual.quarter, usual.eighth))
    return kind(quarter=quarter, eighth=eighth, recolours=recolours)
