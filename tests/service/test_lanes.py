"""Two lanes: which an order has, that it keeps it, and that small ones pass while a large one is held."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from tests.service.conftest import StartWorker, ended, picture, placed, until

from impasto.service import bench
from impasto.service.api import make_app
from impasto.service.bench import Bench, Job
from impasto.service.book import OrderBook
from impasto.service.orders import OrderedStyle, OrderRequest
from impasto.service.settings import ServiceSettings
from impasto.service.store import PictureStore

REQUEST = OrderRequest("0" * 64, (OrderedStyle(name="mosaic"),))


def _queued(book: OrderBook) -> list[tuple[str, str | None]]:
    statuses = book._client.list_workflows(status="ENQUEUED")
    return [(status.workflow_id, status.queue_name) for status in statuses]


# -- which


@pytest.fixture
def order(settings: ServiceSettings) -> Iterator[Callable[..., str]]:
    """Orders, and tells in which lane: up to 10,000 pixels are quick."""
    app = make_app(replace(settings, quick_pixels=10_000))
    with TestClient(app, "http://localhost") as client:
        large = {"files": {"picture": ("x", picture(101, 100))}, "data": {"name": "my-large"}}
        assert client.post("/v1/styles", **large).status_code == 201

        def order(content: bytes, style: bytes | str = "mosaic", **options: Any) -> str:
            files: dict[str, Any] = {"content": ("x", content)}
            form = {"options": json.dumps(options)}
            if isinstance(style, bytes):
                files["style_file"] = ("y", style)
            else:
                form["style"] = style
            answer = client.post("/v1/orders", files=files, data=form)
            assert answer.status_code == 202, answer.text
            return app.state.studio.book.get(answer.json()["id"]).lane

        yield order
    app.state.studio.close()


def test_the_lane_goes_by_the_largest_picture(order: Callable[..., str]) -> None:
    assert order(picture(100, 100)) == "quick"
    assert order(picture(101, 100)) == "slow"
    assert order(picture(), picture(100, 100)) == "quick"
    assert order(picture(), picture(101, 100)) == "slow"
    assert order(picture(), "my-large") == "slow"


def test_and_by_the_paintings_size(order: Callable[..., str]) -> None:
    small = picture(64, 32)
    assert order(small, size=140) == "quick"  # 140 × 70
    assert order(small, size=142) == "slow"
    assert order(small, size=[100, 100]) == "quick"
    assert order(small, size=[101, 100]) == "slow"


def test_and_by_the_quality(order: Callable[..., str]) -> None:
    assert order(picture(), quality="best") == "slow"


def test_an_avif_that_does_not_tell_its_size_is_slow(order: Callable[..., str]) -> None:
    data = picture(64, 48, form="AVIF")
    assert order(data) == "quick"
    assert order(data.replace(b"ispe", b"free")) == "slow"


# -- keeping it


def test_orders_keep_their_lane(either_book: OrderBook) -> None:
    book = either_book
    quick, slow = placed(book, REQUEST), placed(book, REQUEST, pixels=None)
    assert sorted(_queued(book)) == sorted([(quick.id, "painting"), (slow.id, "painting-slow")])
    place = "dbos." if book.engine.dialect.name == "postgresql" else ""
    with book.engine.begin() as connection:  # as if a worker had taken both
        connection.exec_driver_sql(f"UPDATE {place}workflow_status SET status = 'PENDING', executor_id = 'gone-1'")
    assert set(book.take_back(since=0)) == {quick.id, slow.id}
    assert sorted(_queued(book)) == sorted([(quick.id, "painting"), (slow.id, "painting-slow")])
    with book.engine.begin() as connection:  # as if an error of ours had ended them
        connection.exec_driver_sql(f"UPDATE {place}workflow_status SET status = 'ERROR'")
    assert set(book.take_back(since=0)) == {quick.id, slow.id}
    assert sorted(queue for _, queue in _queued(book)) == ["painting", "painting-slow"]
    book.fail(slow.id, {"title": "x"})
    assert book.retry(slow.id).lane == "slow"
    assert book.counts_by_lane() == {("queued", "quick"): 1, ("queued", "slow"): 1}


def test_a_moved_order_has_one_place(either_book: OrderBook) -> None:
    book = either_book
    order = placed(book, REQUEST)
    assert book.begin(order.id, order.id) is not None
    assert book.move(order.id, order.id)
    moved = book.get(order.id)
    assert (moved.state, moved.lane, moved.attempts, moved.started) == ("queued", "slow", 0, None)
    # Whoever had it before, and comes to it again, has nothing to do with it.
    assert book.begin(order.id, order.id) is None
    assert not book.move(order.id, order.id)
    new = [workflow for workflow, queue in _queued(book) if queue == "painting-slow"]
    assert len(new) == 1
    assert book.begin(order.id, new[0]) is not None
    assert not book.move(order.id, new[0])
    book.cancel(order.id)
    assert not book.move(order.id)


def test_operators_see_lanes(settings: ServiceSettings, book: OrderBook) -> None:
    orders = [placed(book, REQUEST), placed(book, REQUEST, pixels=None)]

    def told(*words: str) -> str:
        command = [sys.executable, "-m", "impasto", "orders", *words, "--data", str(settings.data)]
        return subprocess.run(command, capture_output=True, check=True, text=True).stdout

    lanes = {line.split()[0]: line.split()[2] for line in told("list").splitlines()}
    assert lanes == {orders[0].id: "quick", orders[1].id: "slow"}
    assert "lane: slow" in told("show", orders[1].id).splitlines()


# -- workers


def _request(store: PictureStore, width: int = 64, height: int = 48, seed: int = 0) -> OrderRequest:
    return replace(REQUEST, content=store.put(picture(width, height, seed=seed, form="JPEG")))


def _slow_bench(worker: subprocess.Popen[bytes]) -> int | None:
    """The process of a worker's that others go ahead of."""
    children = Path(f"/proc/{worker.pid}/task/{worker.pid}/children")
    every = [*children.parent.parent.glob("*/children")]
    for pid in [int(word) for one in every for word in one.read_text().split()]:
        if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes() and os.getpriority(os.PRIO_PROCESS, pid) > 0:
            return pid
    return None


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").exists(), reason="it looks into /proc")
def test_small_orders_pass_while_a_large_one_is_held(
    settings: ServiceSettings, book: OrderBook, start_worker: StartWorker
) -> None:
    store = PictureStore(settings.files_url)
    worker = start_worker(settings)
    large = placed(book, _request(store, 1600, 1400), pixels=1600 * 1400)
    assert large.lane == "slow"
    until(lambda: _slow_bench(worker) is not None)
    its = _slow_bench(worker)
    assert its is not None
    os.kill(its, signal.SIGSTOP)
    try:
        small = [placed(book, _request(store, seed=seed)) for seed in range(3)]
        assert {order.state for order in ended(book, *small)} == {"done"}
        assert book.get(large.id).is_open
    finally:
        os.kill(its, signal.SIGCONT)
    assert ended(book, large)[0].state == "done"


