"""What a run is of, as its command was told: written down when it begins, compared when it goes on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from impasto.cli.style_words import split_weight
from impasto.paths import is_file

if TYPE_CHECKING:
    from impasto.training.sources import PictureSource

_SIDES = ("source", "target")
_WITNESSES = 4


class Given:
    """A command and those of its options for which no others will do when a run goes on.

    Files are known by their bytes, and may be moved. So may folders of training pictures, and grow: `source` and
    `target` must each still have one of the first few that they had; of others nothing is asked.

    Args:
        command: its name.
        options: by name, as they were given; they have been found to be good.
    """

    def __init__(self, command: str, options: Mapping[str, Any]) -> None:
        self._command, self._options = command, options

    def record(self) -> dict[str, Any]:
        return {"command": self._command} | {_flag(name): _told(name, value) for name, value in self._options.items()}

    def differences(self, begun: Mapping[str, Any]) -> list[str]:
        different = [name for name, now in self.record().items() if name in begun and begun[name] != now]
        kept = [_flag(side) for side in _SIDES if _flag(side) in different and self._still_has(side, begun)]
        return [name for name in different if name not in kept]

    def _still_has(self, side: str, begun: Mapping[str, Any]) -> bool:
        known = set(begun[_flag(side)])
        names = {mark.rpartition(" ")[0] for mark in known}
        return not known.isdisjoint(_marks(p for p in _pictures(self._options[side]) if _name(p) in names))


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _told(name: str, value: Any) -> Any:
    """An option's value as JSON takes it."""
    if name in _SIDES:
        return list(islice(_marks(_pictures(value)), _WITNESSES))
    if not isinstance(value, list):
        return None if value is None else _word(value)
    if all(isinstance(place, Path) for place in value):
        return list(_marks(_pictures(value)))
    return [f"{_word(word)} {weight:g}" for word, weight in map(split_weight, value)]


def _word(word: str | Path) -> str:
    """A name as it is, a file by its bytes."""
    path = Path(word).expanduser()
    if not is_file(path):
        return str(word)
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def _pictures(places: Sequence[Path]) -> list[PictureSource]:
    from impasto.training.sources import find_pictures

    return find_pictures(places)


def _marks(pictures: Iterable[PictureSource]) -> Iterator[str]:
    """Names and hashes of those that can be read."""
    for picture in pictures:
        with suppress(OSError):
            data = picture.read_bytes() if isinstance(picture, Path) else picture.read()
            yield f"{_name(picture)} sha256:{hashlib.sha256(data).hexdigest()}"


def _name(picture: PictureSource) -> str:
    return Path(picture.name).name
