"""The painter that optimises: the pyramid from coarse to fine, each scale started from the one before."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from impasto.errors import OutOfMemoryError, UsageError
from impasto.features.encoder import Encoder
from impasto.features.weights import load_encoder
from impasto.optimize.border import cut, enlarged, widened
from impasto.optimize.engine import ScaleResult, ScaleRun, Step
from impasto.optimize.hardware import resolve_device, resolve_precision
from impasto.optimize.objective import Objective
from impasto.optimize.pyramid import Scale, plan, style_size
from impasto.optimize.settings import Settings
from impasto.painters import Painting, Progress, ProgressCallback, ShouldStop, Stop, WeightedStyle
from impasto.pictures import Picture, resize
from impasto.styles.code import StyleCode
from impasto.styles.shares import shares


@dataclass(frozen=True)
class PreparedStyles:
    """Style pictures with shares that add up to 1. Their targets depend on the size painted at, so they are computed
    scale by scale.
    """

    styles: tuple[tuple[Picture, float], ...]


class OptimizationPainter:
    """Paints by optimising the picture itself (Gatys et al. 2016), coarse to fine.

    Args:
        settings: what to optimise and how.
        start: a picture to start from, instead of `settings.start`.
    """

    name = "optimize"

    def __init__(self, settings: Settings | None = None, *, start: Picture | None = None) -> None:
        self.settings = settings or Settings()
        self.start = start
        self.device = resolve_device(self.settings.device)
        self.precision = resolve_precision(self.settings.precision, self.device)
        self.encoder = self._load_encoder()

    def prepare(self, styles: Sequence[WeightedStyle]) -> PreparedStyles:
        """See `Painter.prepare`.

        Raises:
            UsageError: a style is a code, not a picture.
        """
        parts = shares([style.weight for style in styles])
        return PreparedStyles(tuple((_picture(s.style), part) for s, part in zip(styles, parts, strict=True)))

    def paint(
        self,
        content: Picture,
        style: PreparedStyles,
        *,
        progress: ProgressCallback | None = None,
        should_stop: ShouldStop | None = None,
        start: Picture | None = None,
        began: float | None = None,
    ) -> Painting:
        """See `Painter.paint`.

        Args:
            start: the picture to start from, for this painting alone.
            began: when work on it began (`time.monotonic`), if that was earlier: the settings' `seconds` count from
                there.

        Raises:
            OutOfMemoryError, DivergedError
        """
        began = time.monotonic() if began is None else began
        start = start or self.start
        scales = plan(content.size, self.settings)
        picture: Tensor | None = None
        stop: Stop = "finished"
        iterations, losses = 0, []
        try:
            for number, scale in enumerate(scales, 1):
                reporter = _Reporter(progress, number, scales, began, self.settings.margin)
                result = self._paint_scale(content, style, scale, picture, start, reporter, should_stop)
                picture, stop = result.picture, result.stop
                iterations += result.iterations
                losses.append(result.loss)
                if stop == "interrupted":
                    break
        except RuntimeError as error:
            if _is_out_of_memory(error):
                raise _out_of_memory(self.settings) from error
            raise
        assert picture is not None
        pixels = _to_pixels(cut(picture, self.settings.margin))
        if (pixels.shape[1], pixels.shape[0]) != scales[-1].size:
            pixels = resize(pixels, scales[-1].size)
        facts: dict[str, str | int | float | bool] = {
            "painter": self.name,
            "encoder": self.encoder.name,
            "device": str(self.device),
            "precision": str(self.precision).removeprefix("torch."),
            "iterations": iterations,
        }
        if math.isfinite(losses[-1]):  # there is none where time was up before the first step
            facts["loss"] = losses[-1]
        return Painting(content.with_pixels(pixels), stop, time.monotonic() - began, facts, iterations)

    def _paint_scale(
        self,
        content: Picture,
        style: PreparedStyles,
        scale: Scale,
        before: Tensor | None,
        begin: Picture | None,
        reporter: _Reporter,
        should_stop: ShouldStop | None,
    ) -> ScaleResult:
        settings = self.settings
        margin = settings.margin
        objective = Objective(self.encoder, settings.losses, precision=self.precision, margin=margin)
        small = self._tensor(content, scale.size)
        styles = [
            (self._tensor(picture, style_size(picture.size, scale.size, settings)), share)
            for picture, share in style.styles
        ]
        bound = objective.bind(widened(small, margin), styles)
        deadline = None if settings.seconds is None else reporter.began + settings.seconds * scale.ends
        if before is None:
            picture = widened(self._start(small, styles, scale, begin), margin)
        else:
            picture = self._enlarged(before, scale)
        return ScaleRun(
            bound,
            picture,
            settings,
            iterations=scale.iterations,
            deadline=deadline,
            on_step=reporter if reporter.progress else None,
            should_stop=should_stop,
        ).run()

    def _start(
        self, content: Tensor, styles: Sequence[tuple[Tensor, float]], scale: Scale, begin: Picture | None
    ) -> Tensor:
        """The picture that the first scale starts from: `begin`, else as the settings ask."""
        if begin is not None:
            return self._tensor(begin, scale.size)
        if self.settings.start == "style":
            return self._array_to_tensor(resize(_to_pixels(styles[0][0]), scale.size))
        if self.settings.start == "noise":
            noise = np.random.default_rng(self.settings.seed).random((scale.size[1], scale.size[0], 3), np.float32)
            return self._array_to_tensor(noise)
        return content

    def _enlarged(self, before: Tensor, scale: Scale) -> Tensor:
        """What the scale before painted, its margin included, at this scale's size with this scale's margin.

        Mirrored anew at each scale, the border would become an axis of symmetry that one sees.
        """
        return self._array_to_tensor(enlarged(_to_pixels(before), scale.size, self.settings.margin))

    def _tensor(self, picture: Picture, size: tuple[int, int]) -> Tensor:
        return self._array_to_tensor(picture.pixels if picture.size == size else resize(picture.pixels, size))

    def _array_to_tensor(self, pixels: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> Tensor:
        tensor = torch.from_numpy(np.ascontiguousarray(pixels)).permute(2, 0, 1)[None]
        return tensor.to(self.device, memory_format=torch.channels_last)

    def _load_encoder(self) -> Encoder:
        settings = self.settings
        layers = {layer for loss in settings.losses for layer in (*loss.content_layers, *loss.style_layers)}
        encoder = load_encoder(
            settings.encoder, layers=sorted(layers), padding=settings.padding, pooling=settings.pooling
        )
        encoder.checkpointing = settings.checkpointing
        return encoder.on(self.device)


def _picture(style: Picture | StyleCode) -> Picture:
    if isinstance(style, Picture):
        return style
    raise UsageError(
        "A style code can't be painted by optimisation, which looks at the style picture itself.",
        hint="Name the picture, or a style that Impasto draws.",
    )


class _Reporter:
    """Turns the engine's steps into `Progress`."""

    def __init__(
        self, progress: ProgressCallback | None, number: int, scales: Sequence[Scale], began: float, margin: int
    ) -> None:
        self.progress, self.number, self.scales, self.began = progress, number, scales, began
        self.margin = margin

    def __call__(self, step: Step) -> None:
        assert self.progress is not None
        scale = self.scales[self.number - 1]
        share = min(1.0, step.iteration / scale.iterations)
        self.progress(
            Progress(
                scale=self.number,
                scales=len(self.scales),
                size=scale.size,
                iteration=step.iteration,
                iterations=scale.iterations,
                loss=step.loss,
                losses=step.terms,
                seconds=time.monotonic() - self.began,
                fraction=scale.begins + (scale.ends - scale.begins) * share,
                preview=lambda: _to_pixels(cut(step.picture, self.margin)),
            )
        )


def _to_pixels(picture: Tensor) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    pixels: np.ndarray[tuple[int, ...], np.dtype[np.float32]] = picture[0].clamp(0, 1).permute(1, 2, 0).cpu().numpy()
    return np.ascontiguousarray(pixels)


def _is_out_of_memory(error: RuntimeError) -> bool:
    """torch tells a lack of memory as a plain RuntimeError on the CPU."""
    text = str(error).lower()
    return isinstance(error, torch.OutOfMemoryError) or "not enough memory" in text or "can't allocate memory" in text


def _out_of_memory(settings: Settings) -> OutOfMemoryError:
    hint = "Ask for a smaller --size" + ("." if settings.checkpointing else ", or add --checkpointing.")
    return OutOfMemoryError("There is not enough memory for a painting of this size.", hint=hint)
