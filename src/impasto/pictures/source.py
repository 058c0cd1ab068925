"""The bytes of a picture file from paths, standard input and open files; each refusal of the system its own error."""

from __future__ import annotations

import difflib
import errno
import io
import os
import stat
import sys
from pathlib import Path
from typing import BinaryIO

from impasto.errors import (
    EmptyPictureError,
    PictureError,
    PictureIsDirectoryError,
    PictureNotFoundError,
    PictureTooLargeError,
    UnreadablePictureError,
    UsageError,
)
from impasto.pictures.sniff import HEAD, identify, not_a_picture

_BLOCK = 1 << 20


def read_path(path: Path, *, max_bytes: int) -> bytes:
    """The content of a file, pipe or device, if it starts like a picture.

    Raises:
        PictureError: one of its subclasses, by what is wrong with the file.
    """
    name = repr(path.name or str(path))
    try:
        if stat.S_ISDIR(path.stat().st_mode):
            raise _is_directory(name)
        with path.open("rb") as stream:
            return read_stream(stream, name, max_bytes=max_bytes)
    except OSError as error:
        raise _system_error(error, path, name) from error
    except ValueError as error:  # a NUL byte in the name
        raise _not_found(path, name) from error


def read_stdin(*, max_bytes: int) -> bytes:
    """Standard input to its end.

    Raises:
        UsageError: it is a terminal.
        PictureError: as for `read_stream`.
    """
    stream = getattr(sys.stdin, "buffer", None)
    if stream is None or stream.isatty():
        raise UsageError("Standard input is not a picture but the keyboard.", hint="Pipe a picture in: … < photo.jpg")
    return read_stream(stream, "Standard input", max_bytes=max_bytes)


def read_stream(stream: BinaryIO, name: str, *, max_bytes: int) -> bytes:
    """All bytes of an open file, at most `max_bytes`; the first are looked at before the rest is read.

    `name` begins the sentences of messages: a quoted file name, or words such as "Standard input".

    Raises:
        EmptyPictureError, NotAPictureError, PictureTooLargeError: by what comes.
        UnreadablePictureError: the system refuses to read on.
        UsageError: the file is open as text.
    """
    if isinstance(stream, io.TextIOBase):
        raise _is_text(name)
    try:
        head = stream.read(HEAD) or b""
        if isinstance(head, str):
            raise _is_text(name)
        while head and len(head) < HEAD and (more := stream.read(HEAD - len(head))):
            head += more
        if not head:
            raise EmptyPictureError(f"{name} is empty.", hint="Was the copy or download finished?")
        if identify(head) is None:
            raise not_a_picture(name, head)
        data = bytearray(head)
        while block := stream.read(_BLOCK):
            data += block
            if len(data) > max_bytes:
                hint = "Allow larger pictures with max_pixels (--max-pixels)."
                raise PictureTooLargeError(f"{name} is longer than {max_bytes >> 20} MB.", hint=hint)
    except (OSError, ValueError) as error:  # ValueError: it was closed before
        raise _unreadable(name, error) from error
    return bytes(data)


def _is_text(name: str) -> UsageError:
    return UsageError(f"{name} is open as text.", hint="Open it in binary mode: open(path, 'rb').")


def _system_error(error: OSError, path: Path, name: str) -> PictureError:
    if error.errno == errno.EISDIR:
        return _is_directory(name)
    if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG):
        return _not_found(path, name)
    return _unreadable(name, error)


def _is_directory(name: str) -> PictureIsDirectoryError:
    return PictureIsDirectoryError(f"{name} is a folder, not a picture.", hint="Name a picture file in it.")


def _unreadable(name: str, error: OSError | ValueError) -> UnreadablePictureError:
    denied = getattr(error, "errno", None) in (errno.EACCES, errno.EPERM)
    hint = "Check its permissions." if denied else "Try with a copy of it."
    reason = getattr(error, "strerror", None) or str(error).rstrip(".") or type(error).__name__
    return UnreadablePictureError(f"{name} can't be read: {reason}.", hint=hint)


def _not_found(path: Path, name: str) -> PictureNotFoundError:
    if str(path).startswith(("http:/", "https:/")):
        return PictureNotFoundError(f"{str(path)!r} is an address, not a file.", hint="Download it first.")
    return PictureNotFoundError(f"There is no file {name}.", hint=_suggestion(path))


def _suggestion(path: Path) -> str:
    try:
        with os.scandir(path.parent) as entries:
            names = [entry.name for entry, _ in zip(entries, range(2000), strict=False)]
    except (OSError, ValueError):
        return "Its folder doesn't exist either."
    near = difflib.get_close_matches(path.name, names, n=2, cutoff=0.7)
    return f"Did you mean {' or '.join(repr(n) for n in near)}?" if near else "Check the name and the folder."
