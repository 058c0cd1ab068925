"""`impasto serve` and the workers that it keeps, as processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.service.conftest import ended, picture, placed, until
from tests.service.postgres import Postgres

from impasto.service.book import OrderBook
from impasto.service.orders import OrderedStyle, OrderRequest
from impasto.service.server import _Keeper, _pause
from impasto.service.settings import ServiceSettings
from impasto.service.store import PictureStore

Serve = Callable[..., "subprocess.Popen[bytes]"]
FIRST = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child"]
"""What makes a command process 1 of its own world, as in a container."""


@pytest.fixture
def serve(settings: ServiceSettings) -> Iterator[Serve]:
    started: list[subprocess.Popen[bytes]] = []

    def start(*options: str, within: list[str] | None = None, **environment: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "impasto", "serve", "--port", "0", "--threads", "1", *options]
        chosen = {"IMPASTO_DATA": str(settings.data), **environment}
        started.append(
            subprocess.Popen([*(within or []), *command], env={**os.environ, **chosen}, stderr=subprocess.DEVNULL)
        )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()
    until(lambda: not _workers(settings.data))


def _workers(data: Path) -> list[int]:
    found = subprocess.run(["pgrep", "-f", f"impasto worker --data {data} "], capture_output=True, check=False)
    return [int(line) for line in found.stdout.split()]


def _request(store: PictureStore, width: int = 64, height: int = 48) -> OrderRequest:
    return OrderRequest(store.put(picture(width, height)), (OrderedStyle(name="mosaic"),))


def test_a_worker_that_does_not_live_long_is_started_again_ever_later() -> None:
    pauses = [0.0]
    for _ in range(8):
        pauses.append(_pause(pauses[-1], lived=2.0))
    assert pauses[1:] == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    assert _pause(30.0, lived=60.0) == 0.5


def test_what_a_worker_complains_of_is_seen(capfd: pytest.CaptureFixture[str]) -> None:
    seen: list[str] = []

    def complained() -> bool:
        seen.append(capfd.readouterr().err)
        return "".join(seen).count("no luck") >= 2  # when it has been started again, too

    keeper = _Keeper([sys.executable, "-c", "import sys; sys.exit('no luck')"], os.environ)
    until(complained)
    keeper.end()
    keeper.join(30)
    assert not keeper.is_alive()


@pytest.mark.slow
def test_workers_of_process_1_are_no_orphans(settings: ServiceSettings, book: OrderBook, serve: Serve) -> None:
    """In a container the process that listens may be the one that inherits orphans."""
    if sys.platform != "linux" or subprocess.run([*FIRST, "true"], check=False, stderr=subprocess.DEVNULL).returncode:
        pytest.skip("no process 1 can be made here")
    store = PictureStore(settings.files_url)
    serve(within=FIRST)
    until(lambda: len(book.workers(since=0)) == 1)
    before = _workers(settings.data)
    orders = placed(book, _request(store)), placed(book, _request(store, 1600, 1400), pixels=None)
    assert [order.state for order in ended(book, *orders)] == ["done", "done"]
    assert _workers(settings.data) == before


@pytest.mark.slow
def test_workers_end_after_who_started_them(settings: ServiceSettings, book: OrderBook, serve: Serve) -> None:
    listening = serve()
    until(lambda: len(book.workers(since=0)) == 1)
    assert len(_workers(settings.data)) == 1
    listening.send_signal(signal.SIGKILL)
    until(lambda: not _workers(settings.data))
    assert not _workers(settings.data)  # nor is it started again


@pytest.mark.slow
def test_what_is_painted_is_finished_before_it_ends(settings: ServiceSettings, book: OrderBook, serve: Serve) -> None:
    store = PictureStore(settings.files_url)
    listening = serve()
    order = placed(book, _request(store, 900, 700), pixels=None)
    until(lambda: book.get(order.id).state != "queued")
    listening.send_signal(signal.SIGTERM)
    assert listening.wait(60) == 0
    assert not _workers(settings.data)
    assert book.get(order.id).state == "done"


@pytest.mark.slow
def test_the_database_is_told_by_the_environment_and_stands_in_no_command(
    postgres: Postgres, settings: ServiceSettings, serve: Serve
) -> None:
    elsewhere = replace(settings, database=postgres.database())
    assert elsewhere.database is not None
    book = OrderBook(elsewhere)
    try:
        serve("--workers", "1", IMPASTO_DATABASE=elsewhere.database)
        order = placed(book, _request(PictureStore(settings.files_url)))
        assert ended(book, order)[0].state == "done"
        commands = [Path(f"/proc/{worker}/cmdline").read_bytes() for worker in _workers(settings.data)]
        assert commands
        assert not any(b"postgresql" in command for command in commands)
    finally:
        book.close()
