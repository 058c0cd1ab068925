"""The part of a download that has arrived: `NAME.part` beside the place of the file, and a note of its version."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from impasto.errors import DiskFullError, UnwritableOutputError
from impasto.home import VARIABLE


@dataclass(frozen=True)
class DownloadProgress:
    """How far a download is: bytes on the disk (earlier attempts included), bytes in all, the name that users know."""

    done_bytes: int
    total_bytes: int
    name: str


class PartialFile:
    """A growing file next to `target`; `finish` puts it in the target's place, whole or not at all.

    `validator` is the server's ETag or Last-Modified for the bytes so far (empty: not told). It survives the process,
    so that a later one can ask for the rest of the very same version (RFC 9110, If-Range).
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        self.path = target.with_name(target.name + ".part")
        self._note = target.with_name(target.name + ".part.version")

    @property
    def size(self) -> int:
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    @property
    def validator(self) -> str:
        try:
            note = self._note.read_text("latin-1").strip()
        except OSError:
            return ""
        # A damaged note must not become a header; without it the hash still tells whether the parts fit.
        return note if note.isascii() and note.isprintable() else ""

    def restart(self, validator: str) -> None:
        """Forget what arrived; what comes next is of the version `validator`."""
        with storage_errors():
            self.path.write_bytes(b"")
            self._note.write_text(validator, "latin-1")

    @contextmanager
    def appending(self) -> Iterator[Callable[[bytes], None]]:
        """A function that appends bytes; when the block ends without an error they are safe from a power cut.

        Raises:
            DiskFullError, UnwritableOutputError: while opening, writing or closing.
        """
        with storage_errors():
            file = self.path.open("ab")
        try:

            def write(data: bytes) -> None:
                with storage_errors():
                    file.write(data)

            yield write
            with storage_errors():
                file.flush()
                os.fsync(file.fileno())
        finally:
            with storage_errors():
                file.close()

    def finish(self) -> None:
        """Move the part into the target's place, atomically."""
        with storage_errors():
            self.path.replace(self.target)
            self._note.unlink(missing_ok=True)
            _sync_folder(self.target.parent)

    def discard(self) -> None:
        """Remove the part and its note, if there are any."""
        for path in (self.path, self._note):
            # Tidying up after an error must not hide it behind another one.
            with suppress(OSError):
                path.unlink()


@contextmanager
def storage_errors() -> Iterator[None]:
    """Tell what the disk has against it.

    Raises:
        DiskFullError: no space or quota left.
        UnwritableOutputError: any other refusal of the operating system.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
            raise DiskFullError(
                "The disk became full while the download was written.",
                hint=f"Free some space, or set {VARIABLE} to another disk.",
            ) from error
        raise UnwritableOutputError(
            f"The folder for downloads cannot be used ({error.strerror or error}).",
            hint=f"Check its permissions, or set {VARIABLE} to a folder that you may write to.",
        ) from error


def check_space(folder: Path, needed: int) -> None:
    """Refuse to begin what cannot end.

    Raises:
        DiskFullError: fewer than `needed` bytes are free on the disk of `folder`.
    """
    with storage_errors():
        free = shutil.disk_usage(folder).free
    if free < needed:
        raise DiskFullError(
            f"The download needs {needed / 1e6:.0f} MB, but only {free / 1e6:.0f} MB are free.",
            hint=f"Free some space, or set {VARIABLE} to another disk.",
        )


def _sync_folder(folder: Path) -> None:
    # So that the new name survives a power cut; Windows neither needs nor allows it.
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
