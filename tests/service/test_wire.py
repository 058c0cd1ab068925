"""Clients who take their time, over real connections."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import h11
import pytest
import uvicorn

from impasto.service import wire

App = Callable[..., Any]


@contextmanager
def _served(app: App) -> Iterator[Callable[[], socket.socket]]:
    """Makes connections to an app."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(app, http=wire.Wire, ws="none", lifespan="off", log_level="error")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listening])))
        thread.start()
        made: list[socket.socket] = []

        def connect() -> socket.socket:
            made.append(socket.create_connection(listening.getsockname(), timeout=30))
            return made[-1]

        try:
            yield connect
        finally:
            for line in made:
                line.close()
            server.should_exit = True
            thread.join()


async def _greeting(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


def _all_of(line: socket.socket) -> bytes:
    """What comes till the other side closes."""
    got = b""
    try:
        while piece := line.recv(1 << 16):
            got += piece
    except ConnectionResetError:
        pass
    return got


@pytest.mark.parametrize("begun", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\n"])
def test_heads_are_not_waited_for_without_end(monkeypatch: pytest.MonkeyPatch, begun: bytes) -> None:
    monkeypatch.setattr(wire, "HEAD_SECONDS", 0.05)
    with _served(_greeting) as connect:
        line = connect()
        line.sendall(begun)
        assert _all_of(line) == b""


def test_nor_are_heads_of_later_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    with _served(_greeting) as connect:
        line = connect()
        line.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert line.recv(1 << 16).startswith(b"HTTP/1.1 200")
        monkeypatch.setattr(wire, "HEAD_SECONDS", 0.05)
        line.sendall(b"GET /")
        assert b"HTTP" not in _all_of(line)


def test_a_body_that_nobody_wants_is_not_read_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "REST_SECONDS", 0.05)
    with _served(_greeting) as connect:
        line = connect()
        line.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc")
        assert _all_of(line).startswith(b"HTTP/1.1 200")


def test_nor_is_much_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "REST_BYTES", 1000)
    with _served(_greeting) as connect:
        line = connect()
        line.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nabc")
        got = line.recv(1 << 16)
        while not got.endswith(b"ok"):
            got += line.recv(1 << 16)
        line.sendall(bytes(2000))
        assert _all_of(line) == b""


def test_but_one_that_ends_soon_is() -> None:
    with _served(_greeting) as connect:
        line = connect()
        for _ in range(2):
            line.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nabc")
            got = line.recv(1 << 16)
            while not got.endswith(b"ok"):
                got += line.recv(1 << 16)
            assert got.startswith(b"HTTP/1.1 200")
            line.sendall(b"def")


def test_readers_who_do_not_read_are_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "STALL_SECONDS", 0.05)
    left = threading.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(100):
            await send({"type": "http.response.body", "body": bytes(1 << 20), "more_body": True})
        left.set()

    with _served(app) as connect:
        line = connect()
        line.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert left.wait(30)
        assert len(_all_of(line)) < 100 << 20


def test_readers_who_read_get_all() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"connection", b"close")]})
        await send({"type": "http.response.body", "body": bytes(20 << 20)})

    with _served(app) as connect:
        line = connect()
        line.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert len(_all_of(line)) > 20 << 20


def test_who_waits_longest_goes_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MOST", 3)
    with _served(_greeting) as connect:
        first, *_, last = (connect() for _ in range(4))
        assert _all_of(first) == b""
        last.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert last.recv(1 << 16).startswith(b"HTTP/1.1 200")


def test_what_is_no_http_is_told_so_as_a_problem() -> None:
    with _served(_greeting) as connect:
        line = connect()
        line.sendall(b"\x16\x03\x01 no request\r\n\r\n")
        told = h11.Connection(h11.CLIENT)
        told.send(h11.Request(method="GET", target="/", headers=[("Host", "x")]))
        told.receive_data(_all_of(line))
        answer = told.next_event()
        assert isinstance(answer, h11.Response)
        headers = dict(answer.headers)
        assert (answer.status_code, headers[b"content-type"]) == (400, b"application/problem+json")
        assert headers[b"x-content-type-options"] == b"nosniff"


def test_a_broken_body_ends_its_request() -> None:
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(await receive())
        seen.append(await receive())

    with _served(app) as connect:
        line = connect()
        head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        line.sendall(head + b"1\r\na\r\n")
        line.sendall(b"zz\r\n")
        assert _all_of(line).startswith(b"HTTP/1.1 400")
    assert seen[-1]["type"] == "http.disconnect"
