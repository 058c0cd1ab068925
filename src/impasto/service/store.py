"""Pictures by the hash of their content: what is there is whole, and never changes."""

from __future__ import annotations

import hashlib
import os
import re
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import fsspec
from fsspec.implementations.local import LocalFileSystem

from impasto.errors import PictureNotFoundError, StorageAwayError
from impasto.files import output_error, place_file

_LATER = "Try again in a while."
_DIGEST = re.compile(r"[0-9a-f]{64}")


def digest_of(data: bytes) -> str:
    """The name of these bytes in a store."""
    return hashlib.sha256(data).hexdigest()


class Kept(NamedTuple):
    """A file of a store: its name, which is the digest if it is whole, its path, and its bytes."""

    name: str
    path: str
    size: int


class PictureStore:
    """
    Args:
        url: fsspec address of a folder: a path, s3://…

    Raises:
        OutputError: the folder can't be made.

    A file gets its name when all of it is written: by a rename, or what object stores have in its place.
    """

    def __init__(self, url: str) -> None:
        self._system, self._root = fsspec.core.url_to_fs(url)
        self._local = isinstance(self._system, LocalFileSystem)
        if self._local:
            try:
                Path(self._root).mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise output_error(error, "The folder of pictures") from error

    def put(self, data: bytes) -> str:
        """Keep these bytes, and return their digest.

        Raises:
            StorageAwayError: they can't be written now.
        """
        digest = digest_of(data)
        path = self._path(digest)
        try:
            if not self._local:
                self._upload(path, data)  # also what is there: it is young again
            elif not _touched(Path(path)):
                Path(path).parent.mkdir(exist_ok=True)
                place_file(Path(path), data, overwrite=True)
        except Exception as error:  # each kind of store has its own
            raise StorageAwayError("The studio can't keep pictures now.", hint=_LATER) from error
        return digest

    def get(self, digest: str) -> bytes:
        """
        Raises:
            PictureNotFoundError: it is not, or no longer, here.
            StorageAwayError: it can't be read now.
        """
        path = self._path(digest)
        try:
            data: bytes = self._system.cat_file(path)
        except FileNotFoundError as error:
            raise PictureNotFoundError("The picture is no longer here.", hint="Send it again.") from error
        except Exception as error:  # each kind of store has its own
            raise StorageAwayError("The studio can't read its pictures now.", hint=_LATER) from error
        return data

    def __contains__(self, digest: str) -> bool:
        return bool(self._system.exists(self._path(digest)))

    def all(self) -> Iterator[Kept]:
        """All files, those included that were never finished, as their writer died."""
        for path, about in self._system.find(self._root, detail=True).items():
            yield Kept(str(path).rpartition("/")[2], str(path), int(about.get("size") or 0))

    def remove(self, kept: Kept, *, before: float) -> bool:
        """Remove a file that was last written, or `put` again, before a time (seconds since 1970); whether it is gone.

        One whose time the store does not tell stays.
        """
        with suppress(FileNotFoundError, NotImplementedError):
            if self._system.modified(kept.path).timestamp() < before:
                self._system.rm_file(kept.path)
                return True
        return False

    def _path(self, digest: str) -> str:
        if not _DIGEST.fullmatch(digest):
            raise PictureNotFoundError("The picture is no longer here.", hint="Send it again.")
        return f"{self._root}/{digest[:2]}/{digest}"

    def _upload(self, path: str, data: bytes) -> None:
        temporary = f"{self._root}/tmp-{uuid.uuid4().hex}"
        try:
            self._system.pipe_file(temporary, data)
            self._system.mv(temporary, path)
        finally:
            with suppress(FileNotFoundError, OSError):
                self._system.rm_file(temporary)


def _touched(path: Path) -> bool:
    """Make a file young, so that it is not cleared away before the order that names it is in the book; whether it is
    there.
    """
    try:
        os.utime(path)
    except FileNotFoundError:
        return False
    return True
