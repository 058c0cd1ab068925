"""The styles of a page: what each is called in its languages, its code, and a thumbnail painted in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from impasto import styles
from impasto.errors import WeightsFormatError
from impasto.painters import WeightedStyle
from impasto.pictures import Picture, encode_picture, resize
from impasto.runtime.fast import BRUSHES, FastPainter
from impasto.runtime.plain import PlainPainter
from impasto.runtime.sheet import HARBOUR
from impasto.styles import shelf
from impasto.styles.code import StyleCode
from impasto.styles.listing import NamedStyle, listing
from impasto.web.chinese import ARTISTS, DRAWN, TITLES

Floats = NDArray[np.float32]

SAMPLE_SIZE = 768, 576
_THUMBNAIL, _PAINTED = 160, 288  # pixels: marks look finer, and truer, where the painting is larger than what is shown
_DRAWN_SIDE = 512
_FIRST = "starry-night"  # what the page opens with, where it is there


@dataclass(frozen=True)
class PageStyle:
    """A style as the page offers it.

    Attributes:
        title, about: by language.
        code: for each brush of the page.
    """

    name: str
    kind: str
    title: Mapping[str, str]
    about: Mapping[str, str]
    code: StyleCode


def page_styles(painter: FastPainter | PlainPainter) -> list[PageStyle]:
    """All styles that the painter has a code of; the page opens with the first. Where there are none, the drawn ones.

    Raises:
        WeightsMissingError: there are none, and the network has no style side to look at drawn ones.
    """
    own = painter.codes.own
    if own:
        works = {style.name: style for style in listing() if style.kind != "own"}
        named = (works.get(name, NamedStyle(name, "own", "", "")) for name in own)
        return [_page_style(style, code) for style, code in zip(named, own.values(), strict=True)]
    assert isinstance(painter, FastPainter)  # others have their own
    return sorted(_from_the_shelf(painter), key=lambda style: style.name != _FIRST) or list(_drawn(painter))


def brushes(painter: FastPainter | PlainPainter) -> tuple[float, ...]:
    """Sizes of marks for which the page has codes."""
    return (1.0,) if painter.codes.own else BRUSHES


def sample() -> Picture:
    """What the page shows before anybody has chosen a picture: a drawn harbour."""
    return styles.draw(HARBOUR, size=SAMPLE_SIZE)


def thumbnail(painter: FastPainter | PlainPainter, style: PageStyle, content: Picture) -> bytes:
    """The middle of a content picture in a style, small, as WebP."""
    side = min(content.size)
    top, left = (content.height - side) // 2, (content.width - side) // 2
    middle = Picture(resize(content.pixels[top : top + side, left : left + side], (_PAINTED, _PAINTED)))
    painted = painter.paint(middle, painter.prepare([WeightedStyle(style.code)])).picture
    return encode_picture(painted.resized((_THUMBNAIL, _THUMBNAIL)), "webp", quality=80)


def _from_the_shelf(painter: FastPainter) -> Iterator[PageStyle]:
    for style in listing():
        try:
            code = shelf.find(style.name)
        except WeightsFormatError:
            if style.kind != "own":
                raise
            continue  # damaged: `impasto styles` says so
        if code.network == painter.codes.network:
            yield _page_style(style, _for_brushes(code))


def _drawn(painter: FastPainter) -> Iterator[PageStyle]:
    """For networks that the shelf has no codes for."""
    for style in styles.registry.STYLES:
        named = NamedStyle(style.name, "drawn", style.title, style.description)
        code = painter.look(styles.draw(style.name, size=(_DRAWN_SIDE, _DRAWN_SIDE)))
        yield _page_style(named, code)


def _page_style(style: NamedStyle, code: StyleCode) -> PageStyle:
    return PageStyle(style.name, style.kind, _titles(style), _abouts(style), code)


def _for_brushes(code: StyleCode) -> StyleCode:
    values = np.stack([code.at(brush) for brush in BRUSHES])
    return StyleCode(values, BRUSHES, code.network, code.title, code.artist, code.year)


def _titles(style: NamedStyle) -> dict[str, str]:
    english = {"en": style.title or _words(style.name)}
    return english | ({"zh": TITLES[style.name]} if style.kind != "own" and style.name in TITLES else {})


def _abouts(style: NamedStyle) -> dict[str, str]:
    if style.kind == "drawn":
        chinese = DRAWN.get(style.name, "")
    else:
        artist, _, year = style.about.partition(", ")
        chinese = "，".join(word for word in (ARTISTS.get(artist, artist), year.replace("c. ", "约")) if word)
    return {language: about for language, about in (("en", style.about), ("zh", chinese)) if about}


def _words(name: str) -> str:
    """`night-sky` as a title."""
    return name.replace("-", " ").capitalize()
