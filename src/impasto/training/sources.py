"""Where training pictures come from: folders, tar shards, and lists of files."""

from __future__ import annotations

import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, TypeAlias

from impasto.errors import TrainingDataError
from impasto.pictures import SUFFIXES


class ShardMember(NamedTuple):
    """A picture in a tar file, by where its bytes lie."""

    shard: Path
    name: str
    offset: int
    size: int

    def read(self) -> bytes:
        """Its bytes; fewer if the shard has been cut off since.

        Raises:
            OSError: the shard can't be read.
        """
        with self.shard.open("rb") as file:
            file.seek(self.offset)
            return file.read(self.size)


PictureSource: TypeAlias = "Path | ShardMember"


def find_pictures(places: Iterable[Path]) -> list[PictureSource]:
    """All pictures of some places, sorted within each, so that a seed means the same pictures everywhere.

    Args:
        places: folders, with all that is below them, tar shards (`.tar`, as of WebDataset) included; tar shards; lists
            (`.txt`) with a file or folder a line, from the list's own folder on.

    Raises:
        TrainingDataError: a place is missing, damaged or holds no picture.
    """
    found: list[PictureSource] = []
    for place in places:
        here = list(_pictures_of(place))
        if not here:
            raise TrainingDataError(
                f"There are no pictures in {place}.", hint="Name a folder, a .tar or a .txt list that holds some."
            )
        found += here
    return found


def _pictures_of(place: Path) -> Iterator[PictureSource]:
    if place.is_dir():
        for path in sorted(p for p in place.rglob("*") if p.is_file()):
            if path.suffix.lower() in SUFFIXES:
                yield path
            elif path.suffix.lower() == ".tar":
                yield from _members(path)
    elif place.suffix.lower() == ".tar":
        yield from _members(place)
    elif place.suffix.lower() == ".txt":
        for line in _lines(place):
            listed = place.parent / line
            if listed.suffix.lower() in SUFFIXES:
                yield listed  # whether it is there is seen when it is read, as with any bad picture
            elif listed.suffix.lower() == ".txt":
                raise TrainingDataError(f"The list {place} names the list {line}.", hint="Name its pictures instead.")
            else:
                yield from find_pictures([listed])
    elif place.is_file() and place.suffix.lower() in SUFFIXES:
        yield place


def _members(shard: Path) -> list[ShardMember]:
    try:
        with tarfile.open(shard, "r:") as archive:
            members = [
                ShardMember(shard, member.name, member.offset_data, member.size)
                for member in archive
                if member.isfile() and Path(member.name).suffix.lower() in SUFFIXES
            ]
    except (tarfile.TarError, OSError, EOFError) as error:
        raise TrainingDataError(
            f"The shard {shard} can't be read: {error}.", hint="Shards are tar files, not compressed."
        ) from error
    return sorted(members, key=lambda member: (member.name, member.offset))


def _lines(path: Path) -> list[str]:
    """Those that are neither empty nor begin with #."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TrainingDataError(f"The list {path} can't be read.", hint="It must be a text in UTF-8.") from error
    return [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
