"""The name by which a worker is known, and known again."""

from __future__ import annotations

import os
import secrets
import socket
from pathlib import Path
from typing import Any

from impasto.errors import OutOfMemoryError

_MARK = 6  # hexadecimal digits


class ClaimedName:
    """The first of the names HOST-1-MARK, HOST-2-MARK, … that no other process has which uses this folder.

    A lock on a file each, which the system drops with the process; marks are drawn once, and kept in the files.
    Machines that are called alike have folders of their own, so other marks: else each would take the other's orders
    for its own.

    Args:
        folder: made if it is missing.

    Raises:
        OutOfMemoryError: a thousand have one already.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        host = socket.gethostname()
        for number in range(1, 1000):
            file = os.open(folder / f"{host}-{number}.lock", os.O_RDWR | os.O_CREAT, 0o644)
            if _locked(file):
                self.name, self._file = f"{host}-{number}-{_mark(file)}", file
                return
            os.close(file)
        raise OutOfMemoryError("There are a thousand workers on this machine already.")

    def release(self) -> None:
        os.close(self._file)


def _mark(file: int) -> str:
    """What the first of its lock's holders has written into the file."""
    written = os.pread(file, _MARK, 0)
    if len(written) < _MARK:
        written = secrets.token_hex(_MARK // 2).encode("ascii")
        os.pwrite(file, written, 0)
    return written.decode("ascii", "replace")


def _locked(file: Any) -> bool:
    """Whether this process has the lock now."""
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
