"""Downloads from a local server: the usual way, broken connections, and what cannot be resumed."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from downloading import DATA, HALF, NAME, Caller, check_whole, part_on_disk, published
from misbehaving_server import broken, serving, stalled, status, whole

from impasto.errors import (
    DownloadError,
    DownloadNotFoundError,
    OfflineError,
)
from impasto.features import DownloadProgress, PublishedWeights
from impasto.features.download import fetch
from impasto.features.locking import exclusive

# --- the usual way ---


def test_the_file_arrives_with_progress(caller: Caller) -> None:
    with serving(whole(DATA)) as server:
        check_whole(caller, caller(published(server)))
        assert len(server.requests) == 1
        assert server.requests[0].headers["User-Agent"].startswith("impasto/")
        assert "Range" not in server.requests[0].headers
    done = [step.done_bytes for step in caller.progress]
    assert done == sorted(done)
    assert (done[0], done[-1]) == (0, len(DATA))
    assert {(step.total_bytes, step.name) for step in caller.progress} == {(len(DATA), "vgg7")}
    assert caller.sleeps == []


def test_what_is_there_and_whole_is_not_fetched_again(caller: Caller) -> None:
    with serving(whole(DATA)) as server:
        caller(published(server))
        check_whole(caller, caller(published(server)))
        check_whole(caller, caller(published(server), offline=True))
        assert len(server.requests) == 1


@pytest.mark.parametrize("damage", [b"", b"short", DATA[:-1] + b"\x00"])
def test_what_is_there_but_damaged_is_fetched_again(caller: Caller, damage: bytes) -> None:
    caller.folder.mkdir(parents=True)
    (caller.folder / NAME).write_bytes(damage)
    with serving(whole(DATA)) as server:
        check_whole(caller, caller(published(server)))


def test_a_failed_repair_leaves_the_old_file(caller: Caller) -> None:
    caller.folder.mkdir(parents=True)
    (caller.folder / NAME).write_bytes(b"mine")
    with serving(status(404)) as server, pytest.raises(DownloadNotFoundError):
        caller(published(server))
    assert caller.left == [NAME]
    assert (caller.folder / NAME).read_bytes() == b"mine"


def test_offline(caller: Caller) -> None:
    with serving(whole(DATA)) as server:
        with pytest.raises(OfflineError, match=r"not on this machine.*impasto weights get vgg7"):
            caller(published(server), offline=True)
        assert caller.left == []
        caller.folder.mkdir(parents=True)
        (caller.folder / NAME).write_bytes(b"?")
        with pytest.raises(OfflineError, match="damaged"):
            caller(published(server), offline=True)
        assert server.requests == []


# --- broken connections ---


@pytest.mark.parametrize("how", [{}, {"told": False}, {"reset": True}], ids=["short", "unannounced", "reset"])
def test_a_broken_connection_is_resumed(caller: Caller, how: dict[str, bool]) -> None:
    with serving(broken(DATA, HALF, **how), whole(DATA)) as server:
        check_whole(caller, caller(published(server)))
        first, second = server.requests
    assert "Range" not in first.headers
    # A reset may swallow bytes that were on their way, a closed connection may not.
    start = int(second.headers["Range"].removeprefix("bytes=").removesuffix("-"))
    assert start == HALF or ("reset" in how and 0 < start < HALF)
    assert second.headers["If-Range"] == '"version 1"'
    assert caller.sleeps == [1.0]


def test_breaking_again_and_again_waits_longer_and_longer(caller: Caller) -> None:
    with serving(*[broken(DATA, 1000)] * 6, whole(DATA)) as server:
        check_whole(caller, caller(published(server), attempts=7))
        assert [request.headers.get("Range") for request in server.requests[1:]] == [
            f"bytes={n}000-" for n in range(1, 7)
        ]
    assert caller.sleeps == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0]


def test_a_large_gain_begins_a_new_row_of_attempts(caller: Caller) -> None:
    data = b"\x89HDF\r\n\x1a\n" + bytes(5 << 20)
    with serving(*[broken(data, 5 << 18)] * 4, whole(data)) as server:
        assert caller(published(server, data), attempts=2).read_bytes() == data
    assert caller.sleeps == [1.0] * 4


def test_what_arrived_is_kept_for_the_next_call(caller: Caller) -> None:
    with serving(broken(DATA, HALF), whole(DATA)) as server:
        with pytest.raises(DownloadError, match=r"broke before the file was whole.*goes on where it stopped") as caught:
            caller(published(server), attempts=1)
        assert type(caught.value) is DownloadError
        assert caught.value.exit_code == 40
        assert f"{NAME}.part" in caller.left
        assert NAME not in caller.left
        caller.progress.clear()
        check_whole(caller, caller(published(server)))
        assert server.requests[1].headers["Range"] == f"bytes={HALF}-"
    assert caller.progress[0].done_bytes == HALF


def test_an_interrupted_download_is_resumed(caller: Caller) -> None:
    def interrupt(step: DownloadProgress) -> None:
        if step.done_bytes > HALF:
            raise KeyboardInterrupt

    with serving(whole(DATA)) as server:
        with pytest.raises(KeyboardInterrupt):
            fetch(published(server), caller.folder, progress=interrupt)
        assert f"{NAME}.part" in caller.left
        assert f"{NAME}.lock" not in caller.left
        check_whole(caller, caller(published(server)))
        assert int(server.requests[1].headers["Range"].removeprefix("bytes=").rstrip("-")) > HALF


FETCH = """
import sys
from pathlib import Path
from impasto.features.download import fetch
from impasto.features.sources import Digest, PublishedWeights
address, size, digest, folder = sys.argv[1:]
fetch(PublishedWeights("vgg7", "vgg16", address, int(size), Digest("sha256", digest), "CC0", ""), Path(folder))
"""


def start_process(source: PublishedWeights, folder: Path) -> subprocess.Popen[bytes]:
    arguments = [source.address, str(source.size), source.digest.value, str(folder)]
    return subprocess.Popen([sys.executable, "-c", FETCH, *arguments])


def test_a_killed_download_is_resumed(caller: Caller) -> None:
    with serving(stalled(DATA, HALF), whole(DATA)) as server:
        process = start_process(published(server), caller.folder)
        assert server.stalled.wait(60)
        process.kill()
        assert process.wait() != 0
        assert NAME not in caller.left
        # The lock of a dead process locks nobody out.
        check_whole(caller, caller(published(server)))


def test_two_processes_and_two_threads_fetch_once(caller: Caller) -> None:
    with serving(whole(DATA)) as server:
        source = published(server)
        processes = [start_process(source, caller.folder) for _ in range(2)]
        threads = [threading.Thread(target=fetch, args=(source, caller.folder)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [process.wait() for process in processes] == [0, 0]
        check_whole(caller, caller.folder / NAME)
        assert len(server.requests) == 1


def test_the_lock_lets_one_in_at_a_time(tmp_path: Path) -> None:
    inside, most = 0, 0

    def enter() -> None:
        nonlocal inside, most
        for _ in range(50):
            with exclusive(tmp_path / "lock"):
                inside += 1
                most = max(most, inside)
                os.sched_yield() if hasattr(os, "sched_yield") else None
                inside -= 1

    threads = [threading.Thread(target=enter) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1
    assert list(tmp_path.iterdir()) == []


# --- resuming what cannot be resumed ---


def test_a_server_that_knows_no_ranges(caller: Caller) -> None:
    with serving(broken(DATA, HALF), whole(DATA, ranges=False)) as server:
        check_whole(caller, caller(published(server)))
        assert "Range" in server.requests[1].headers


def test_the_file_changed_on_the_server_meanwhile(caller: Caller) -> None:
    part_on_disk(caller, b"an older version", '"version 0"')
    with serving(whole(DATA)) as server:
        check_whole(caller, caller(published(server)))
        assert server.requests[0].headers["If-Range"] == '"version 0"'


@pytest.mark.parametrize("etag", ["", 'W/"weak"'])
def test_without_a_strong_etag_the_date_is_the_version(caller: Caller, etag: str) -> None:
    date = "Wed, 21 Oct 2015 07:28:00 GMT"

    def first(handler: object) -> None:
        handler.head(200, Content_Length=len(DATA), Last_Modified=date, **({"ETag": etag} if etag else {}))  # type: ignore[attr-defined]
        handler.wfile.write(DATA[:HALF])  # type: ignore[attr-defined]

    with serving(first, whole(DATA, etag=date)) as server:
        check_whole(caller, caller(published(server)))
        assert server.requests[1].headers["If-Range"] == date


@pytest.mark.parametrize("version", ['"version 1"', ""], ids=["version known", "version unknown"])
@pytest.mark.parametrize("length", [HALF, len(DATA)], ids=["half", "all"])
def test_a_part_with_a_wrong_beginning_is_caught_and_begun_anew(caller: Caller, length: int, version: str) -> None:
    part_on_disk(caller, b"x" * length, version)
    with serving(whole(DATA)) as server:
        check_whole(caller, caller(published(server)))
        assert "Range" not in server.requests[-1].headers
        assert len(server.requests) == (2 if length == HALF else 1)


@pytest.mark.parametrize("note", ["\u00e9t\u00e9", '"a"\r\nX: y', "\x00"])
def test_a_damaged_note_of_the_version_is_not_sent(caller: Caller, note: str) -> None:
    part_on_disk(caller, DATA[:HALF], note)
    with serving(whole(DATA)) as server:
        check_whole(caller, caller(published(server)))
        assert "If-Range" not in server.requests[0].headers


def test_a_part_that_is_complete_and_right_needs_no_request(caller: Caller) -> None:
    part_on_disk(caller, DATA)
    with serving(status(500)) as server:
        check_whole(caller, caller(published(server)))
        assert server.requests == []


def test_a_part_that_is_too_long_is_thrown_away(caller: Caller) -> None:
    part_on_disk(caller, DATA + b"more")
    with serving(whole(DATA)) as server:
        check_whole(caller, caller(published(server)))
        assert "Range" not in server.requests[0].headers


@pytest.mark.parametrize(
    "answer",
    [
        status(416, b"", Content_Range=f"bytes */{len(DATA)}"),
        status(206, DATA[5:], Content_Range=f"bytes 5-{len(DATA) - 1}/{len(DATA)}"),
        status(206, DATA[HALF:]),
    ],
    ids=["refused", "another range", "no range"],
)
def test_a_server_that_resumes_wrongly(caller: Caller, answer: Callable[..., None]) -> None:
    part_on_disk(caller, DATA[:HALF])
    with serving(answer, whole(DATA)) as server:
        check_whole(caller, caller(published(server)))
        assert "Range" not in server.requests[1].headers
