"""Pictures by the hash of their content: what is there is whole, and never changes."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import fsspec
from fsspec.implementations.local import LocalFileSystem

from impasto.errors import OutputError, PictureNotFoundError
from impasto.files import output_error, place_file

_DIGEST = re.compile(r"[0-9a-f]{64}")


def digest_of(data: bytes) -> str:
    """The name of these bytes in a store."""
    return hashlib.sha256(data).hexdigest()


class PictureStore:
    """
    Args:
        url: fsspec address of a folder: a path, s3://…

    A file gets its name when all of it is written: by a rename on a disk, by the end of the upload in object stores.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._system, self._root = fsspec.core.url_to_fs(url)
        self._local = isinstance(self._system, LocalFileSystem)
        if self._local:
            Path(self._root).mkdir(parents=True, exist_ok=True)

    def put(self, data: bytes) -> str:
        """Keep these bytes, and return their digest.

        Raises:
            OutputError: they can't be written.
        """
        digest = digest_of(data)
        path = self._path(digest)
        if self._system.exists(path):
            self._touch(path)
            return digest
        try:
            if self._local:
                Path(path).parent.mkdir(exist_ok=True)
                place_file(Path(path), data, overwrite=True)
            else:
                self._upload(path, data)
        except OSError as error:
            raise output_error(error, f"picture {digest[:12]}") from error
        return digest

    def get(self, digest: str) -> bytes:
        """
        Raises:
            PictureNotFoundError: it is not, or no longer, here.
        """
        try:
            data: bytes = self._system.cat_file(self._path(digest))
        except (FileNotFoundError, OSError) as error:
            raise PictureNotFoundError("The picture is no longer here.", hint="Send it again.") from error
        return data

    def __contains__(self, digest: str) -> bool:
        return bool(self._system.exists(self._path(digest)))

    def remove(self, digest: str) -> None:
        """It need not be there."""
        with suppress(FileNotFoundError):
            self._system.rm_file(self._path(digest))

    def all(self) -> Iterator[tuple[str, int, float]]:
        """Digest, bytes and time of change (seconds since 1970; 0 if not known) of each picture."""
        for path, about in self._system.find(self._root, detail=True).items():
            name = str(path).rpartition("/")[2]
            if _DIGEST.fullmatch(name):
                changed = about.get("mtime") or 0
                yield name, int(about.get("size") or 0), float(changed if isinstance(changed, int | float) else 0)

    def _path(self, digest: str) -> str:
        if not _DIGEST.fullmatch(digest):
            raise PictureNotFoundError("The picture is no longer here.", hint="Send it again.")
        return f"{self._root}/{digest[:2]}/{digest}"

    def _touch(self, path: str) -> None:
        """So that it is not cleared away as old before the order that names it is in the book."""
        if self._local:
            with suppress(OSError):
                Path(path).touch()

    def _upload(self, path: str, data: bytes) -> None:
        temporary = f"{self._root}/tmp-{uuid.uuid4().hex}"
        try:
            self._system.pipe_file(temporary, data)
            self._system.mv(temporary, path)
        except OutputError:
            raise
        finally:
            with suppress(FileNotFoundError, OSError):
                self._system.rm_file(temporary)
