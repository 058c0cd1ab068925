"""A model in eight bits beside the one that it was made of: sizes, times, and how much their paintings differ."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from impasto.features import Encoder, load_encoder
from impasto.losses.content import content_error
from impasto.losses.scores import CONTENT_LAYER, Scores, scores
from impasto.painters import WeightedStyle
from impasto.pictures import Picture
from impasto.runtime.fast import FastPainter, FastSettings
from impasto.runtime.opening import open_painter
from impasto.runtime.plain import PlainPainter
from impasto.runtime.registry import ModelEntry
from impasto.styles.code import StyleCode

_TIMED = 1024, 768
_TIMES = 5
# Side by side at 100 %, 32.5 dB and 0.925 showed as noise on skin, 40 dB and 0.99 did not show.
_LEAST_PSNR, _LEAST_SSIM = 34.0, 0.96

AnyPainter = FastPainter | PlainPainter
Floats = NDArray[np.float32]


class Job(NamedTuple):
    """A picture, and the style to paint it in; None: the only one that the painter has."""

    content: Picture
    style: Picture | StyleCode | None


@dataclass(frozen=True)
class Comparison:
    """Attributes:
    bytes: of the files, before and after.
    seconds: for a painting, before and after: the fastest of a few, taken in turns.
    timed: (width, height) of that painting.
    likeness: of paintings after to those before, picture by picture; at least one.
    content: how much of the photographs is lost, before and after; see `content_error`.
    """

    bytes: tuple[int, int]
    seconds: tuple[float, float]
    likeness: tuple[Scores, ...]
    content: tuple[float, float]
    timed: tuple[int, int] = _TIMED

    @property
    def mean(self) -> Scores:
        """The mean likeness."""
        return Scores(**{name: mean(asdict(its)[name] for its in self.likeness) for name in Scores.__annotations__})

    @property
    def worst(self) -> Scores:
        """The worst of each score, which need not be of one picture."""
        each = self.likeness
        return Scores(
            content=max(its.content for its in each),
            style=max(its.style for its in each),
            ssim=min(its.ssim for its in each),
            psnr=min(its.psnr for its in each),
        )

    @property
    def complaints(self) -> list[str]:
        """What speaks against the model in eight bits, a sentence each."""
        found = []
        before, after = self.seconds
        if after > 1.02 * before:
            found.append(f"Slower: {before * 1000:.0f} → {after * 1000:.0f} ms on this machine.")
        if self.bytes[1] >= self.bytes[0]:
            found.append(f"No smaller: {self.bytes[0]} → {self.bytes[1]} bytes.")
        if self.mean.psnr < _LEAST_PSNR or self.mean.ssim < _LEAST_SSIM:
            alike = f"PSNR {self.mean.psnr:.1f} dB, SSIM {self.mean.ssim:.3f}"
            found.append(f"Worse: paintings differ visibly ({alike}). A larger --least leaves more in floats.")
        return found

    def as_json(self) -> dict[str, Any]:
        """Numbers, texts and lists of these, by name."""
        return {
            "bytes": list(self.bytes),
            "seconds": [round(value, 5) for value in self.seconds],
            "timed": list(self.timed),
            "content": [round(value, 5) for value in self.content],
            "mean": _rounded(self.mean),
            "worst": _rounded(self.worst),
            "pictures": len(self.likeness),
            "complaints": self.complaints,
        }


def compare(before: Path, after: Path, jobs: Sequence[Job], *, threads: int | None = None) -> Comparison:
    """
    Args:
        before, after: files of a model and of the same in eight bits; files that belong to them lie beside.
        jobs: what to paint with both, at least one picture.
        threads: of the painters; see `FastSettings`.
    """
    painters = [open_painter(path, FastSettings(threads=threads, device="cpu")) for path in (before, after)]
    encoder = load_encoder(layers=("relu5_1",))
    likeness, content = [], []
    for photo, first, second in _painted(painters, jobs):
        likeness.append(scores(second, first, encoder))
        content.append([_content(painting, photo, encoder) for painting in (first, second)])
    old, new = (mean(values) for values in zip(*content, strict=True))
    return Comparison((_bytes(before), _bytes(after)), _times(painters, jobs[0]), tuple(likeness), (old, new))


def prepared(painter: AnyPainter, style: Picture | StyleCode | None) -> StyleCode:
    """A style as a painter sees it."""
    wanted = next(iter(painter.codes.own.values())) if style is None else style
    return painter.prepare([WeightedStyle(wanted)])


def _painted(painters: Sequence[AnyPainter], jobs: Sequence[Job]) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Each picture, and its paintings: (1, 3, H, W)."""
    for content, style in jobs:
        first, second = (painter.paint(content, prepared(painter, style)).picture.over() for painter in painters)
        yield _tensor(content.over()), _tensor(first), _tensor(second)


def _times(painters: Sequence[AnyPainter], job: Job) -> tuple[float, float]:
    content = job.content.resized(_TIMED)
    taken: list[list[float]] = [[] for _ in painters]
    styles = [prepared(painter, job.style) for painter in painters]
    for n in range(_TIMES + 2):  # two to warm up: from its second painting on, a painter is at its best
        for painter, style, its in zip(painters, styles, taken, strict=True):
            began = time.perf_counter()
            painter.paint(content, style)
            if n >= 2:
                its.append(time.perf_counter() - began)
    before, after = (min(its) for its in taken)
    return before, after


def _bytes(path: Path) -> int:
    return sum(file.stat().st_size for file in ModelEntry(path.stem, path, "file").files)


def _content(painting: Tensor, photo: Tensor, encoder: Encoder) -> float:
    with torch.no_grad():
        seen, wanted = (encoder(picture, (CONTENT_LAYER,))[CONTENT_LAYER] for picture in (painting, photo))
        return content_error(seen, wanted).item()


def _tensor(pixels: Floats) -> Tensor:
    """(H, W, 3) → (1, 3, H, W)."""
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].contiguous()


def _rounded(its: Scores) -> dict[str, float]:
    return {name: round(value, 5) for name, value in asdict(its).items()}
