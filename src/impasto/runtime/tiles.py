"""Tiles with their margins: a picture cut so that each part can be painted alone and the parts fit exactly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Span:
    """A stretch of one side: `start` to `stop` is painted, `first` to `last` is looked at for it."""

    start: int
    stop: int
    first: int
    last: int


@dataclass(frozen=True)
class Tile:
    """A part of a picture: rows and columns."""

    rows: Span
    columns: Span


def tiles(size: tuple[int, int], tile: int, margin: int) -> Iterator[Tile]:
    """The parts of a picture of (width, height), row by row; each is looked at with `margin` pixels around it, as far
    as the picture goes.

    Args:
        size: both sides multiples of whatever the network asks for.
        tile: the side of a part; a multiple of the same. The last of a row or column may be smaller.
        margin: a multiple of the same.
    """
    width, height = size
    for rows in _spans(height, tile, margin):
        for columns in _spans(width, tile, margin):
            yield Tile(rows, columns)


def _spans(length: int, tile: int, margin: int) -> Iterator[Span]:
    for start in range(0, length, tile):
        stop = min(length, start + tile)
        yield Span(start, stop, max(0, start - margin), min(length, stop + margin))