@pytest.mark.slow
def test_what_is_more_than_it_seemed_is_moved_and_painted(
    either: ServiceSettings, either_book: OrderBook, start_worker: StartWorker
) -> None:
    book, store = either_book, PictureStore(either.files_url)
    lying = placed(book, _request(store, 1600, 1400), pixels=1)
    honest = placed(book, _request(store))
    assert lying.lane == "quick"
    start_worker(either)
    moved, kept = ended(book, lying, honest)
    assert [(order.state, order.lane) for order in (moved, kept)] == [("done", "slow"), ("done", "quick")]
    assert moved.attempts == 1


@pytest.mark.slow
def test_what_takes_too_long_is_moved_and_painted(settings: ServiceSettings, book: OrderBook) -> None:
    store = PictureStore(settings.files_url)
    order = placed(book, _request(store, 600, 400))
    program = (
        "import sys, pathlib; from impasto.service.server import work_until_stopped\n"
        "from impasto.service.settings import ServiceSettings\n"
        "if __name__ == '__main__':\n"
        "    settings = ServiceSettings(pathlib.Path(sys.argv[1]), quick_seconds=0.001)\n"
        "    work_until_stopped(settings, threads=1, told=print)\n"
    )
    file = settings.data / "worker.py"
    file.write_text(program)
    worker = subprocess.Popen([sys.executable, str(file), str(settings.data)], stdout=subprocess.DEVNULL)
    try:
        found = ended(book, order)[0]
    finally:
        worker.send_signal(signal.SIGTERM)
        worker.wait()
    assert (found.state, found.lane) == ("done", "slow")


