from __future__ import annotations

import hashlib
from pathlib import Path

import fsspec
import pytest

from impasto.errors import PictureNotFoundError
from impasto.service.store import PictureStore


@pytest.fixture(params=["disk", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> PictureStore:
    if request.param == "memory":  # an object store, as far as fsspec goes
        fsspec.filesystem("memory").store.clear()
        return PictureStore("memory://pictures")
    return PictureStore(str(tmp_path / "pictures"))


def test_pictures_are_known_by_their_hash(store: PictureStore) -> None:
    digest = store.put(b"a picture")
    assert digest == hashlib.sha256(b"a picture").hexdigest()
    assert store.put(b"a picture") == digest
    assert store.get(digest) == b"a picture"
    assert digest in store
    assert [(name, size) for name, size, _ in store.all()] == [(digest, 9)]
    store.remove(digest)
    store.remove(digest)
    assert digest not in store
    assert list(store.all()) == []
    with pytest.raises(PictureNotFoundError):
        store.get(digest)


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "0" * 63, "/etc/passwd", "G" * 64])
def test_nothing_else_is_reached(store: PictureStore, name: str) -> None:
    with pytest.raises(PictureNotFoundError):
        store.get(name)
    with pytest.raises(PictureNotFoundError):
        _ = name in store
