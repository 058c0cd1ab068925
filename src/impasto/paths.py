"""What a path leads to, and files that are written whole or not at all.

The questions follow links and raise nothing where the system refuses even to look. `pathlib` raises for a folder that
may not be entered, a name that is too long or a chain of links without end. Whoever only asks in order to choose a way
goes on here; opening the path then tells what is wrong with it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def is_there(path: str | Path) -> bool:
    """Whether the path leads to anything that can be looked at."""
    return _status(path) is not None


def is_file(path: str | Path) -> bool:
    """Whether the path leads to a regular file."""
    status = _status(path)
    return status is not None and stat.S_ISREG(status.st_mode)


def is_folder(path: str | Path) -> bool:
    """Whether the path leads to a folder."""
    status = _status(path)
    return status is not None and stat.S_ISDIR(status.st_mode)


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """A temporary name beside `path` to write to: at the end of the block it takes the place of `path`; if an error
    ends the block, nothing is left of it.

    For our own files, in folders of their own. Pictures have `pictures.files`, which never replaces unasked.
    """
    temporary = path.with_name(path.name + ".tmp")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _status(path: str | Path) -> os.stat_result | None:
    try:
        return Path(path).stat()
    except (OSError, ValueError):  # ValueError: a NUL byte in the name
        return None
