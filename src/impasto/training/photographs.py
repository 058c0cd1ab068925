"""A few photographs of many, for those who want to see what a network makes of such."""

from __future__ import annotations

from pathlib import Path

from impasto.errors import PictureError, TrainingDataError
from impasto.pictures import Picture, read_picture
from impasto.training.sources import find_pictures


def read_photographs(place: Path, *, count: int, side: int) -> tuple[list[Picture], int]:
    """Photographs spread over all that are in a place, and how many of them could not be read.

    Args:
        place: a folder, a .tar or a .txt; see `find_pictures`.
        count: so many at most.
        side: those with a longer side are reduced to this many pixels.

    Raises:
        TrainingDataError: there are none.
    """
    found = find_pictures([place])
    count = min(count, len(found))
    pictures, failed = [], 0
    for source in (found[n * len(found) // count] for n in range(count)):
        try:
            picture = read_picture(source if isinstance(source, Path) else source.read())
        except (PictureError, OSError):
            failed += 1
            continue
        factor = min(1.0, side / max(picture.size))
        width, height = (max(1, round(length * factor)) for length in picture.size)
        pictures.append(picture.resized((width, height)))
    if not pictures:
        raise TrainingDataError(f"None of the {count} pictures in {place} could be read.")
    return pictures, failed
