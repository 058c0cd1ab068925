"""A local HTTP server that answers each request as the test tells it to."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ETAG = '"version 1"'


@dataclass
class Request:
    """What a client asked for."""

    path: str
    headers: dict[str, str]


Answer = Callable[["Handler"], None]


@dataclass
class Server:
    """`answers` are used up one request after the other; the last one serves all further requests."""

    answers: list[Answer]
    port: int = 0
    requests: list[Request] = field(default_factory=list)
    # Set when the test is over, so that a stalled answer ends.
    over: threading.Event = field(default_factory=threading.Event)
    # Set when an answer has sent all that it will.
    stalled: threading.Event = field(default_factory=threading.Event)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"


class Handler(BaseHTTPRequestHandler):
    """HTTP/1.0: the end of the connection is the end of the body."""

    told: Server

    def do_GET(self) -> None:
        self.told.requests.append(Request(self.path, dict(self.headers)))
        answers = self.told.answers
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        try:
            answer(self)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass

    def head(self, status: int, **headers: object) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()


@contextmanager
def serving(*answers: Answer) -> Iterator[Server]:
    told = Server(list(answers))
    http = ThreadingHTTPServer(("127.0.0.1", 0), type("ToldHandler", (Handler,), {"told": told}))
    told.port = http.server_address[1]
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield told
    finally:
        told.over.set()
        http.shutdown()
        thread.join()
        http.server_close()


def closed_port() -> int:
    """A port at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def whole(data: bytes, *, etag: str = ETAG, ranges: bool = True, **headers: object) -> Answer:
    """A well-behaved answer: the file, or the rest of it when Range asks for that and If-Range still holds."""

    def answer(handler: Handler) -> None:
        start = _asked_start(handler, etag) if ranges else 0
        _send_head(handler, data, start, etag, headers)
        handler.wfile.write(data[start:])

    return answer


def broken(data: bytes, after: int, *, etag: str = ETAG, told: bool = True, reset: bool = False) -> Answer:
    """At most `after` bytes, then the connection ends; `told`: the length was announced; `reset`: rudely, by RST."""

    def answer(handler: Handler) -> None:
        start = _asked_start(handler, etag)
        _send_head(handler, data, start, etag, {} if told else {"Content_Length": None})
        handler.wfile.write(data[start : start + after])
        if reset:
            handler.wfile.flush()
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            handler.connection.close()

    return answer


def stalled(data: bytes, after: int) -> Answer:
    """`after` bytes (None at all, not even headers, when negative), then silence until the test is over."""

    def answer(handler: Handler) -> None:
        if after >= 0:
            start = _asked_start(handler, ETAG)
            _send_head(handler, data, start, ETAG, {})
            handler.wfile.write(data[start : start + after])
            handler.wfile.flush()
        handler.told.stalled.set()
        handler.told.over.wait(60)

    return answer


def status(code: int, body: bytes = b"", **headers: object) -> Answer:
    def answer(handler: Handler) -> None:
        handler.head(code, Content_Length=len(body), **headers)
        handler.wfile.write(body)

    return answer


def _asked_start(handler: Handler, etag: str) -> int:
    asked = handler.headers.get("Range", "")
    if not asked or handler.headers.get("If-Range", etag) != etag:
        return 0
    return int(asked.removeprefix("bytes=").rstrip("-"))


def _send_head(handler: Handler, data: bytes, start: int, etag: str, headers: dict[str, object]) -> None:
    sent: dict[str, object] = {"Content_Type": "application/octet-stream", "Content_Length": len(data) - start}
    sent |= {"ETag": etag} if etag else {}
    if start:
        sent["Content_Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
    sent |= headers
    handler.head(206 if start else 200, **{name: value for name, value in sent.items() if value is not None})
