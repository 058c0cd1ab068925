"""What the fast painter sees of a picture, tile by tile, and where its painting comes together."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from impasto.grain import CELL, grain
from impasto.pictures import CompactPicture, Picture
from impasto.runtime.tiles import Span, Tile

Floats = NDArray[np.float32]

# The picture goes on for so many pixels beyond its border, mirrored, so that the network's zeros there don't show.
# A multiple of the grain's cells.
BORDER = 56
_PAIR = np.dtype((np.void, 24))  # of pixels


def canvas_for(content: Picture, multiple: int) -> Canvas:
    """A canvas that keeps the painting as the content picture keeps its pixels.

    Args:
        multiple: what the sides of all that the network sees are multiples of.
    """
    return CompactCanvas(content, multiple) if isinstance(content, CompactPicture) else FloatCanvas(content, multiple)


class Canvas(ABC):
    """A content picture mirrored beyond its border, up to multiples of what the network asks for, and its painting.

    Attributes:
        size: (width, height) of the mirrored picture; tiles are counted in it.
        tile: the side of tiles that serves best, in pixels.
    """

    tile: int

    def __init__(self, content: Picture, multiple: int) -> None:
        self.sides = content.size
        width, height = (-(-(side + 2 * BORDER) // multiple) * multiple for side in content.size)
        self.size = width, height
        self._columns = mirrored(content.width, width, border=BORDER)
        self._rows = mirrored(content.height, height, border=BORDER)

    def around(self, part: Tile) -> Floats:
        """(1, 3, h, w): what the network looks at to paint a part."""
        rows = self._rows[part.rows.first : part.rows.last]
        columns = self._columns[part.columns.first : part.columns.last]
        place = rows.min(), columns.min()
        window = self._window(slice(place[0], rows.max() + 1), slice(place[1], columns.max() + 1))
        rows, columns = rows - place[0], columns - place[1]
        inner_columns, inner_rows = (
            slice(max(0, BORDER - span.first), max(0, min(span.last, BORDER + side) - span.first))
            for span, side in zip((part.columns, part.rows), self.sides, strict=True)
        )
        seen = np.empty((1, 3, len(rows), len(columns)), np.float32)
        # Copied by place only beyond the border: inside, a slice does it several times as fast.
        inside = window[_bounds(rows[inner_rows]), _bounds(columns[inner_columns])]
        seen[0, :, inner_rows, inner_columns] = inside.transpose(2, 0, 1)
        for outer in (slice(0, inner_rows.start), slice(inner_rows.stop, None)):
            seen[0, :, outer] = window[rows[outer, None], columns].transpose(2, 0, 1)
        for outer in (slice(0, inner_columns.start), slice(inner_columns.stop, None)):
            seen[0, :, inner_rows, outer] = window[rows[inner_rows, None], columns[outer]].transpose(2, 0, 1)
        return seen

    def grain(self, part: Tile, seed: int) -> Floats:
        """(1, 6, h / 4, w / 4): the grain of what `around` shows; its cells are counted from the picture's corner."""
        rows, columns = (
            ((span.first - BORDER) // CELL, (span.last - BORDER) // CELL) for span in (part.rows, part.columns)
        )
        return grain(rows, columns, seed=seed)[None]

    def _squares(self, part: Tile, squares: Floats) -> tuple[int, int, NDArray[np.void]]:
        """Of what the network painted, that which lies in the part and in the picture: (rows of squares, 2, columns) of
        pairs of pixels, and the row and the column, in squares, where it begins.
        """
        width, height = self.sides
        (top, bottom), (left, right) = _in_squares(part.rows, height), _in_squares(part.columns, width)
        y, x = top + BORDER // 2 - part.rows.first // 2, left + BORDER // 2 - part.columns.first // 2
        # Two neighbours at once are moved twice as fast as numbers one by one.
        pairs = np.ascontiguousarray(squares[0]).view(_PAIR)
        return top, left, pairs[y : y + bottom - top, x : x + right - left].transpose(0, 2, 1)

    @property
    @abstractmethod
    def painted(self) -> Picture:
        """The painting as it stands."""

    @abstractmethod
    def begin(self) -> None:
        """Show the content picture where nothing is put yet."""

    @abstractmethod
    def put(self, part: Tile, squares: Floats, share: float = 1.0) -> None:
        """Take over what lies in the part and in the picture.

        Args:
            squares: (1, h / 2, w / 2, 12), what the network made of `around`.
            share: how much of it shows; the rest is content.
        """

    @abstractmethod
    def _window(self, rows: slice, columns: slice) -> Floats:
        """(h, w, 3) of the content picture; it is not changed."""


class FloatCanvas(Canvas):
    """For pictures in floating point."""

    tile = 1280

    def __init__(self, content: Picture, multiple: int) -> None:
        super().__init__(content, multiple)
        self._content, self._pixels = content, content.pixels
        # With even sides: paintings come in squares of four pixels.
        width, height = (side + side % 2 for side in content.size)
        self._out = np.empty((height, width, 3), np.float32)

    @property
    def painted(self) -> Picture:
        return self._content.with_pixels(self._shown)

    @property
    def _shown(self) -> Floats:
        return self._out[: self.sides[1], : self.sides[0]]

    def begin(self) -> None:
        self._shown[:] = self._pixels

    def put(self, part: Tile, squares: Floats, share: float = 1.0) -> None:
        top, left, pairs = self._squares(part, squares)
        out = self._out.reshape(len(self._out), -1).view(_PAIR).reshape(len(self._out) // 2, 2, -1)
        bottom, right = top + pairs.shape[0], left + pairs.shape[2]
        out[top:bottom, :, left:right] = pairs
        if share < 1:
            window = slice(2 * top, 2 * bottom), slice(2 * left, 2 * right)
            _blend(self._shown[window], self._pixels[window], share)

    def _window(self, rows: slice, columns: slice) -> Floats:
        return self._pixels[rows, columns]


class CompactCanvas(Canvas):
    """For pictures of print size, which are never in floating point as a whole."""

    tile = 640

    def __init__(self, content: CompactPicture, multiple: int) -> None:
        super().__init__(content, multiple)
        self._content, self._out = content, content.copied()

    @property
    def painted(self) -> Picture:
        return self._out

    def begin(self) -> None:
        """It begins so."""

    def put(self, part: Tile, squares: Floats, share: float = 1.0) -> None:
        top, left, pairs = self._squares(part, squares)
        pixels = np.ascontiguousarray(pairs).view(np.float32).reshape(2 * pairs.shape[0], 2 * pairs.shape[2], 3)
        width, height = self.sides
        pixels = pixels[: height - 2 * top, : width - 2 * left]
        if share < 1:
            rows, columns = slice(2 * top, 2 * top + len(pixels)), slice(2 * left, 2 * left + pixels.shape[1])
            _blend(pixels, self._window(rows, columns), share)
        self._out.put((2 * left, 2 * top), pixels)

    def _window(self, rows: slice, columns: slice) -> Floats:
        return self._content.window(rows, columns)


def mirrored(length: int, total: int, *, border: int) -> NDArray[np.intp]:
    """Places in a side of `length` for `total` places that begin `border` before it, mirrored at both ends."""
    places = np.arange(total) - border
    period = max(1, 2 * (length - 1))
    places = np.abs((places + length - 1) % period - (length - 1)) if length > 1 else np.zeros_like(places)
    return places.astype(np.intp)


def _in_squares(span: Span, side: int) -> tuple[int, int]:
    """First and last square of a span that lie in a picture's side, counted in the picture."""
    first, last = (min(max(place // 2 - BORDER // 2, 0), (side + 1) // 2) for place in (span.start, span.stop))
    return first, last


def _blend(painted: Floats, content: Floats, share: float) -> None:
    painted -= content
    painted *= np.float32(share)
    painted += content


def _bounds(ascending: NDArray[np.intp]) -> slice:
    """The slice that takes these places, which follow one another."""
    return slice(ascending[0], ascending[-1] + 1) if len(ascending) else slice(0, 0)
