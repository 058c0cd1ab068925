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

    @property
    def looked_at(self) -> int:
        return self.last - self.first


@dataclass(frozen=True)
class Tile:
    """A part of a picture: rows and columns."""

    rows: Span
    columns: Span


def tiles(size: tuple[int, int], tile: int, margin: int, *, multiple: int = 1) -> list[Tile]:
    """The parts of a picture of (width, height); each is looked at with `margin` pixels around it, as far as that goes.

    They are of about one size, and come with the largest first: whoever works on them has its memory in one piece from
    the start, and needs no more later.

    Args:
        size: both sides multiples of `multiple`.
        tile: no part has a longer side; a multiple of the same.
        margin: a multiple of the same.
    """
    width, height = size
    parts = [
        Tile(rows, columns)
        for rows in _spans(height, tile, margin, multiple)
        for columns in _spans(width, tile, margin, multiple)
    ]
    return sorted(parts, key=lambda part: -part.rows.looked_at * part.columns.looked_at)


def _spans(length: int, tile: int, margin: int, multiple: int) -> Iterator[Span]:
    count = -(-length // tile)
    side = -(-length // (count * multiple)) * multiple
    for start in range(0, length, side):
        stop = min(length, start + side)
        yield Span(start, stop, max(0, start - margin), min(length, stop + margin))
