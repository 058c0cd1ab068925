"""Folders put in their place whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from impasto.errors import OutputExistsError, UnwritableOutputError
from impasto.web.folder import check_folder, place_folder

FILES = {"index.html": b"<p>", "ort/a.wasm": b"\0asm"}


def _inside(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "files.json")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_a_new_folder_an_empty_one_and_an_old_one(tmp_path: Path) -> None:
    folder = tmp_path / "page"
    place_folder(folder, FILES)
    assert _inside(folder) == FILES
    (tmp_path / "empty").mkdir()
    place_folder(tmp_path / "empty", FILES)
    with pytest.raises(OutputExistsError, match="exists already"):
        place_folder(folder, FILES)
    place_folder(folder, {"other.html": b"<b>"}, overwrite=True)
    assert _inside(folder) == {"other.html": b"<b>"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "page"], "nothing else is left"


def test_what_is_not_ours_is_never_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "page"
    place_folder(folder, FILES)
    (folder / "CNAME").write_text("example.org")
    with pytest.raises(OutputExistsError, match="CNAME"):
        place_folder(folder, FILES, overwrite=True)
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "photo.jpg").write_bytes(b"?")
    with pytest.raises(OutputExistsError, match=r"photo\.jpg"):
        check_folder(mine, overwrite=True)
    (mine / "files.json").write_text("[1")
    with pytest.raises(OutputExistsError, match=r"photo\.jpg"):
        check_folder(mine, overwrite=True)
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to(folder)
    for name in ("file", "link"):
        with pytest.raises(OutputExistsError, match="no folder"):
            check_folder(tmp_path / name, overwrite=True)
    assert (mine / "photo.jpg").read_bytes() == b"?"


@pytest.mark.parametrize("path", ["../out", "a/../../out", "/tmp/out", "..\\out", "C:out", "\\\\host\\share\\out"])
def test_nothing_is_written_beside_the_folder(tmp_path: Path, path: str) -> None:
    with pytest.raises(UnwritableOutputError, match="no place in"):
        place_folder(tmp_path / "page", {**FILES, path: b"!"})
    assert list(tmp_path.iterdir()) == []


def test_where_it_cannot_be(tmp_path: Path, as_nobody: Callable[[Callable[[], object]], int]) -> None:
    with pytest.raises(UnwritableOutputError, match="doesn't exist"):
        check_folder(tmp_path / "missing" / "page")
    with pytest.raises(UnwritableOutputError):
        place_folder(tmp_path / "a\0b", FILES)
    locked = tmp_path / "locked"
    locked.mkdir()
    locked.chmod(0o555)
    tmp_path.chmod(0o755)
    for above in tmp_path.parents:
        if above.stat().st_uid == os.getuid() and str(above).startswith("/tmp/"):
            above.chmod(0o755)
    assert as_nobody(lambda: check_folder(locked / "page")) == 22


def test_after_a_failure_all_is_as_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "page"
    place_folder(folder, FILES)
    with pytest.raises(UnwritableOutputError):
        place_folder(folder, {"a": b"1", "a/b": b"2"}, overwrite=True)
    assert _inside(folder) == FILES
    assert [path.name for path in tmp_path.iterdir()] == ["page"]
