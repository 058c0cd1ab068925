"""`impasto orders …` and `impasto keys …`: an operator's look into the book."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_answer import Answer

from impasto.service.book import OrderBook
from impasto.service.orders import Order, OrderedStyle, OrderRequest
from impasto.service.settings import ServiceSettings
from impasto.service.store import PictureStore

Impasto = Callable[..., Answer]


@pytest.fixture
def settings(tmp_path: Path) -> ServiceSettings:
    """With the pictures elsewhere than in the folder of the database."""
    return ServiceSettings(tmp_path / "data", files=str(tmp_path / "elsewhere"))


@pytest.fixture
def cancelled(settings: ServiceSettings) -> Order:
    """An order that has ended, and its picture, which is old."""
    store, book = PictureStore(settings.files_url), OrderBook(settings)
    request = OrderRequest(store.put(bytes(300_000)), (OrderedStyle(name="mosaic"),))
    order = book.cancel(book.place(request, owner="a", pixels=100)[0].id)
    book.close()
    for file in _pictures(settings):
        os.utime(file, (0, 0))
    return order


def _pictures(settings: ServiceSettings) -> list[Path]:
    return [path for path in Path(settings.files_url).rglob("*") if path.is_file()]


def test_purging_frees_pictures_that_are_elsewhere(
    impasto: Impasto, settings: ServiceSettings, cancelled: Order
) -> None:
    purge = ("orders", "purge", "--data", settings.data, "--files", settings.files, "--days")
    assert impasto(*purge, 1) == Answer(0, "0 orders forgotten, 0.0 MB freed.\n", "")
    assert len(_pictures(settings)) == 1
    assert impasto(*purge, 0) == Answer(0, "1 orders forgotten, 0.3 MB freed.\n", "")
    assert _pictures(settings) == []


def test_where_they_are_is_told_by_the_environment(
    impasto: Impasto, settings: ServiceSettings, cancelled: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMPASTO_DATA", str(settings.data))
    monkeypatch.setenv("IMPASTO_FILES", str(settings.files))
    assert impasto("orders", "show", cancelled.id).out.splitlines()[0] == f"id: {cancelled.id}"
    assert impasto("orders", "purge", "--days", 0).out == "1 orders forgotten, 0.3 MB freed.\n"
    gone = impasto("orders", "show", cancelled.id)
    assert (gone.code, gone.out) == (71, "")
    assert gone.err.startswith("error: There is no order of that id.")


def test_the_book_is_closed_whatever_happens(
    impasto: Impasto,
    settings: ServiceSettings,
    cancelled: Order,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    closed: list[OrderBook] = []
    close = OrderBook.close

    def close_and_count(book: OrderBook) -> None:
        closed.append(book)
        close(book)

    monkeypatch.setattr(OrderBook, "close", close_and_count)
    where = ("--data", settings.data)
    assert impasto("orders", "list", "--json", *where).objects[0]["state"] == "cancelled"
    assert impasto("orders", "show", "none", *where).code == 71
    assert impasto("orders", "retry", cancelled.id, *where).out.split()[:2] == [cancelled.id, "queued"]
    assert impasto("keys", "add", "shop", *where).code == 0
    assert impasto("keys", "revoke", "none", *where).code == 3
    assert len(closed) == 5
