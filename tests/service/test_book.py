"""The book and its queue, without workers."""

from __future__ import annotations

import os
import time
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from dbos import DBOSClient
from tests.service.conftest import picture

from impasto.errors import (
    BusyError,
    ConflictingOrderError,
    DatabaseAwayError,
    NoSuchOrderError,
    OrderStateError,
    UsageError,
)
from impasto.service.book import OrderBook
from impasto.service.clearing import clear_up, keep_within
from impasto.service.orders import OrderedStyle, OrderRequest
from impasto.service.settings import ServiceSettings
from impasto.service.store import PictureStore
from impasto.service.tables import open_database

REQUEST = OrderRequest("0" * 64, (OrderedStyle(name="mosaic"),))


def _queued(book: OrderBook) -> list[str]:
    client: DBOSClient = book._client
    return [status.workflow_id for status in client.list_workflows(status="ENQUEUED")]


def _mark(book: OrderBook, words: str) -> None:
    with book.engine.begin() as connection:
        place = "dbos." if connection.dialect.name == "postgresql" else ""
        connection.exec_driver_sql(f"UPDATE {place}workflow_status SET {words}")


def test_an_order_is_in_the_book_and_in_the_queue(either_book: OrderBook) -> None:
    book = either_book
    placed, new = book.place(REQUEST, owner="a")
    assert new
    assert book.get(placed.id) == placed
    assert _queued(book) == [placed.id]
    assert (placed.state, placed.attempts, placed.fraction) == ("queued", 0, 0.0)


def test_a_key_makes_one_order(either_book: OrderBook) -> None:
    book = either_book
    first, new = book.place(REQUEST, owner="a", idempotency="k")
    again, again_new = book.place(REQUEST, owner="a", idempotency="k")
    other, other_new = book.place(REQUEST, owner="b", idempotency="k")
    assert (new, again_new, other_new) == (True, False, True)
    assert first.id == again.id != other.id
    assert (book.is_known("a", "k"), book.is_known("c", "k")) == (True, False)
    with pytest.raises(ConflictingOrderError):
        book.place(replace(REQUEST, format="png"), owner="a", idempotency="k")
    with pytest.raises(ConflictingOrderError):
        book.place(REQUEST, owner="a", idempotency="k", webhook="https://example.org/")
    assert len(_queued(book)) == 2


def test_orders_at_once_with_one_key_are_one(either_book: OrderBook) -> None:
    book = either_book
    with ThreadPoolExecutor(8) as clients:
        found = list(clients.map(lambda _: book.place(REQUEST, owner="a", idempotency="k"), range(8)))
    assert len({order.id for order, _ in found}) == 1
    assert sum(new for _, new in found) == 1


def test_others_orders_are_not_there(either_book: OrderBook) -> None:
    book = either_book
    placed, _ = book.place(REQUEST, owner="a")
    for call in (book.get, book.cancel):
        with pytest.raises(NoSuchOrderError):
            call(placed.id, owner="b")
    assert book.orders(owner="b") == []
    assert book.get(placed.id, owner="a").state == "queued"


def test_too_many_are_told_to_come_later(settings: ServiceSettings) -> None:
    book = OrderBook(replace(settings, waiting=2))
    for _ in range(2):
        first, _ = book.place(REQUEST, owner="a")
    with pytest.raises(BusyError) as busy:
        book.place(REQUEST, owner="a")
    assert busy.value.retry_after >= 1
    book.cancel(first.id)
    book.place(REQUEST, owner="a")
    book.close()


def test_the_course_of_an_order(either_book: OrderBook) -> None:
    book = either_book
    placed, _ = book.place(REQUEST, owner="a")
    begun = book.begin(placed.id)
    assert begun is not None
    assert (begun.state, begun.attempts) == ("painting", 1)
    assert book.advance(placed.id, 0.5, "1" * 64)
    assert book.get(placed.id).preview == "1" * 64
    again = book.begin(placed.id)  # the worker died, another one took it
    assert again is not None
    assert again.attempts == 2
    book.finish(placed.id, "2" * 64, "image/png", {"width": 3})
    done = book.get(placed.id)
    assert (done.state, done.result, done.result_type, done.fraction) == ("done", "2" * 64, "image/png", 1.0)
    # Whatever comes after the end changes nothing.
    book.fail(placed.id, {"title": "late"})
    book.finish(placed.id, "3" * 64, "image/png", {})
    assert not book.advance(placed.id, 0.1)
    assert book.begin(placed.id) is None
    assert book.cancel(placed.id) == done


def test_failed_and_cancelled_orders_can_be_tried_again(either_book: OrderBook) -> None:
    book = either_book
    placed, _ = book.place(REQUEST, owner="a")
    with pytest.raises(OrderStateError, match="queued"):
        book.retry(placed.id)
    book.fail(placed.id, {"title": "x"})
    assert book.get(placed.id).state == "failed"
    again = book.retry(placed.id)
    assert (again.state, again.problem, again.finished) == ("queued", None, None)
    assert len(_queued(book)) == 2  # the first still stands in the queue; it paints an order that is open, or nothing


