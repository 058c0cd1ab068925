"""The table of published weights, downloads by name, and what is on this machine."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from downloading import DATA, NAME, published
from misbehaving_server import serving, whole

from impasto.errors import (
    OfflineError,
    UnknownNameError,
)
from impasto.features import PublishedWeights, download_weights, sources, weights_status
from impasto.features.sources import Digest

# --- by name ---


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Callable[[PublishedWeights], None]:
    return lambda entry: monkeypatch.setitem(sources.PUBLISHED, entry.name, entry)  # type: ignore[arg-type]


def test_by_name_into_the_home_of_the_environment(home: Path, table: Callable[[PublishedWeights], None]) -> None:
    with serving(whole(DATA)) as server:
        table(published(server))
        assert download_weights("VGG7") == home / "weights" / NAME
        other = home.parent / "elsewhere"
        assert download_weights("vgg7", home=other) == other / "weights" / NAME
    assert (home / "weights" / NAME).read_bytes() == DATA


def test_status(home: Path, table: Callable[[PublishedWeights], None]) -> None:
    with serving(whole(DATA)) as server:
        table(published(server))

        def look(verify: bool) -> tuple[bool, bool | None]:
            entry = {entry.name: entry for entry in weights_status(verify=verify)}["vgg7"]
            assert (entry.path, entry.size, entry.licence) == (home / "weights" / NAME, len(DATA), "CC0")
            return entry.present, entry.verified

        assert look(True) == look(False) == (False, None)
        path = download_weights("vgg7")
        assert (look(False), look(True)) == ((True, None), (True, True))
        path.write_bytes(b"x" * len(DATA))
        assert (look(False), look(True)) == ((True, None), (True, False))
        path.write_bytes(b"x")
        assert look(False) == (True, False)
    assert [entry.name for entry in weights_status()][:3] == ["lite", "vgg19", "vgg16"]


def test_an_unknown_name(home: Path) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'vgg19'"):
        download_weights("vgg-19")
    assert not home.exists()


def test_every_published_name_offline(home: Path) -> None:
    for name, entry in sources.PUBLISHED.items():
        with pytest.raises(OfflineError):
            download_weights(name, offline=True)
        assert entry.address.startswith("https://")
        assert len(entry.digest.value) == {"md5": 32, "sha256": 64}[entry.digest.algorithm]
        assert entry.digest.value == entry.digest.value.lower()
        # torch.hub's convention: the file's name ends with the beginning of its hash.
        if entry.file_name.endswith(".pth"):
            assert entry.digest.value.startswith(entry.file_name.removesuffix(".pth").split("-")[1])
    assert len({entry.file_name for entry in sources.PUBLISHED.values()}) == len(sources.PUBLISHED)
    assert not home.exists()


def test_md5_and_sha256_are_what_hashlib_says(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(DATA)
    assert Digest("md5", hashlib.md5(DATA).hexdigest()).matches(tmp_path / "file")
    assert Digest("sha256", hashlib.sha256(DATA).hexdigest()).matches(tmp_path / "file")
    assert not Digest("sha256", "0" * 64).matches(tmp_path / "file")


def test_the_source_is_immutable() -> None:
    entry = sources.PUBLISHED["vgg19"]
    assert replace(entry, name="other").name == "other"
    with pytest.raises(AttributeError):
        entry.name = "other"  # type: ignore[misc]
