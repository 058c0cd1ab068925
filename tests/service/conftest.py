"""A studio in a folder of its own, and workers in processes of theirs."""

from __future__ import annotations

import io
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.service.postgres import Postgres

from impasto.service.book import OrderBook
from impasto.service.orders import OPEN, Order, OrderRequest
from impasto.service.settings import ServiceSettings

StartWorker = Callable[[ServiceSettings], "subprocess.Popen[bytes]"]
_PATIENCE = 90.0


def picture(width: int = 64, height: int = 48, *, seed: int = 0, form: str = "PNG") -> bytes:
    """A picture's file."""
    pixels = np.random.default_rng(seed).integers(256, size=(height, width, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, form)
    return stream.getvalue()


def until(true: Callable[[], bool]) -> None:
    """Wait for something that will be; fail if it never is."""
    end = time.monotonic() + _PATIENCE
    while not true():
        assert time.monotonic() < end, "it never came to be"
        time.sleep(0.02)


def ended(book: OrderBook, *orders: Order) -> list[Order]:
    """These orders, as they stand when all have ended."""
    until(lambda: all(book.get(order.id).state not in OPEN for order in orders))
    return [book.get(order.id) for order in orders]


def placed(book: OrderBook, request: OrderRequest, *, owner: str = "a", pixels: int | None = 3072) -> Order:
    """An order of a small picture, or of as many pixels; None: in the slow lane."""
    return book.place(request, owner=owner, pixels=pixels)[0]


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A server that is running."""
    try:
        server = Postgres()
    except LookupError as error:
        pytest.skip(str(error))
    server.start()
    yield server
    server.remove()


@pytest.fixture
def settings(tmp_path: Path) -> ServiceSettings:
    """With SQLite."""
    return ServiceSettings(tmp_path / "data")


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest, settings: ServiceSettings) -> ServiceSettings:
    """With SQLite, then with PostgreSQL."""
    if request.param == "sqlite":
        return settings
    server: Postgres = request.getfixturevalue("postgres")
    return replace(settings, database=server.database())


@pytest.fixture
def book(settings: ServiceSettings) -> Iterator[OrderBook]:
    book = OrderBook(settings)
    yield book
    book.close()


@pytest.fixture
def either_book(either: ServiceSettings) -> Iterator[OrderBook]:
    book = OrderBook(either)
    yield book
    book.close()


@pytest.fixture
def start_worker() -> Iterator[StartWorker]:
    started: list[subprocess.Popen[bytes]] = []

    def start(settings: ServiceSettings) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "impasto", "worker", "--data", str(settings.data), "--threads", "1"]
        if settings.database is not None:
            command += ["--database", settings.database]
        command += ["--patience", str(settings.patience)]
        command += ["--private-webhooks"] * settings.private_webhooks
        started.append(subprocess.Popen(command, stderr=subprocess.PIPE))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()
        if process.stderr is not None:
            process.stderr.close()
