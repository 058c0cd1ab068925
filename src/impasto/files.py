"""Files put in their place whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path

from impasto.errors import DiskFullError, OutputError, OutputExistsError, UnwritableOutputError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
# What systems answer that have no unnamed files, or no hard links.
_NOT_OFFERED = {
    *(errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL, errno.EISDIR),
    *(errno.EPERM, errno.EACCES, errno.ENOENT, errno.EMLINK, errno.EXDEV),
}


def check_place(path: Path, *, overwrite: bool = False) -> None:
    """Refuse a path that could not be written later, before any work is spent on what to write.

    Raises:
        OutputExistsError: something is there and `overwrite` is not set.
        UnwritableOutputError: a folder is there, its own folder is missing or read-only, or the name is impossible.
    """
    name = repr(path.name or str(path))
    try:
        refuse_folder(path)
        there = _status(path)
        if there is not None and _is_special(there):
            return
        if os.path.lexists(path) and not overwrite:
            raise _exists(name)
        folder = _destination(path).parent
        if not folder.is_dir():
            missing = "is not a folder" if folder.exists() else "doesn't exist"
            raise UnwritableOutputError(f"The folder {str(folder)!r} for {name} {missing}.", hint="Create it first.")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise UnwritableOutputError(
                f"The folder {str(folder)!r} can't be written to.", hint="Check its permissions."
            )
    except (OSError, ValueError, RuntimeError) as error:
        raise output_error(error, name) from error


def refuse_folder(path: Path) -> None:
    """Raise UnwritableOutputError if the path leads to a folder, or nowhere that could be."""
    name = repr(path.name or str(path))
    try:
        there = _status(path)
    except (OSError, ValueError) as error:
        raise output_error(error, name) from error
    if there is not None and stat.S_ISDIR(there.st_mode):
        raise UnwritableOutputError(f"{name} is a folder.", hint="Name a file in it.")


def place_file(path: Path, data: bytes, *, overwrite: bool = False) -> None:
    """Write a file so that it is there whole or not at all, whatever happens in between.

    The bytes go to an unnamed file in the same folder (Linux), or else to a hidden temporary one that is removed on
    any failure; they are flushed to the disk, and then the file gets its name in one step. Without `overwrite` that
    step fails if the name was taken meanwhile (where the file system has hard links; elsewhere there is a last check
    just before). A symbolic link stays one: the file that it points to is replaced. A replaced file's permissions are
    kept, a new one's follow the umask. Pipes and devices are written to directly.

    Raises:
        OutputExistsError: something is there and `overwrite` is not set.
        DiskFullError: no space, a quota, or a limit on file sizes.
        UnwritableOutputError: the system refuses.
    """
    check_place(path, overwrite=overwrite)
    name = repr(path.name)
    try:
        there = _status(path)
        if there is not None and _is_special(there):
            _write_into(path, data)
            return
        path = _destination(path)
        mode = stat.S_IMODE(there.st_mode) if there is not None else None
        if not _place_unnamed(path, data, mode, overwrite):
            _place_named(path, data, mode, overwrite)
        _flush_folder(path.parent)
    except FileExistsError as error:
        raise _exists(name) from error
    except (OSError, ValueError, RuntimeError) as error:
        raise output_error(error, name) from error


def output_error(error: Exception, name: str) -> OutputError:
    """The error of ours for one of the system's, met while writing `name`."""
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    code = getattr(error, "errno", None)
    if isinstance(error, OutputError):
        return error
    if code in _FULL:
        return DiskFullError(f"{name} can't be written: {reason}.", hint="Free some space, or write elsewhere.")
    if code == errno.EPIPE:
        return UnwritableOutputError(f"{name} was closed by its reader.", hint="Let the next program read to the end.")
    denied = code in (errno.EACCES, errno.EPERM, errno.EROFS)
    hint = "Check the folder's permissions." if denied else "Write elsewhere, or under another name."
    return UnwritableOutputError(f"{name} can't be written: {reason}.", hint=hint)


def _exists(name: str) -> OutputExistsError:
    return OutputExistsError(f"{name} exists already.", hint="Choose another name, or allow overwriting (--overwrite).")


def _status(path: Path) -> os.stat_result | None:
    """What the path leads to, links followed; None where nothing is."""
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _is_special(status: os.stat_result) -> bool:
    """A pipe, device or socket: written to, never replaced."""
    return not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode)


def _destination(path: Path) -> Path:
    """Where the bytes shall lie: the end of a chain of links."""
    return path.resolve() if path.is_symlink() else path.absolute()


def _place_unnamed(path: Path, data: bytes, mode: int | None, overwrite: bool) -> bool:
    """By a file without name, of which nothing is left if the process is killed. False where the system has none."""
    if not hasattr(os, "O_TMPFILE"):
        return False
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            file = os.open(path.parent, os.O_TMPFILE | os.O_WRONLY, 0o666)
        except OSError as error:
            if error.errno in _NOT_OFFERED:
                return False
            raise
        with os.fdopen(file, "wb") as stream:
            _fill(stream.fileno(), data, mode)
            try:
                _name_it(stream.fileno(), folder, path.name, overwrite)
            except OSError as error:
                if isinstance(error, FileExistsError) or error.errno not in _NOT_OFFERED:
                    raise
                return False
        return True
    finally:
        os.close(folder)


def _name_it(file: int, folder: int, name: str, overwrite: bool) -> None:
    # With a folder's descriptor Python calls linkat(), which follows the link to the open file; see open(2), O_TMPFILE.
    source = f"/proc/self/fd/{file}"
    if not overwrite:
        os.link(source, name, dst_dir_fd=folder, follow_symlinks=True)
        return
    temporary = _temporary_name()
    os.link(source, temporary, dst_dir_fd=folder, follow_symlinks=True)
    try:
        os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        os.unlink(temporary, dir_fd=folder)
        raise


def _temporary_name() -> str:
    return f".impasto-{os.urandom(8).hex()}.tmp"


def _place_named(path: Path, data: bytes, mode: int | None, overwrite: bool) -> None:
    temporary = path.parent / _temporary_name()
    file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    try:
        with os.fdopen(file, "wb") as stream:
            _fill(stream.fileno(), data, mode)
        _rename(temporary, path, overwrite)
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


def _rename(temporary: Path, path: Path, overwrite: bool) -> None:
    if overwrite:
        temporary.replace(path)
        return
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno not in _NOT_OFFERED:
            raise
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST)) from error
        temporary.rename(path)


def _fill(file: int, data: bytes, mode: int | None) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]
    if mode is not None and hasattr(os, "fchmod"):
        os.fchmod(file, mode)
    try:
        os.fsync(file)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):  # some network file systems know no fsync
            raise


def _write_into(path: Path, data: bytes) -> None:
    with path.open("wb", buffering=0) as stream:
        rest = memoryview(data)
        while rest:
            rest = rest[stream.write(rest) or 0 :]


def _flush_folder(folder: Path) -> None:
    """Make the new name last through a power cut, where the system lets folders be flushed."""
    with suppress(OSError):
        file = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)
