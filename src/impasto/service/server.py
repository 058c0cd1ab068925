"""The processes of the service: the one that listens, and its workers, which it starts again when they die."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import uvicorn

from impasto.errors import UsageError
from impasto.service.api import make_app
from impasto.service.book import OrderBook
from impasto.service.keys import Keys
from impasto.service.settings import ServiceSettings
from impasto.service.tables import AWAY, away
from impasto.service.wire import Wire, let_many_in
from impasto.service.worker import Worker

_RESTART_AFTER, _RESTART_AFTER_MOST = 0.5, 30.0  # seconds
_BEGINNING = 10.0  # seconds: a worker that dies within them may not have begun at all
_ENDING = 10.0  # that a worker may take to end after its patience has
_PARENT = "IMPASTO_WORKER_OF"

Told = Callable[[str], None]


def serve_until_stopped(
    settings: ServiceSettings, *, host: str, port: int, workers: int, threads: int | None, told: Told
) -> None:
    """Listen, with so many workers beside, until the process is told to end.

    Raises:
        UsageError: the port is taken.
    """
    signal.signal(signal.SIGTERM, _end)
    listening = _listen(host, port)
    let_many_in()
    logging.getLogger("python_multipart").setLevel(logging.ERROR)  # it tells of each letter that no form has
    app = make_app(settings)
    config = uvicorn.Config(
        app,
        http=Wire,
        ws="none",
        log_level="error",  # what clients do wrong is no news
        access_log=False,
        server_header=False,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=5,
    )
    told(f"Listening on http://{host}:{listening.getsockname()[1]}")
    try:
        with _workers(settings, workers, threads):
            uvicorn.Server(config).run(sockets=[listening])
    finally:
        app.state.studio.close()
        listening.close()


def work_until_stopped(settings: ServiceSettings, *, threads: int | None, told: Told) -> None:
    """Paint orders until the process is told to end; then the one at hand is finished.

    Raises:
        DatabaseAwayError: the database does not answer while it starts; later it is waited for.
    """
    worker = Worker(settings, threads=threads)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    try:
        worker.start()
    except AWAY as error:
        raise away() from error
    if _PARENT not in os.environ:  # who started it has told what there is to tell
        told(f"{worker.name} takes orders.")
    while not ended.wait(1.0):
        if _orphaned():
            break  # nobody will tell it to end
    worker.stop()


def _end(*_: object) -> None:
    """uvicorn raises the signal again when it has ended: by default that is death, before the workers are told."""
    raise SystemExit(0)


def _orphaned() -> bool:
    """Whether the process that listens, which started this one, has died.

    Its number tells, not that of who inherits its children: in a container the process that listens may itself be 1.
    """
    parent = os.environ.get(_PARENT)
    return parent is not None and parent != str(os.getppid())


def any_keys(settings: ServiceSettings) -> bool:
    """Whether there is a key that is not revoked."""
    book = OrderBook(settings)
    try:
        return any(client.revoked is None for client in Keys(book.engine, needed=True).all())
    finally:
        book.close()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise UsageError(
            f"Nothing can listen on {host}:{port}: {error.strerror}.", hint="Choose another --port."
        ) from error
    return listening


@contextmanager
def _workers(settings: ServiceSettings, count: int, threads: int | None) -> Iterator[None]:
    keepers = [_Keeper(_command(settings, threads), _environment(settings)) for _ in range(count)]
    try:
        yield
    finally:
        for keeper in keepers:
            keeper.end()
        for keeper in keepers:
            keeper.join(settings.patience + _ENDING)


def _command(settings: ServiceSettings, threads: int | None) -> list[str]:
    command = [sys.executable, "-m", "impasto", "worker", "--data", str(settings.data)]
    for option, value in (("--files", settings.files), ("--threads", threads)):
        command += [] if value is None else [option, str(value)]
    for name in ("max_pixels", "quick_pixels", "keep_days", "keep_bytes", "patience"):
        command += [f"--{name.replace('_', '-')}", str(getattr(settings, name))]
    return command + ["--private-webhooks"] * settings.private_webhooks


def _environment(settings: ServiceSettings) -> dict[str, str]:
    """The database's address has its password in it, and what stands in a command everybody on the machine may read."""
    database = {} if settings.database is None else {"IMPASTO_DATABASE": settings.database}
    return {**os.environ, **database, _PARENT: str(os.getpid())}


class _Keeper(threading.Thread):
    """Keeps a worker running."""

    def __init__(self, command: list[str], environment: Mapping[str, str]) -> None:
        super().__init__(daemon=True)
        self._command, self._environment = command, environment
        self._ended = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def run(self) -> None:
        pause = 0.0
        while not self._ended.is_set():
            began = time.monotonic()
            # A session of its own: Ctrl-C is for the process that listens, which tells its workers itself.
            self._process = subprocess.Popen(self._command, env=self._environment, start_new_session=True)
            self._process.wait()
            pause = _pause(pause, lived=time.monotonic() - began)
            self._ended.wait(pause)

    def end(self) -> None:
        self._ended.set()
        if self._process is not None:
            self._process.terminate()


def _pause(before: float, *, lived: float) -> float:
    """Seconds until a worker that has died is started again: twice as many as before, while it does not live long."""
    return _RESTART_AFTER if lived > _BEGINNING else min(max(_RESTART_AFTER, 2 * before), _RESTART_AFTER_MOST)
