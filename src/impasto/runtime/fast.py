"""The fast painter: one pass through a small network, on ONNX Runtime.

Networks come from many families, as files with one contract: from a thumbnail and a style code they find the
modulation, from the modulation and the picture, or a part of it, the painting. Some have a style side that makes codes
from any picture, some know a few styles by name.
"""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from impasto.errors import UsageError, WeightsFormatError, shortened
from impasto.grain import CELL, grain
from impasto.painters import Painting, Progress, ProgressCallback, ShouldStop, Stop, WeightedStyle
from impasto.pictures import CompactPicture, Picture
from impasto.pictures.resize import painted_size, resize
from impasto.records import check_ranges
from impasto.runtime.canvas import canvas_for
from impasto.runtime.devices import AUTO
from impasto.runtime.early import take
from impasto.runtime.network import Function, Network
from impasto.runtime.tiles import tiles
from impasto.styles.code import KnownCodes, StyleCode, blend

KIND = "impasto-painter"
STYLE_SIDE = "-style.onnx"  # what the names of style sides end with
SHIPPED = Path(__file__).resolve().parent.parent / "models" / "swift.onnx"

Floats = NDArray[np.float32]

BRUSHES = (0.5, 1.0, 2.0)

# Pixels of a thumbnail and of a style picture as the network sees them, close to what it was trained on.
THUMBNAIL_AREA = 416 * 296
LONGEST_STYLE = 448
SMALLEST = 32

MEASURED = "thumbnail", "thumbnail_grain", "code"

# Wider than the shelf's rule, as training calls styles as their files: only what is no name of a file is refused.
_STYLE_NAME = re.compile(r"(?!\.{1,2}$)[^/\\\x00-\x1f\x7f\ud800-\udfff]+")


@dataclass(frozen=True)
class FastSettings:
    """How the fast painter paints.

    Attributes:
        strength: 0 is the content picture, 1 the style in full; above 1 it goes beyond the style.
        brush: size of the style's marks; 2 makes strokes larger, 0.5 finer.
        size: long side of the painting in pixels, or (width, height); None paints at the content picture's own size.
        tile: side of the parts in which large pictures are painted, in pixels; it bounds the memory and changes nothing
            else. None means 1280, and 640 for pictures of print size.
        seed: of the grain that plain areas are painted from: another one, other strokes there.
        device, threads: see `Network`.
    """

    strength: float = 1.0
    brush: float = 1.0
    size: int | tuple[int, int] | None = None
    tile: int | None = None
    seed: int = 0
    device: str = AUTO
    threads: int | None = None

    def __post_init__(self) -> None:
        check_ranges(self, _RANGES)


_RANGES: dict[str, tuple[float, float]] = {
    "strength": (0, 1.5),
    "brush": (0.5, 2),
    "size": (1, 1 << 17),
    "tile": (64, 16384),
    "seed": (0, 2**63 - 1),
    "threads": (1, 1024),
}


class Opened(NamedTuple):
    """The content side, and its first part, rather ready soon than fast."""

    network: Network
    modulation: Function


def open_network(path: Path, device: str = AUTO, threads: int | None = None) -> Opened:
    """Open the content side in a file; see `Network`."""
    network = _network(path, device, threads)
    return Opened(network, network.function("modulation", *MEASURED, soon=True))


def style_side(content: Path) -> Path:
    """Where the style side belonging to the content side in a file lies, if it has one."""
    return content.with_name(f"{content.stem}{STYLE_SIDE}")


def style_name(told: object, file: str) -> str:
    """The name of a style, as a network in `file` tells it.

    Raises:
        WeightsFormatError: no style can be called so.
    """
    if not isinstance(told, str) or not _STYLE_NAME.fullmatch(told):
        raise WeightsFormatError(f"{file} can't have a style called {shortened(str(told))!r}.")
    return told


def _network(path: Path, device: str, threads: int | None) -> Network:
    return Network(path, kind=KIND, device=device, threads=threads)


