"""Real workers, in processes that are killed."""

from __future__ import annotations

import random
import signal
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.service.conftest import StartWorker, ended, picture, placed, until
from tests.service.deaf import DeafWay
from tests.service.postgres import Postgres

import impasto
from impasto.errors import OrderTimeoutError, OutOfMemoryError
from impasto.service.bench import Bench, Job
from impasto.service.book import OrderBook
from impasto.service.orders import OrderedStyle, OrderRequest
from impasto.service.settings import ServiceSettings
from impasto.service.store import PictureStore


@pytest.fixture
def store(settings: ServiceSettings) -> PictureStore:
    return PictureStore(settings.files_url)


def _request(store: PictureStore, seed: int = 0, **changes: object) -> OrderRequest:
    request = OrderRequest(store.put(picture(seed=seed)), (OrderedStyle(name="mosaic"),))
    return replace(request, **changes)  # type: ignore[arg-type]


@pytest.mark.slow
def test_orders_are_painted(
    settings: ServiceSettings, book: OrderBook, store: PictureStore, start_worker: StartWorker
) -> None:
    mine = store.put(picture(40, 30, seed=9))
    requests = [
        _request(store),
        _request(store, styles=(OrderedStyle(file=mine),), settings={"strength": 0.7}, format="webp"),
        _request(store, content=store.put(picture()[:200])),
        _request(store, content="f" * 64),
    ]
    orders = [placed(book, request) for request in requests]
    worker = start_worker(settings)
    painted, other, cut, gone = ended(book, *orders)
    assert (painted.state, painted.result_type) == ("done", "image/png")
    found = impasto.read_picture(store.get(str(painted.result))).pixels
    np.testing.assert_allclose(found, impasto.paint(impasto.read_picture(picture()), "mosaic").pixels, atol=1.5 / 255)
    assert (other.state, other.result_type) == ("done", "image/webp")
    assert [order.state for order in (cut, gone)] == ["failed", "failed"]
    assert cut.problem is not None
    assert (cut.problem["title"], cut.problem["status"]) == ("TruncatedPicture", 422)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(60) == 0


@pytest.mark.slow
def test_killed_workers_lose_nothing(
    either: ServiceSettings, either_book: OrderBook, start_worker: StartWorker
) -> None:
    book, store = either_book, PictureStore(either.files_url)
    orders = [placed(book, _request(store, seed), pixels=[3072, None][seed % 4 == 3]) for seed in range(16)]
    chance = random.Random(0)
    for _ in range(3):
        worker = start_worker(either)
        done = book.counts().get("done", 0)
        # At any moment: a number of orders later, and somewhere within one.
        until(lambda done=done: book.counts().get("done", 0) > done + chance.randrange(3))  # type: ignore[misc]
        worker.kill()
        worker.wait()
    start_worker(either)
    painted = ended(book, *orders)
    assert {order.state for order in painted} == {"done"}
    assert len({order.result for order in painted}) == len(orders)
    again = [placed(book, order.request, owner="again") for order in painted[:3]]
    assert [order.result for order in ended(book, *again)] == [order.result for order in painted[:3]]


@pytest.mark.slow
def test_a_dead_workers_order_is_painted_by_another(
    either: ServiceSettings, either_book: OrderBook, start_worker: StartWorker
) -> None:
    """One is killed and never comes back; the other, who has another name, notices."""
    book, store = either_book, PictureStore(either.files_url)
    first = start_worker(either)
    until(lambda: len(book.workers(since=0)) == 1)
    second = start_worker(either)
    until(lambda: len(book.workers(since=0)) == 2)
    large = store.put(picture(1600, 1200, form="JPEG"))
    orders = [placed(book, _request(store, content=large)) for _ in range(4)]
    until(lambda: book.counts().get("painting", 0) == 2)
    first.kill()
    first.wait()
    assert {order.state for order in ended(book, *orders)} == {"done"}
    assert second.poll() is None


@pytest.mark.slow
def test_the_database_may_die_too(postgres: Postgres, settings: ServiceSettings, start_worker: StartWorker) -> None:
    its = replace(settings, database=postgres.database())
    with closing(OrderBook(its)) as book:
        store = PictureStore(its.files_url)
        orders = [placed(book, _request(store, seed)) for seed in range(8)]
        start_worker(its)
        until(lambda: book.counts().get("done", 0) > 1)
        postgres.stop(how="immediate")
        postgres.start()
        assert {order.state for order in ended(book, *orders)} == {"done"}


@pytest.mark.slow
def test_what_a_worker_never_learnt_that_it_has_is_painted(
    postgres: Postgres, settings: ServiceSettings, start_worker: StartWorker
) -> None:
    """The queue has given it the order, and the answer is lost."""
    its = replace(settings, database=postgres.database())
    store = PictureStore(its.files_url)
    with closing(OrderBook(its)) as book, closing(DeafWay(postgres.port)) as way:
        orders = [placed(book, _request(store, seed)) for seed in range(2)]
        assert its.database is not None
        worker = start_worker(replace(its, database=its.database.replace(f":{postgres.port}/", f":{way.port}/")))
        assert {order.state for order in ended(book, *orders)} == {"done"}
        assert way.lost.is_set()
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(60) == 0
        assert worker.stderr is not None
        assert worker.stderr.read().count(b" begun anew") == 1


@pytest.mark.slow
def test_pictures_that_can_not_be_reached_are_waited_for(
    settings: ServiceSettings, book: OrderBook, store: PictureStore, start_worker: StartWorker
) -> None:
    order = placed(book, _request(store))
    folder = Path(settings.files_url, order.request.content[:2])
    folder.rename(folder.with_name("away"))
    folder.touch()
    worker = start_worker(settings)
    assert worker.stderr is not None
    assert any(b"can't read its pictures" in line for line in worker.stderr)
    folder.unlink()
    folder.with_name("away").rename(folder)
    assert [order.state for order in ended(book, order)] == ["done"]


@pytest.mark.slow
def test_nobody_gets_what_another_was_painted() -> None:
    """Who looks on fails; what the process paints meanwhile is nobody's."""

    def fail() -> bool:
        raise RuntimeError("the one who asks is gone")

    bench, small = Bench(memory=4 << 30, threads=1), Job(picture(), [("mosaic", 1.0)], previews=False)
    expected = bench.paint(small)
    with pytest.raises(RuntimeError, match="gone"):
        bench.paint(replace(small, content=picture(3000, 2000, form="JPEG")), wanted=fail)
    made = bench.paint(small)
    bench.stop()
    assert expected is not None
    assert made is not None
    assert made.data == expected.data


@pytest.mark.slow
def test_what_takes_too_long_or_too_much_is_killed() -> None:
    job = Job(picture(), [("mosaic", 1.0)], previews=False)
    bench = Bench(memory=4 << 30, threads=1)
    first = bench.paint(job)
    assert first is not None
    short = Bench(memory=4 << 30)
    with pytest.raises(OrderTimeoutError, match=r"0\.001 seconds"):  # that it takes to load does not count
        short.paint(replace(job, seconds=0.001))
    assert short.memory == 0  # it is dead
    small = Bench(memory=1 << 20)
    with pytest.raises(OutOfMemoryError):
        small.paint(job)
    again = bench.paint(job)
    assert again is not None
    assert again.data == first.data
    for one in (bench, short, small):
        one.stop()
