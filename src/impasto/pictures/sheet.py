"""A contact sheet: pictures side by side with captions, for comparisons (content | style | result) and galleries."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from PIL import Image

from impasto.errors import UsageError
from impasto.pictures.arrays import quantised
from impasto.pictures.picture import Picture
from impasto.pictures.resize import resize

if TYPE_CHECKING:
    from PIL import ImageFont

Entry: TypeAlias = tuple[Picture, str]
_PAPER, _INK = 250, 60  # sRGB values, 0 … 255
_ELLIPSIS = "…"
_Font: TypeAlias = "ImageFont.FreeTypeFont | ImageFont.ImageFont"


def contact_sheet(rows: Sequence[Sequence[Entry]], *, cell: int = 480, title: str = "") -> Picture:
    """Rows of (picture, caption) as one picture, on near-white paper.

    Columns are `cell` pixels wide. Each picture is shrunk, never enlarged, to fit `cell` × `cell`, and stands centred
    in its column on the row's base line; its caption stands below, cut with "…" where too long. Transparent pictures
    are laid over the paper. The font is the one that Pillow carries (Aileron, Latin letters).

    Raises:
        UsageError: no picture, or cells narrower than 32 pixels.
    """
    if not any(rows):
        raise UsageError("A contact sheet needs at least one picture.")
    if cell < 32:
        raise UsageError(f"The cells of a contact sheet can't be {cell} pixels wide.", hint="Give at least 32.")
    gap, text = max(4, cell // 20), max(10, cell // 24)
    columns = max(len(row) for row in rows)
    talls = [max((_fitted(picture, cell)[1] for picture, _ in row), default=0) for row in rows]
    line = _line_height(text) + gap // 2
    top = gap + (_line_height(2 * text) + gap if title else 0)
    width = columns * (cell + gap) + gap
    captioned = [any(caption for _, caption in row) for row in rows]
    spans = [tall + (line if words else 0) + gap for tall, words in zip(talls, captioned, strict=True)]
    sheet = Image.new("RGB", (width, top + sum(spans)), (_PAPER,) * 3)
    if title:
        _write(sheet, title, (gap, gap), width - 2 * gap, 2 * text)
    y = top
    for row, tall, span in zip(rows, talls, spans, strict=True):
        for column, (picture, caption) in enumerate(row):
            _place(sheet, picture, caption, (gap + column * (cell + gap), y), cell, tall, text)
        y += span
    return Picture(np.asarray(sheet, np.float32) / np.float32(255))


def _fitted(picture: Picture, cell: int) -> tuple[int, int]:
    scale = min(1.0, cell / max(picture.size))
    return max(1, round(picture.width * scale)), max(1, round(picture.height * scale))


def _place(
    sheet: Image.Image, picture: Picture, caption: str, corner: tuple[int, int], cell: int, tall: int, text: int
) -> None:
    """Draw one entry; pictures stand on a common base line, captions below it, both centred in the column."""
    x, y = corner
    size = _fitted(picture, cell)
    pixels = resize(picture.over(_PAPER / 255), size)
    sheet.paste(Image.fromarray(quantised(pixels, 8)), (x + (cell - size[0]) // 2, y + tall - size[1]))
    if caption:
        _write(sheet, caption, (x, y + tall + text // 2), cell, text, centred=True)


def _write(
    sheet: Image.Image, words: str, corner: tuple[int, int], width: int, size: int, *, centred: bool = False
) -> None:
    font = _font(size)
    words = " ".join(words.split())
    if font.getlength(words) > width:
        while words and font.getlength(words + _ELLIPSIS) > width:
            words = words[:-1]
        words = words.rstrip() + _ELLIPSIS
    x = corner[0] + (width - font.getlength(words)) / 2 if centred else corner[0]
    from PIL import ImageDraw

    ImageDraw.Draw(sheet).text((x, corner[1]), words, fill=(_INK,) * 3, font=font)


@cache
def _font(size: int) -> _Font:
    from PIL import ImageFont

    return ImageFont.load_default(size)


def _line_height(size: int) -> int:
    _, top, _, bottom = _font(size).getbbox("Ágjy")
    return int(bottom - min(top, 0)) + 1
