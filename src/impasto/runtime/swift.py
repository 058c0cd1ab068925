"""The fast painter: any style in one pass, on ONNX Runtime."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from impasto.errors import WeightsFormatError
from impasto.painters import Painting, Progress, ProgressCallback, ShouldStop, Stop, WeightedStyle
from impasto.pictures import Picture
from impasto.pictures.resize import painted_size, resize, thumbnail
from impasto.records import check_ranges
from impasto.runtime.devices import AUTO
from impasto.runtime.network import Function, Network
from impasto.runtime.tiles import Tile, tiles
from impasto.styles.code import StyleCode, blend

KIND = "impasto-swift"
SHIPPED = Path(__file__).resolve().parent.parent / "models" / "swift.onnx"

Floats = NDArray[np.float32]

BRUSHES = (0.5, 1.0, 2.0)

# Pixels of a thumbnail and of a style picture as the network sees them, close to what it was trained on.
_THUMBNAIL_AREA = 400 * 300
_STYLE_SIDE = 512
_SMALLEST = 32
# The picture goes on for so many pixels beyond its border, mirrored, so that the network's zeros there don't show.
_BORDER = 16
_PAIR = np.dtype((np.void, 24))  # of pixels


@dataclass(frozen=True)
class SwiftSettings:
    """How the fast painter paints.

    Attributes:
        strength: 0 is the content picture, 1 the style in full; above 1 it goes beyond the style.
        brush: size of the style's marks; 2 makes strokes larger, 0.5 finer.
        size: long side of the painting in pixels, or (width, height); None paints at the content picture's own size.
        tile: side of the parts in which large pictures are painted, in pixels; it bounds the memory and changes nothing
            else.
        device, threads: see `Network`.
    """

    strength: float = 1.0
    brush: float = 1.0
    size: int | tuple[int, int] | None = None
    tile: int = 2048
    device: str = AUTO
    threads: int | None = None

    def __post_init__(self) -> None:
        check_ranges(self, _RANGES)


_RANGES: dict[str, tuple[float, float]] = {
    "strength": (0, 1.5),
    "brush": (0.5, 2),
    "size": (1, 1 << 17),
    "tile": (64, 16384),
    "threads": (1, 1024),
}


class SwiftPainter:
    """Paints in one pass through a small network; see `Painter`.

    Args:
        network: file of the content side, `NAME.onnx`; `NAME-style.onnx` lies beside it.
    """

    name = "swift"

    def __init__(self, network: Path, settings: SwiftSettings | None = None) -> None:
        self.settings = settings or SwiftSettings()
        how = {"kind": KIND, "device": self.settings.device, "threads": self.settings.threads}
        self._file, self._how = network, how
        self.content = Network(network, **how)  # type: ignore[arg-type]
        self._modulation = self.content.function("modulation", "thumbnail", "code", soon=True)
        self.multiple = self.content.number("multiple", 1, 64)
        self.margin = self.content.number("margin", 0, 4096)
        self._code_length = self.content.number("code_length", 1, 1_000_000)
        if self.margin % self.multiple:
            raise WeightsFormatError(f"{network.name} has a margin that is no multiple of {self.multiple}.")

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

    def _as_code(self, style: Picture | StyleCode) -> StyleCode:
        brush = self.settings.brush
        if isinstance(style, Picture):
            return self.look(style, (brush,))
        self._check(style)
        return replace(style, values=style.at(brush)[None], brushes=(brush,))

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
        code = self._strengthened(style, content)
        modulation = self._modulation(_as_batch(self._thumbnail(content.pixels)), code)
        network = self.content.function("squares", "picture", given={"modulation": modulation})
        canvas = _Canvas(content.pixels, self.multiple)
        parts = list(tiles(canvas.size, _rounded(self.settings.tile, self.multiple), self.margin))
        if len(parts) > 1:
            canvas.begin()
        stop: Stop = "finished"
        for n, part in enumerate(parts):
            if should_stop is not None and should_stop():
                stop = "interrupted"
                if n == 0:
                    canvas.begin()
                break
            canvas.put(part, network(canvas.around(part)))
            if progress is not None:
                progress(_progress(n + 1, len(parts), content.size, time.monotonic() - began, canvas))
        out = canvas.painted
        share = _opacity(self.settings.strength)
        if share < 1:
            out = content.pixels + np.float32(share) * (out - content.pixels)
        facts: dict[str, str | int] = {"painter": self.name, "device": self.content.device, "tiles": len(parts)}
        return Painting(content.with_pixels(out), stop, time.monotonic() - began, dict(facts))

    @cached_property
    def _code(self) -> Function:
        # Opened when it is needed: named styles have their codes.
        file = self._file.with_name(f"{self._file.stem}-style.onnx")
        return Network(file, **self._how).function("code", "style")  # type: ignore[arg-type]

    def _code_of(self, pixels: Floats, brush: float = 1.0) -> Floats:
        """(D,) of a style picture."""
        height, width = pixels.shape[:2]
        factor = min(1.0, _STYLE_SIDE / max(height, width)) * brush
        size = max(_SMALLEST, round(width * factor)), max(_SMALLEST, round(height * factor))
        codes = self._code(_as_batch(resize(pixels, size)))
        return np.asarray(codes[0])

    def _strengthened(self, style: StyleCode, content: Picture) -> Floats:
        """(1, D): on the line from the content picture's own code (0) through the style's (1)."""
        self._check(style)
        values = style.at(self.settings.brush)
        if self.settings.strength == 1:
            return values[None]
        identity = self._code_of(content.over())
        return np.asarray(identity + self.settings.strength * (values - identity), np.float32)[None]

    def _thumbnail(self, pixels: Floats) -> Floats:
        height, width = pixels.shape[:2]
        factor = min(1.0, math.sqrt(_THUMBNAIL_AREA / (height * width)))
        return thumbnail(pixels, (_rounded(width * factor, self.multiple), _rounded(height * factor, self.multiple)))


class _Canvas:
    """A content picture mirrored beyond its border, up to multiples of what the network asks for, and its painting."""

    def __init__(self, pixels: Floats, multiple: int) -> None:
        height, width = pixels.shape[:2]
        self.pixels = pixels
        self.size = tuple(-(-(side + 2 * _BORDER) // multiple) * multiple for side in (width, height))
        self._rows = _mirrored(height, self.size[1])
        self._columns = _mirrored(width, self.size[0])
        # With even sides: paintings come in squares of four pixels.
        self._out = np.empty((height + height % 2, width + width % 2, 3), np.float32)

    @property
    def painted(self) -> Floats:
        """(H, W, 3): what has been put so far."""
        return self._out[: self.pixels.shape[0], : self.pixels.shape[1]]

    def begin(self) -> None:
        """Show the content picture where nothing is put yet."""
        self.painted[:] = self.pixels

    def around(self, part: Tile) -> Floats:
        """(1, 3, h, w): what the network looks at to paint a part."""
        rows = self._rows[part.rows.first : part.rows.last]
        columns = self._columns[part.columns.first : part.columns.last]
        inner_rows, inner_columns = (
            slice(max(0, _BORDER - span.first), max(0, min(span.last, _BORDER + side) - span.first))
            for span, side in ((part.rows, self.pixels.shape[0]), (part.columns, self.pixels.shape[1]))
        )
        seen = np.empty((1, 3, len(rows), len(columns)), np.float32)
        # Copied by place only beyond the border: inside, a slice does it several times as fast.
        inside = self.pixels[_bounds(rows[inner_rows]), _bounds(columns[inner_columns])]
        seen[0, :, inner_rows, inner_columns] = inside.transpose(2, 0, 1)
        for outer in (slice(0, inner_rows.start), slice(inner_rows.stop, None)):
            seen[0, :, outer] = self.pixels[rows[outer, None], columns].transpose(2, 0, 1)
        for outer in (slice(0, inner_columns.start), slice(inner_columns.stop, None)):
            seen[0, :, inner_rows, outer] = self.pixels[rows[inner_rows, None], columns[outer]].transpose(2, 0, 1)
        return seen

    def put(self, part: Tile, squares: Floats) -> None:
        """Take over what lies in the part and in the picture.

        Args:
            squares: (1, h / 2, w / 2, 12), what the network made of `around`.
        """
        # All counted in squares from here on.
        out = self._out.reshape(len(self._out), -1).view(_PAIR).reshape(len(self._out) // 2, 2, -1)
        border = _BORDER // 2
        (top, bottom), (left, right) = (
            [min(max(place // 2 - border, 0), room) for place in (span.start, span.stop)]
            for span, room in ((part.rows, len(out)), (part.columns, out.shape[2]))
        )
        y, x = top + border - part.rows.first // 2, left + border - part.columns.first // 2
        pairs = np.ascontiguousarray(squares[0]).view(_PAIR)  # two neighbours at once: three times as fast
        out[top:bottom, :, left:right] = pairs[y : y + bottom - top, x : x + right - left].transpose(0, 2, 1)


def _mirrored(length: int, total: int) -> NDArray[np.intp]:
    """Places in a side of `length` for `total` places that begin `_BORDER` before it, mirrored at both ends."""
    places = np.arange(total) - _BORDER
    period = max(1, 2 * (length - 1))
    places = np.abs((places + length - 1) % period - (length - 1)) if length > 1 else np.zeros_like(places)
    return places.astype(np.intp)


def _bounds(ascending: NDArray[np.intp]) -> slice:
    """The slice that takes these places, which follow one another."""
    return slice(ascending[0], ascending[-1] + 1) if len(ascending) else slice(0, 0)


def _as_batch(pixels: Floats) -> Floats:
    """(H, W, 3) → (1, 3, H, W)."""
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)[None], np.float32)


def _rounded(side: float, multiple: int) -> int:
    return max(_SMALLEST, round(side / multiple) * multiple)


def _opacity(strength: float) -> float:
    """How much of the painting shows: none at 0, nearly all from 0.5 on, all at 1."""
    return 1.0 if strength >= 1 else 1 - (1 - strength) ** 4


def _progress(n: int, count: int, size: tuple[int, int], seconds: float, canvas: _Canvas) -> Progress:
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
        preview=canvas.painted.copy,
    )