class FastPainter:
    """Paints in one pass through a small network; see `Painter`.

    Args:
        network: file of the content side, `NAME.onnx`; `NAME-style.onnx` may lie beside it.

    Attributes:
        name: the family of networks that it is of.
        styles: codes of the styles that it knows by name. Where there are none, its style side makes codes from
            pictures.
    """

    def __init__(self, network: Path, settings: FastSettings | None = None) -> None:
        self.settings = settings or FastSettings()
        self._file, self._how = network, (self.settings.device, self.settings.threads)
        early = take(network) if self._how == (AUTO, None) else None
        self.content, self._modulation = early or open_network(network, *self._how)
        self._paintings, self._settled = 0, False
        self.multiple = self.content.number("multiple", 1, 64)
        self.margin = self.content.number("margin", 0, 4096)
        self._code_length = self.content.number("code_length", 1, 1_000_000)
        self.name = self.content.metadata.get("family", "swift")
        self.styles = self._own_styles()
        if self.margin % self.multiple:
            raise WeightsFormatError(f"{network.name} has a margin that is no multiple of {self.multiple}.")
        if self.styles and self.settings.strength > 1:
            raise UsageError(
                f"The model {self._network_name!r} can't go beyond its styles.", hint="Ask for a strength of 1 at most."
            )

    def prepare(self, styles: Sequence[WeightedStyle]) -> StyleCode:
        """The code of the styles, blended by weight, for the brush of the settings.

        Raises:
            UsageError: see `Painter.prepare`.
            WeightsFormatError: a code is for another network.
        """
        codes = [self._as_code(style.style) for style in styles]
        return blend(codes, [style.weight for style in styles])

    def look(self, picture: Picture, brushes: Sequence[float] = BRUSHES) -> StyleCode:
        """The code of a style picture, for each of these brushes."""
        values = np.stack([self._code_of(picture.over(), brush) for brush in brushes])
        return StyleCode(values, tuple(brushes), self._network_name)

    @property
    def codes(self) -> KnownCodes:
        """What it takes for styles, beside pictures."""
        return KnownCodes(self._network_name, self.styles)

    def _own_styles(self) -> dict[str, StyleCode]:
        try:
            names = json.loads(self.content.metadata.get("styles", "[]"))
            if not isinstance(names, list) or (names and len(names) != self._code_length):
                raise ValueError(names)
        except (ValueError, RecursionError) as error:
            raise WeightsFormatError(f"{self._file.name} does not say its styles.") from error
        shares = np.eye(len(names), dtype=np.float32)
        return {
            style_name(name, self._file.name): StyleCode(row[None], (1.0,), self._network_name)
            for name, row in zip(names, shares, strict=True)
        }

    def _as_code(self, style: Picture | StyleCode) -> StyleCode:
        brush = self.settings.brush
        if isinstance(style, Picture):
            return self.look(style, (brush,))
        self._check(style)
        if brush not in style.brushes and len(style.brushes) == 1:
            raise UsageError(
                f"The style has no brush but {style.brushes[0]:g}.",
                hint="Leave the brush out, or paint with another model.",
            )
        return replace(style, values=style.at(brush)[None], brushes=(brush,))

    @property
    def about(self) -> dict[str, str]:
        """Name of the network, and what it runs on."""
        return {"network": self._network_name, "device": self.content.device}

    @property
    def _network_name(self) -> str:
        return self.content.metadata.get("name", "")

    def _check(self, code: StyleCode) -> None:
        if code.network != self._network_name:
            raise WeightsFormatError(
                f"The style code is for the network {code.network!r}, not {self._network_name!r}.",
                hint="Make it anew from its picture: impasto styles add PICTURE --name NAME --overwrite",
            )
        if code.values.shape[1:] != (self._code_length,):
            raise WeightsFormatError("The style code is damaged.", hint="Make it anew from its picture.")

    def paint(
        self,
        content: Picture,
        style: StyleCode,
        *,
        progress: ProgressCallback | None = None,
        should_stop: ShouldStop | None = None,
    ) -> Painting:
        """See `Painter.paint`. Stopped early, what is not painted yet stays as the content picture is.

        Raises:
            OutOfMemoryError
        """
        began = time.monotonic()
        content = content.resized(painted_size(content.size, self.settings.size))
        modulation = self._modulate(*self._measured(content, style))
        network = _ForShape(self.content, modulation)
        strength = self.settings.strength
        share = strength if self.styles else opacity(strength)
        canvas = canvas_for(content, self.multiple)
        tile = _rounded(self.settings.tile or canvas.tile, self.multiple)
        parts = tiles(canvas.size, tile, self.margin, multiple=self.multiple)
        if len(parts) > 1:
            canvas.begin()
        stop: Stop = "finished"
        steps = 0
        for n, part in enumerate(parts):
            if should_stop is not None and should_stop():
                stop = "interrupted"
                if n == 0:
                    canvas.begin()
                break
            canvas.put(part, network(canvas.around(part), canvas.grain(part, self.settings.seed)), share)
            steps = n + 1
            if progress is not None:
                seconds = time.monotonic() - began
                progress(one_pass(n + 1, len(parts), content.size, seconds, lambda: canvas.painted.pixels.copy()))
        facts: dict[str, str | int | float | bool]
        facts = {"painter": self.name, "device": self.content.device, "tiles": len(parts)}
        return Painting(canvas.painted, stop, time.monotonic() - began, facts, steps)

    def settle(self) -> None:
        """Take the time now that the second painting would take: from here on the same picture and style give the same
        painting to the bit, however many came before.
        """
        if not self._settled:
            self._modulation = self.content.function("modulation", *MEASURED)
            self._settled = True

    def inputs(self, content: Picture, style: StyleCode) -> dict[str, Floats]:
        """What the network is given to paint a whole picture, by name, for those who look into it.

        Args:
            content: of the size to paint.
            style: from `prepare`.
        """
        canvas = canvas_for(content, self.multiple)
        (whole,) = tiles(canvas.size, max(canvas.size), self.margin, multiple=self.multiple)
        seen = {"picture": canvas.around(whole), "grain": canvas.grain(whole, self.settings.seed)}
        return seen | dict(zip(MEASURED, self._measured(content, style), strict=True))

    def _measured(self, content: Picture, style: StyleCode) -> tuple[Floats, Floats, Floats]:
        """What the modulation is found from."""
        thumbnail = _as_batch(self._thumbnail(content))
        height, width = thumbnail.shape[2:]
        its_grain = grain((0, height // CELL), (0, width // CELL), seed=self.settings.seed)
        return thumbnail, its_grain[None], self._strengthened(style, content)

    def _modulate(self, *measured: Floats) -> Floats:
        self._paintings += 1
        if self._paintings == 2:  # whoever paints more than one picture gets it optimised
            self.settle()
        return self._modulation(*measured)

    @cached_property
    def _code(self) -> Function:
        # Opened when it is needed: named styles have their codes.
        if self.styles:
            raise UsageError(
                f"The model {self._network_name!r} paints in its own styles only: {', '.join(self.styles)}.",
                hint="Name one of them, or leave the model out to paint in the style of any picture.",
            )
        return _network(style_side(self._file), *self._how).function("code", "style")

    def _code_of(self, pixels: Floats, brush: float = 1.0) -> Floats:
        """(D,) of a style picture."""
        height, width = pixels.shape[:2]
        size = _inside((width, height), LONGEST_STYLE, brush)
        codes = self._code(_as_batch(resize(pixels, size)))
        return np.asarray(codes[0])

    def _strengthened(self, style: StyleCode, content: Picture) -> Floats:
        """(1, D): on the line from the content picture's own code (0) through the style's (1)."""
        self._check(style)
        values = style.at(self.settings.brush)
        if self.settings.strength == 1 or self.styles:
            return values[None]
        compact = isinstance(content, CompactPicture)
        identity = self._code_of(content.thumbnail(_inside(content.size, LONGEST_STYLE)) if compact else content.over())
        return np.asarray(identity + self.settings.strength * (values - identity), np.float32)[None]

    def _thumbnail(self, content: Picture) -> Floats:
        return content.thumbnail(thumbnail_size(content.size, self.multiple))


class _ForShape:
    """The network with a modulation, made anew for each shape of pictures that follows another one."""

    def __init__(self, content: Network, modulation: Floats) -> None:
        self._content, self._modulation = content, modulation
        self._shape: tuple[int, ...] = ()

    def __call__(self, picture: Floats, grain: Floats) -> Floats:
        if picture.shape != self._shape:
            shapes = {"picture": picture.shape, "grain": grain.shape}
            given = {"modulation": self._modulation}
            self._function = self._content.function("squares", "picture", "grain", given=given, shapes=shapes)
            self._shape = picture.shape
        return self._function(picture, grain)


def thumbnail_size(content: tuple[int, int], multiple: int) -> tuple[int, int]:
    """(width, height) of the thumbnail from which the modulation of a content picture of (width, height) is found."""
    factor = min(1.0, math.sqrt(THUMBNAIL_AREA / (content[0] * content[1])))
    width, height = (_rounded(side * factor, multiple) for side in content)
    return width, height


def _as_batch(pixels: Floats) -> Floats:
    """(H, W, 3) → (1, 3, H, W)."""
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)[None], np.float32)


def _inside(size: tuple[int, int], side: int, brush: float = 1.0) -> tuple[int, int]:
    """(width, height) made small, so that the longer side is `side` at most, then scaled."""
    factor = min(1.0, side / max(size)) * brush
    return max(SMALLEST, round(size[0] * factor)), max(SMALLEST, round(size[1] * factor))


def _rounded(side: float, multiple: int) -> int:
    return max(SMALLEST, round(side / multiple) * multiple)


def opacity(strength: float) -> float:
    """How much of the painting shows: none at 0, nearly all from 0.5 on, all at 1."""
    return 1.0 if strength >= 1 else 1 - (1 - strength) ** 4


def one_pass(n: int, count: int, size: tuple[int, int], seconds: float, preview: Callable[[], Floats]) -> Progress:
    """Part `n` of `count` is painted."""
    return Progress(
        scale=1,
        scales=1,
        size=size,
        iteration=n,
        iterations=count,
        loss=0.0,
        losses={},
        seconds=seconds,
        fraction=n / count,
        preview=preview,
    )