def test_old_orders_are_forgotten_and_their_pictures_go(either_book: OrderBook) -> None:
    book = either_book
    store = PictureStore(book.settings.files_url)
    pictures = [store.put(picture(seed=n)) for n in range(4)]
    old, _ = book.place(replace(REQUEST, content=pictures[0]), owner="a")
    waiting, _ = book.place(replace(REQUEST, content=pictures[1]), owner="a")
    book.finish(old.id, pictures[2], "image/png", {})
    assert clear_up(book, before=time.time() - 60) == (0, 0)  # all are young
    gone, freed = clear_up(book, before=time.time() + 1, grace=-1)
    assert gone == 1
    assert freed > 0
    assert [digest in store for digest in pictures] == [False, True, False, False]
    assert [order.id for order in book.orders()] == [waiting.id]


def test_the_queue_forgets_with_the_book(either_book: OrderBook) -> None:
    book = either_book
    old, _ = book.place(REQUEST, owner="a")
    waiting, _ = book.place(REQUEST, owner="a")
    book.fail(old.id, {"title": "x"})
    _mark(book, f"status = 'SUCCESS', completed_at = 1 WHERE workflow_uuid = '{old.id}'")
    assert book.purge(before=time.time() + 1) == 1
    client: DBOSClient = book._client
    assert [status.workflow_id for status in client.list_workflows()] == [waiting.id]


def test_an_open_order_outlives_the_memory_of_its_workflow(either_book: OrderBook) -> None:
    book = either_book
    placed, _ = book.place(REQUEST, owner="a")
    book.begin(placed.id)
    _mark(book, "status = 'ERROR', completed_at = 1")  # as if an error of ours had ended it, and no worker noticed
    assert book.purge(before=time.time() + 1) == 0
    assert book.get(placed.id).state == "queued"
    (workflow,) = _queued(book)
    assert workflow != placed.id


def test_what_a_dead_worker_had_begun_is_taken_back(either_book: OrderBook) -> None:
    book = either_book
    placed, _ = book.place(REQUEST, owner="a")
    _mark(book, "status = 'PENDING', executor_id = 'elsewhere-1'")  # as if a worker had taken it
    book.beat("elsewhere-1")
    assert book.take_back(since=time.time() - 10) == []
    assert book.take_back(since=time.time() + 10, by="elsewhere-1") == []  # it is late, and knows that it lives
    assert book.take_back(since=time.time() + 10) == [placed.id]
    assert _queued(book) == [placed.id]


def test_what_a_worker_knows_nothing_of_is_taken_back(either_book: OrderBook) -> None:
    book = either_book
    mine, _ = book.place(REQUEST, owner="a")
    other, _ = book.place(REQUEST, owner="a")
    name = f"CASE workflow_uuid WHEN '{mine.id}' THEN 'here-1' ELSE 'here-2' END"
    _mark(book, f"status = 'PENDING', executor_id = {name}")
    for worker in ("here-1", "here-2"):
        book.beat(worker)
    asked: list[list[str]] = []

    def none(given: Collection[str]) -> Collection[str]:
        asked.append(list(given))
        return ()

    assert book.take_back(since=time.time() - 10, by="here-1", lost=none) == []
    assert asked == [[mine.id]]
    assert book.take_back(since=time.time() - 10, by="here-1", lost=lambda given: given) == [mine.id]
    assert _queued(book) == [mine.id]
    assert book.take_back(since=time.time() - 10, by="here-2", lost=lambda given: given) == [other.id]


def test_an_open_order_whose_workflow_has_failed_gets_a_new_one(either_book: OrderBook) -> None:
    book = either_book
    placed, _ = book.place(REQUEST, owner="a")
    other, _ = book.place(REQUEST, owner="a")
    book.begin(placed.id)
    _mark(book, "status = 'ERROR'")  # as if an error of ours had ended them
    book.fail(other.id, {"title": "x"})
    assert book.take_back(since=time.time()) == [placed.id]
    assert book.take_back(since=time.time()) == []
    assert book.get(placed.id).state == "queued"
    assert len(_queued(book)) == 1


def test_pictures_are_kept_within_days_and_bytes(settings: ServiceSettings) -> None:
    book = OrderBook(replace(settings, keep_bytes=1 << 20))
    store = PictureStore(settings.files_url)
    orders = []
    for n in range(5):
        digest = store.put(picture(400, 300, seed=n))  # 360 kB each: noise
        os.utime(next(Path(settings.files_url).rglob(digest)), (1, 1))
        orders.append(book.place(replace(REQUEST, content=digest), owner="a")[0])
        book.finish(orders[-1].id, digest, "image/png", {})
    gone, freed = keep_within(book)
    assert 2 <= gone < 5
    assert sum(kept.size for kept in store.all()) <= 1 << 20
    assert [order.id for order in book.orders()] == [order.id for order in reversed(orders[gone:])]
    assert freed > 500_000
    book.close()


@pytest.mark.parametrize("url", ["nonsense", "mysql://user:secret@host/name", "postgresql://host:port/x"])
def test_addresses_that_lead_to_no_database_are_refused(url: str) -> None:
    with pytest.raises(UsageError, match="no address") as refused:
        open_database(url)
    assert "secret" not in str(refused.value)


def test_a_database_that_does_not_come_is_told() -> None:
    with pytest.raises(DatabaseAwayError, match="does not answer"):
        open_database("postgresql://user:secret@127.0.0.1:1/x", patience=0)
