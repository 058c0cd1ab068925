"""A folder put in its place whole or not at all, and replaced only if nothing but ours is in it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath

from impasto.errors import OutputExistsError, UnwritableOutputError
from impasto.files import output_error
from impasto.paths import is_file

_LIST = "files.json"  # in the folder: the paths of all that was written
_ANOTHER = "Choose another name."


def check_folder(folder: Path, *, overwrite: bool = False) -> None:
    """Refuse a folder that could not be put there later, before any work is spent on it.

    Raises:
        OutputExistsError: something is there, and `overwrite` is not set, or not all of it was written by
            `place_folder`.
        UnwritableOutputError: it can't be written there.
    """
    name = repr(str(folder))
    try:
        if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
            raise OutputExistsError(f"{name} is no folder.", hint=_ANOTHER)
        if folder.is_dir() and any(folder.iterdir()):
            foreign = _foreign(folder)
            if foreign is not None:
                raise OutputExistsError(f"{name} has files of others in it, such as {foreign!r}.", hint=_ANOTHER)
            if not overwrite:
                hint = "Choose another name, or allow overwriting (--overwrite)."
                raise OutputExistsError(f"{name} exists already.", hint=hint)
        above = folder.absolute().parent
        if not above.is_dir():
            raise UnwritableOutputError(f"The folder {str(above)!r} doesn't exist.", hint="Create it first.")
        if not os.access(above, os.W_OK | os.X_OK):
            raise UnwritableOutputError(
                f"The folder {str(above)!r} can't be written to.", hint="Check its permissions."
            )
    except (OSError, ValueError) as error:
        raise output_error(error, name) from error


def place_folder(folder: Path, files: Mapping[str, bytes], *, overwrite: bool = False) -> None:
    """Write files into a new folder, which appears when all are written.

    Args:
        files: contents by path inside the folder, with `/`.
        overwrite: replace a folder that was written so.

    Raises:
        OutputExistsError, UnwritableOutputError: see `check_folder`; a path leads out of the folder.
        DiskFullError: no space.
    """
    check_folder(folder, overwrite=overwrite)
    for path in files:
        if _leads_out(path):
            raise UnwritableOutputError(f"{path!r} is no place in {str(folder)!r}.")
    made = folder.absolute().parent / f".impasto-{os.urandom(8).hex()}.tmp"
    try:
        for path, data in {**files, _LIST: json.dumps(sorted(files), indent=1).encode()}.items():
            place = made / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
        _swap(made, folder)
    except (OSError, ValueError) as error:
        raise output_error(error, repr(str(folder))) from error
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _leads_out(path: str) -> bool:
    """Also as Windows reads it."""
    return any(kind(path).anchor or ".." in kind(path).parts for kind in (PurePosixPath, PureWindowsPath))


def _swap(made: Path, folder: Path) -> None:
    """Give `made` the place of `folder`, which is removed."""
    old = made.with_suffix(".old")
    if folder.is_dir():
        folder.rename(old)
    try:
        made.rename(folder)
    except OSError:
        if old.is_dir():
            old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _foreign(folder: Path) -> str | None:
    """The first file in a folder that is not one of ours."""
    ours = {_LIST, *_listed(folder / _LIST)}
    inside = (path for path in sorted(folder.rglob("*")) if path.is_symlink() or not path.is_dir())
    return next((name for name in (path.relative_to(folder).as_posix() for path in inside) if name not in ours), None)


def _listed(file: Path) -> list[str]:
    if not is_file(file):
        return []
    try:
        names = json.loads(file.read_text("utf-8"))
    except ValueError:
        return []
    return [str(name) for name in names] if isinstance(names, list) else []
