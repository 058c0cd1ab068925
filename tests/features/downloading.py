"""A caller of `fetch`, and the file that it wants."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from misbehaving_server import Server

from impasto.errors import DownloadError
from impasto.features import DownloadProgress, Patience, PublishedWeights
from impasto.features.download import fetch
from impasto.features.sources import Digest

# Larger than any buffer on the way, so that a part of it does arrive before a connection breaks.
DATA = b"\x89HDF\r\n\x1a\n" + bytes(range(256)) * 2000
HALF = len(DATA) // 2
NAME = "weights.h5"


def published(server: Server | str, data: bytes = DATA) -> PublishedWeights:
    address = server if isinstance(server, str) else server.address
    digest = Digest("sha256", hashlib.sha256(data).hexdigest())
    return PublishedWeights("vgg7", "vgg16", f"{address}/{NAME}", len(data), digest, "CC0", "Keras HDF5")


class Caller:
    """A caller of `fetch` that never really sleeps and notes what it is told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sleeps: list[float] = []
        self.progress: list[DownloadProgress] = []

    def __call__(
        self, source: PublishedWeights, *, read: float = 30.0, attempts: int = 3, offline: bool = False
    ) -> Path:
        patience = Patience(connect=30.0, read=read, attempts=attempts, sleep=self.sleeps.append)
        return fetch(source, self.folder, offline=offline, progress=self.progress.append, patience=patience)

    @property
    def left(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir()) if self.folder.exists() else []


def check_whole(caller: Caller, path: Path) -> None:
    assert path.read_bytes() == DATA
    assert caller.left == [NAME], "nothing is left beside the file"


def part_on_disk(caller: Caller, content: bytes, version: str = '"version 1"') -> None:
    caller.folder.mkdir(parents=True)
    (caller.folder / f"{NAME}.part").write_bytes(content)
    if version:
        (caller.folder / f"{NAME}.part.version").write_text(version)


def fails(
    caller: Caller, server: Server, kind: type[Exception], match: str, *, requests: int = 1, **options: float
) -> None:
    with pytest.raises(DownloadError, match=match) as caught:
        caller(published(server), **options)  # type: ignore[arg-type]
    assert type(caught.value) is kind
    assert caught.value.hint
    assert caller.left == []
    assert len(server.requests) == requests
