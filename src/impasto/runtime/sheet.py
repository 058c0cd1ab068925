"""One picture in every style that has a name."""

from __future__ import annotations

from impasto.errors import WeightsFormatError
from impasto.painters import WeightedStyle
from impasto.pictures import Picture, contact_sheet
from impasto.runtime.fast import SHIPPED, FastPainter
from impasto.styles import shelf
from impasto.styles.listing import listing

HARBOUR = "pointillist-dots"
_CELL, _COLUMNS = 256, 6


def styles_sheet(content: Picture, *, cell: int = _CELL, columns: int = _COLUMNS) -> Picture:
    """The content picture and its paintings, each with the style's name; styles of the user's own that can't be painted
    with are left out.

    Args:
        cell: long side of each, in pixels.
    """
    painter = FastPainter(SHIPPED)
    side = max(content.size)
    small = content.resized((max(1, round(content.width * cell / side)), max(1, round(content.height * cell / side))))
    cells = [(small, "")]
    for style in listing():
        try:
            code = painter.prepare([WeightedStyle(shelf.find(style.name))])
        except WeightsFormatError:
            if style.kind != "own":
                raise
            continue  # damaged, or of another network
        cells.append((painter.paint(small, code).picture, style.name))
    rows = [cells[n : n + columns] for n in range(0, len(cells), columns)]
    return contact_sheet(rows, cell=cell)
