"""Which content picture goes where: one picture to one file, or many into a folder under their own names."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from impasto.errors import (
    DiskFullError,
    PictureNotFoundError,
    UnreadablePictureError,
    UnwritableOutputError,
    UsageError,
)
from impasto.files import output_error
from impasto.paths import is_folder, is_there
from impasto.pictures.formats import FORMATS, SUFFIXES, can_write

STANDARD = "-"


@dataclass(frozen=True)
class Job:
    """A content picture and where its painting goes; "-" stands for standard input and output."""

    content: str
    target: str


@dataclass(frozen=True)
class Batch:
    """All jobs of a command.

    `folder` is where they go when they keep their names, None when not. `skips`: a painting that is there already is
    left as it is and told, instead of being an error.
    """

    jobs: tuple[Job, ...]
    folder: Path | None = None
    skips: bool = False


def plan(contents: Sequence[str], output: str | None, style: str, *, overwrite: bool = False) -> Batch:
    """Give every content picture its place.

    Args:
        contents: files, folders (the pictures right inside them, by name) and at most one "-".
        output: a file; a folder (one that is there, or a name that ends with a slash, or for many pictures any name
            without suffix); "-"; or None: beside each content picture, `photo-STYLE.jpg`.
        style: what None puts behind the name.
        overwrite: whether what is there may be replaced.

    Raises:
        UsageError: two paintings would have the same place, or one that of its content picture.
        PictureNotFoundError: a folder without pictures.
        UnreadablePictureError: a folder that may not be looked into.
    """
    files = _expand(contents)
    many = len(files) > 1 or any(_is_folder(content) for content in contents)
    if output is None:
        if any(_is_folder(content) for content in contents):
            raise UsageError("The paintings of a folder need a folder of their own.", hint="Name one with -o.")
        batch = Batch(tuple(Job(content, _beside(content, style)) for content in files), skips=many and not overwrite)
    elif output != STANDARD and _means_folder(output, many=many):
        jobs = tuple(Job(content, str(Path(output) / _own_name(content))) for content in files)
        _refuse_own_place(jobs)
        batch = Batch(jobs, Path(output), skips=not overwrite)
    else:
        batch = Batch(tuple(Job(content, output) for content in files))
    _refuse_same_place(batch.jobs)
    return batch


@contextmanager
def output_folder(folder: Path | None) -> Iterator[None]:
    """Make the folder, and those above it, if need be; what was made and has nothing in it is taken away again.

    Raises:
        DiskFullError, UnwritableOutputError: it cannot be made.
    """
    if folder is None or is_folder(folder):
        yield
        return
    made: list[Path] = []
    try:
        _make(folder, made)
        yield
    finally:
        with suppress(OSError):  # it is not empty
            for part in reversed(made):
                part.rmdir()


def _make(folder: Path, made: list[Path]) -> None:
    """Make a folder and those above it, and note each in `made`."""
    try:
        for part in (*reversed(folder.parents), folder):
            if not is_folder(part):
                part.mkdir(exist_ok=True)  # another command may make it now
                made.append(part)
    except OSError as error:
        if isinstance(output_error(error, folder.name), DiskFullError):
            message, hint = f"The folder {str(folder)!r} can't be made: {error.strerror}.", "Free some space."
            raise DiskFullError(message, hint=hint) from error
        raise UnwritableOutputError(
            f"The folder {str(folder)!r} can't be made: {error.strerror}.", hint="Name another one with -o."
        ) from error


def _expand(contents: Sequence[str]) -> list[str]:
    files: list[str] = []
    for content in contents:
        if _is_folder(content):
            found = pictures_in(Path(content))
            if not found:
                raise PictureNotFoundError(
                    f"There are no pictures in the folder {content!r}.", hint="Name the folder that holds them."
                )
            files += found
        else:
            files.append(content)
    return list(dict.fromkeys(files))


def pictures_in(folder: Path) -> list[str]:
    """The pictures right inside a folder, by name.

    Raises:
        UnreadablePictureError: it may not be looked into.
    """
    try:
        # Names that begin with a dot are thumbnails and notes of other programs, such as macOS's "._photo.jpg".
        return sorted(
            str(path)
            for path in folder.iterdir()
            if path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and _may_be_file(path)
        )
    except OSError as error:
        raise UnreadablePictureError(
            f"The folder {str(folder)!r} can't be listed: {error.strerror}.", hint="Check its permissions."
        ) from error


def _may_be_file(path: Path) -> bool:
    """Whether a folder's entry is a file, or one that the system hides: reading it tells why."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError as error:
        return not isinstance(error, FileNotFoundError)


def _is_folder(content: str) -> bool:
    return content != STANDARD and is_folder(content)


def _means_folder(output: str, *, many: bool) -> bool:
    if is_folder(output) or output.endswith(("/", os.sep)):
        return True
    return many and not is_there(output) and not Path(output).suffix


def _own_name(content: str) -> str:
    """The content's name; PNG where its format is none that keeps all colours of a painting."""
    if content == STANDARD:
        return "painting.png"
    path = Path(content)
    return path.name if _is_fit(path.suffix) else f"{path.stem}.png"


def _beside(content: str, style: str) -> str:
    if content == STANDARD:
        return STANDARD
    path = Path(content)
    return str(path.with_name(f"{path.stem}-{style}{path.suffix if _is_fit(path.suffix) else '.png'}"))


def _is_fit(suffix: str) -> bool:
    # GIF has 256 colours: whoever wants that names the file.
    name = SUFFIXES.get(suffix.lower())
    return name is not None and name != "GIF" and can_write(FORMATS[name])


def _refuse_own_place(jobs: Sequence[Job]) -> None:
    for job in jobs:
        # Not Path.resolve, which fails at a chain of links without end.
        if job.content != STANDARD and os.path.realpath(job.content) == os.path.realpath(job.target):
            raise UsageError(
                f"The painting of {job.content!r} would take the place of its content picture.",
                hint="Name another folder with -o.",
            )


def _refuse_same_place(jobs: Sequence[Job]) -> None:
    taken: dict[str, str] = {}
    for job in jobs:
        if job.target in taken:
            raise UsageError(
                f"The paintings of {taken[job.target]!r} and {job.content!r} would both go to {job.target!r}.",
                hint="For many pictures name a folder with -o; paint pictures of the same name in two commands.",
            )
        taken[job.target] = job.content