@pytest.mark.slow
def test_a_worker_that_is_stopped_leaves_what_takes_long_to_the_next(
    settings: ServiceSettings, book: OrderBook, start_worker: StartWorker, tmp_path: Path
) -> None:
    """It is killed at its order when its patience ends, and does not begin it again."""
    store = PictureStore(settings.files_url)
    worker = start_worker(replace(settings, patience=1))
    large = placed(book, _request(store, 1600, 1400), pixels=None)
    until(lambda: _slow_bench(worker) is not None)
    its = _slow_bench(worker)
    assert its is not None
    os.kill(its, signal.SIGSTOP)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(80) == 0
    start_worker(settings)
    assert ended(book, large)[0].state == "done"


@pytest.mark.slow
def test_a_bench_that_rests_gives_back_what_it_held() -> None:
    job = Job(picture(), [("mosaic", 1.0)], previews=False)
    one = Bench(memory=4 << 30, threads=1)
    one.rest(after=0)  # there is none yet
    first = one.paint(job)
    process = one._process
    one.rest(after=1000)
    assert one._process is process
    with one._turn:  # as while it paints
        one.rest(after=0)
    assert one._process is process
    one.rest(after=0)
    assert (one._process, one.memory) == (None, 0)
    again = one.paint(job)
    assert first is not None
    assert again is not None
    assert again.data == first.data
    one.stop()


@pytest.mark.slow
def test_what_others_keep_from_the_processor_is_not_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that gives it no time at all: the order's clock stands still."""
    monkeypatch.setattr(bench, "_kept_waiting", lambda _: time.monotonic())
    one = Bench(memory=4 << 30, threads=1)
    assert one.paint(Job(picture(), [("mosaic", 1.0)], previews=False, seconds=0.001)) is not None
    one.stop()


# -- databases of before


def _as_before(book: OrderBook) -> None:
    """Make the tables those of the version that had no lanes."""
    with book.engine.begin() as connection:
        for column in ("lane", "turn", "cost"):
            connection.exec_driver_sql(f"ALTER TABLE impasto_orders DROP COLUMN {column}")


@pytest.mark.slow
def test_orders_of_an_earlier_version_are_kept_and_painted(
    either: ServiceSettings, either_book: OrderBook, start_worker: StartWorker
) -> None:
    store = PictureStore(either.files_url)
    done, waiting = placed(either_book, _request(store)), placed(either_book, _request(store))
    either_book.finish(done.id, "2" * 64, "image/png", {"width": 3})
    before = either_book.get(done.id)
    _as_before(either_book)
    either_book.engine.dispose()
    with ThreadPoolExecutor(6) as processes:  # all that start at once
        books = list(processes.map(lambda _: OrderBook(either), range(6)))
    assert books[0].get(done.id) == before
    assert books[0].get(waiting.id) == waiting
    new = placed(books[0], _request(store, seed=1), pixels=None)
    start_worker(either)
    assert [order.state for order in ended(books[0], waiting, new)] == ["done", "done"]
    for book in books:
        book.close()
