"""A lock between processes (and threads) on one machine, so that two downloads of the same file take turns."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold the lock file at `path` for the `with` block, waiting while another holds it; the file is gone afterwards.

    The operating system releases the lock of a process that dies, so a leftover file locks nobody out.

    Raises:
        OSError: when the lock file cannot be made.
    """
    descriptor = _acquire(path)
    try:
        yield
    finally:
        # Removed while still held: whoever waits on the old file notices (see `_acquire`) and opens the new one.
        with suppress(OSError):
            path.unlink()
        os.close(descriptor)
        if sys.platform == "win32":  # where an open file can't be removed
            with suppress(OSError):
                path.unlink()


def _acquire(path: Path) -> int:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _wait_for_lock(descriptor)
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(descriptor), path.stat()):
                    return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


if sys.platform == "win32":
    import msvcrt

    def _wait_for_lock(descriptor: int) -> None:
        while True:
            try:
                return msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            except OSError:
                time.sleep(0.1)

else:
    import errno
    import fcntl

    def _wait_for_lock(descriptor: int) -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except OSError as error:
            # Some network file systems have no locks; two downloads at once are then told apart by the hash alone.
            if error.errno not in (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS):
                raise
