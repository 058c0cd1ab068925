"""What a path leads to, links followed, without an error where the system refuses even to look.

`pathlib` raises for a folder that may not be entered, a name that is too long or a chain of links without end. Whoever
only asks in order to choose a way goes on here; opening the path then tells what is wrong with it.
"""

from __future__ import annotations

import os
import stat
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


def _status(path: str | Path) -> os.stat_result | None:
    try:
        return Path(path).stat()
    except (OSError, ValueError):  # ValueError: a NUL byte in the name
        return None
