from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import fsspec
import pytest

from impasto.errors import PictureNotFoundError, StorageAwayError
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
    (kept,) = store.all()
    assert (kept.name, kept.size) == (digest, 9)
    assert store.remove(kept, before=time.time() + 9)
    assert not store.remove(kept, before=time.time() + 9)
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


def test_what_is_young_stays(store: PictureStore) -> None:
    store.put(b"a picture")
    (kept,) = store.all()
    assert not store.remove(kept, before=time.time() - 60)
    assert kept.name in store


def test_what_is_put_again_is_young_again(tmp_path: Path) -> None:
    store = PictureStore(str(tmp_path))
    store.put(b"a picture")
    (kept,) = store.all()
    os.utime(kept.path, (1, 1))
    store.put(b"a picture")
    assert not store.remove(kept, before=time.time() - 60)


def test_what_was_never_finished_goes(store: PictureStore) -> None:
    store._system.pipe_file(f"{store._root}/tmp-1", b"half a pict")
    (kept,) = store.all()
    assert store.remove(kept, before=time.time() + 9)
    assert list(store.all()) == []


def test_what_can_not_be_reached_is_not_gone(tmp_path: Path) -> None:
    store = PictureStore(str(tmp_path / "pictures"))
    digest = store.put(b"a picture")
    (tmp_path / "pictures").rename(tmp_path / "away")
    (tmp_path / "pictures").touch()
    with pytest.raises(StorageAwayError, match="can't read") as away:
        store.get(digest)
    assert str(tmp_path) not in str(away.value)
    with pytest.raises(StorageAwayError, match="can't keep") as away:
        store.put(b"another")
    assert str(tmp_path) not in str(away.value)
