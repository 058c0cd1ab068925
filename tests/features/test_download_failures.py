"""Downloads that fail: each failure is an error of its own, and leaves nothing behind."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from collections import namedtuple
from pathlib import Path

import pytest
from downloading import DATA, HALF, NAME, Caller, check_whole, fails, part_on_disk, published
from misbehaving_server import closed_port, serving, stalled, status, whole

from impasto.errors import (
    DiskFullError,
    DownloadError,
    DownloadNotFoundError,
    DownloadStalledError,
    HashMismatchError,
    MissingExtraError,
    UnwritableOutputError,
    WrongContentError,
)

# --- failures that leave nothing behind ---


PAGE = b"<html><body>Please log in to the network</body></html>"


@pytest.mark.parametrize("code", [404, 410])
@pytest.mark.parametrize("begun", [False, True])
def test_gone(caller: Caller, code: int, begun: bool) -> None:
    if begun:
        part_on_disk(caller, DATA[:HALF])
    with serving(status(code, PAGE, Content_Type="text/html")) as server:
        fails(caller, server, DownloadNotFoundError, f"no longer has this file \\(HTTP {code}\\)")


@pytest.mark.parametrize("begun", [False, True])
@pytest.mark.parametrize("headers", [{"Content_Type": "text/html; charset=utf-8"}, {}, {"Content_Type": "x/y"}])
def test_a_web_page_in_place_of_weights(caller: Caller, headers: dict[str, str], begun: bool) -> None:
    if begun:
        part_on_disk(caller, DATA[:HALF])
    page = PAGE.ljust(len(DATA))  # of the right length, so that only its content tells
    with serving(status(200, page, **headers)) as server:
        fails(caller, server, WrongContentError, "A web page came in place of the weights of vgg7")


def test_a_wrong_hash(caller: Caller) -> None:
    with serving(whole(DATA[:-1] + b"\x00")) as server:
        fails(caller, server, HashMismatchError, "its sha256 sum differs")
    assert HashMismatchError.exit_code == 45


def test_a_wrong_hash_after_resuming_is_tried_once_from_the_beginning(caller: Caller) -> None:
    part_on_disk(caller, DATA[:HALF])
    with serving(whole(DATA[:-1] + b"\x00")) as server:
        fails(caller, server, HashMismatchError, "its sha256 sum differs", requests=2)
        assert "Range" not in server.requests[1].headers


@pytest.mark.parametrize("announced", [True, False])
def test_more_bytes_than_published(caller: Caller, announced: bool) -> None:
    answer = whole(DATA + b"x" * 1000, **({} if announced else {"Content_Length": None}))  # type: ignore[arg-type]
    with serving(answer) as server:
        fails(caller, server, HashMismatchError, f"but {len(DATA)} bytes were published")


def test_fewer_bytes_than_published(caller: Caller) -> None:
    with serving(whole(DATA[:100])) as server:
        fails(caller, server, HashMismatchError, f"offers 100 bytes as vgg7, but {len(DATA)} bytes were published")


def test_another_size_behind_a_range(caller: Caller) -> None:
    part_on_disk(caller, DATA[:HALF])
    with serving(whole(DATA + b"x")) as server:
        fails(caller, server, HashMismatchError, f"offers {len(DATA) + 1} bytes")


def test_compressed_transfer_is_refused(caller: Caller) -> None:
    with serving(whole(DATA, Content_Encoding="gzip")) as server:
        fails(caller, server, WrongContentError, "compressed")


@pytest.mark.parametrize("after", [-1, 0, HALF], ids=["never answers", "headers only", "half"])
def test_a_stalled_server(caller: Caller, after: int) -> None:
    with serving(stalled(DATA, after)) as server:
        fails(caller, server, DownloadStalledError, "stopped sending", read=0.2, attempts=1)
    assert DownloadStalledError.exit_code == 43


def test_a_server_that_stalls_for_a_while(caller: Caller) -> None:
    with serving(stalled(DATA, -1), stalled(DATA, 1000), whole(DATA)) as server:
        check_whole(caller, caller(published(server), read=1.0, attempts=10))
        assert server.requests[2].headers["Range"] == "bytes=1000-"


@pytest.mark.parametrize("code", [408, 429, 500, 502, 503, 504])
def test_a_server_in_trouble_is_asked_again(caller: Caller, code: int) -> None:
    with serving(status(code, PAGE, Content_Type="text/html"), whole(DATA)) as server:
        check_whole(caller, caller(published(server)))
    assert caller.sleeps == [1.0]


def test_a_server_in_lasting_trouble(caller: Caller) -> None:
    with serving(status(503)) as server:
        fails(caller, server, DownloadError, "answered with HTTP 503. Try again later", requests=3)
    assert caller.sleeps == [1.0, 2.0]


@pytest.mark.parametrize(("asked", "waited"), [("7", 7.0), ("100000", 60.0), ("Wed, 21 Oct 2015 07:28:00 GMT", 1.0)])
def test_retry_after_is_honoured_within_reason(caller: Caller, asked: str, waited: float) -> None:
    with serving(status(503, Retry_After=asked), whole(DATA)) as server:
        caller(published(server))
    assert caller.sleeps == [waited]


@pytest.mark.parametrize("code", [400, 401, 403, 451])
def test_a_refusal_is_not_asked_again(caller: Caller, code: int) -> None:
    with serving(status(code)) as server:
        fails(caller, server, DownloadError, f"answered with HTTP {code}")


def test_nobody_listens(caller: Caller) -> None:
    with pytest.raises(DownloadError, match=r"127\.0\.0\.1 cannot be reached\. Check the network"):
        caller(published(f"http://127.0.0.1:{closed_port()}"))
    assert caller.sleeps == [1.0, 2.0]
    assert caller.left == []


# --- disks ---


def test_too_little_space_is_told_before_anything_is_asked(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9, 1000))
    with serving(whole(DATA)) as server:
        with pytest.raises(DiskFullError, match=r"needs 1 MB, but only 0 MB are free.*IMPASTO_HOME") as caught:
            caller(published(server))
        assert server.requests == []
    assert caught.value.exit_code == 23
    assert caller.left == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, the disk that is always full")
def test_a_disk_that_becomes_full(caller: Caller) -> None:
    caller.folder.mkdir(parents=True)
    (caller.folder / f"{NAME}.part").symlink_to("/dev/full")
    with serving(whole(DATA)) as server, pytest.raises(DiskFullError, match="became full"):
        caller(published(server))
    assert caller.left == []


def test_a_quota_that_is_used_up(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: int) -> None:
        raise OSError(errno.EDQUOT, "Disk quota exceeded")

    monkeypatch.setattr(os, "fsync", refuse)
    with serving(whole(DATA)) as server, pytest.raises(DiskFullError):
        caller(published(server))
    assert caller.left == []


def test_a_file_in_place_of_the_home(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    with serving(whole(DATA)) as server:
        with pytest.raises(UnwritableOutputError, match="set IMPASTO_HOME to a folder that you may write to"):
            Caller(tmp_path / "home" / "weights")(published(server))
        assert server.requests == []


def test_a_folder_in_place_of_the_file(caller: Caller) -> None:
    (caller.folder / NAME).mkdir(parents=True)
    with serving(whole(DATA)) as server, pytest.raises(UnwritableOutputError):
        caller(published(server))
    assert caller.left == [NAME]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_home_that_may_not_be_written_to(caller: Caller) -> None:
    caller.folder.mkdir(parents=True)
    caller.folder.chmod(0o500)
    with serving(whole(DATA)) as server, pytest.raises(UnwritableOutputError, match="Permission denied"):
        caller(published(server))
    assert caller.left == []


def test_without_httpx_the_missing_part_is_named(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    import impasto.features as package

    monkeypatch.setitem(sys.modules, "httpx", None)
    monkeypatch.delitem(sys.modules, "impasto.features.transfer", raising=False)
    monkeypatch.delattr(package, "transfer", raising=False)
    with pytest.raises(MissingExtraError, match=r"pip install 'impasto\[studio\]'"):
        caller(published("http://weights.example"))
    assert caller.left == []
