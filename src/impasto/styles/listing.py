"""All styles that have a name, for those who choose among them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from impasto.errors import WeightsFormatError
from impasto.styles import registry, shelf

Kind = Literal["work", "drawn", "own"]


@dataclass(frozen=True)
class NamedStyle:
    """A style as a list shows it.

    Attributes:
        name: as users type it.
        kind: a known work of art, a picture that Impasto draws, or one that the user has added.
        title: of the work.
        about: artist and year, or what a drawn picture shows.
    """

    name: str
    kind: Kind
    title: str
    about: str


def listing() -> list[NamedStyle]:
    """Known works first, then drawn styles, then the user's own, damaged ones among them as such; each by name.

    Raises:
        WeightsFormatError: the codes that ship are damaged.
    """
    own, drawn = set(shelf.own_names()), {style.name: style for style in registry.STYLES}
    works = [_entry(name, "work") for name in shelf.names() if name not in own and name not in drawn]
    pictures = [NamedStyle(name, "drawn", drawn[name].title, drawn[name].description) for name in sorted(drawn)]
    return [*works, *pictures, *(_entry(name, "own") for name in sorted(own))]


def _entry(name: str, kind: Kind) -> NamedStyle:
    try:
        code = shelf.find(name)
    except WeightsFormatError:
        if kind != "own":
            raise
        return NamedStyle(name, kind, "", "damaged: add it anew, or remove it")
    return NamedStyle(name, kind, code.title, ", ".join(word for word in (code.artist, code.year) if word))
