"""Style pictures to learn, each by the name that the painter will know it by."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from impasto.errors import UsageError
from impasto.pictures import Picture, read_picture
from impasto.styles.shelf import canonical
from impasto.training.sources import find_pictures

_MOST = 512


class NamedStyle(NamedTuple):
    """One of them."""

    name: str
    picture: Picture


def read_named_styles(paths: Sequence[Path]) -> list[NamedStyle]:
    """All pictures of files and folders, called as their files: `Starry_Night.jpg` is `starry-night`.

    Raises:
        TrainingDataError: there is none.
        PictureError: one can't be read.
        UsageError: two have one name, or there are far too many.
    """
    files = find_pictures(paths)
    if len(files) > _MOST:
        raise UsageError(f"{len(files)} styles are too many for one network.", hint=f"{_MOST} is the most.")
    styles: dict[str, NamedStyle] = {}
    for file in files:
        name = canonical(Path(getattr(file, "name", str(file))).stem)
        if name in styles:
            raise UsageError(f"Two styles are called {name!r}.", hint="Rename one of the files.")
        styles[name] = NamedStyle(name, read_picture(file if isinstance(file, Path) else file.read()))
    return list(styles.values())
