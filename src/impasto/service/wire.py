"""HTTP/1.1 with clients who may send their heads letter by letter, and never read what they are answered."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from impasto.service.guard import HEADERS
from impasto.service.problems import MEDIA_TYPE, problem

HEAD_SECONDS = 10.0  # for all of a request's head
REST_SECONDS = 5.0  # for the rest of a body that nobody waits for, after the answer
REST_BYTES = 8 << 20  # of it
STALL_SECONDS = 20.0  # within which a reader must have taken some of what is sent
SLOWEST = 1000  # bytes a second
MOST = 1000
"""Connections; when there are as many, the one that has waited longest for its request goes."""


def let_many_in() -> None:
    """See that there are files enough for so many connections, where the system lets one ask for more."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = 2 * MOST if hard == resource.RLIM_INFINITY else min(2 * MOST, hard)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class Wire(H11Protocol):
    """uvicorn's own waits for ever: for heads, for the rest of bodies after its answer, and for those who read."""

    _idle: dict[Wire, None] = {}  # noqa: RUF012 — of all connections: those without a request, the oldest first

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._awaited: str | None = None
        self._rest = 0  # bytes
        self._clock: asyncio.TimerHandle | None = None
        self._reader_clock: asyncio.TimerHandle | None = None
        super().connection_made(transport)
        self._look()
        if len(self.connections) > MOST:
            next(iter(self._idle)).transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._await(None)
        self._end_reader_clock()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._look()
        self._rest = self._rest + len(data) if self._awaited == "rest" else 0
        if self._rest > REST_BYTES:
            self.transport.abort()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._look()

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._look()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_reader()

    def resume_writing(self) -> None:
        super().resume_writing()
        if not self.transport.is_closing():
            self._end_reader_clock()

    def send_400_response(self, msg: str) -> None:
        """As all else that is refused; nothing, where an answer has begun."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            body = json.dumps(problem("HTTP", 400, msg, "")).encode()
            about = {**HEADERS, "content-type": MEDIA_TYPE, "content-length": str(len(body)), "connection": "close"}
            headers = [(name.encode(), value.encode()) for name, value in about.items()]
            answer = h11.Response(status_code=400, headers=headers, reason=b"Bad Request")
            for event in (answer, h11.Data(data=body), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        if self.cycle is not None:  # nobody listens any more
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.close()

    # -- the clocks

    def _look(self) -> None:
        """See what is waited for, and start the clock if that is new."""
        if self.transport.is_closing():
            self._await(None)
            self._watch_reader()
        elif self.conn.their_state is h11.IDLE:
            kept = self.timeout_keep_alive_task is not None  # uvicorn has a clock of its own
            self._await("request" if kept else "head", None if kept else HEAD_SECONDS)
        elif self.conn.their_state is h11.SEND_BODY and self.cycle is not None and self.cycle.response_complete:
            self._await("rest", REST_SECONDS)
        else:
            self._await(None)

    def _await(self, what: str | None, seconds: float | None = None) -> None:
        if what == self._awaited:
            return
        self._awaited = what
        if self._clock is not None:
            self._clock.cancel()
        self._clock = None if seconds is None else self.loop.call_later(seconds, self.transport.abort)
        if what in ("request", "head"):
            self._idle.setdefault(self)
        else:
            self._idle.pop(self, None)

    def _watch_reader(self) -> None:
        left = self.transport.get_write_buffer_size()
        if self._reader_clock is None and left > 0:
            self._reader_clock = self.loop.call_later(STALL_SECONDS, self._check_reader, left)

    def _check_reader(self, before: int) -> None:
        self._reader_clock = None
        if self.transport.get_write_buffer_size() > before - SLOWEST * STALL_SECONDS:
            self.transport.abort()
        else:
            self._watch_reader()

    def _end_reader_clock(self) -> None:
        if self._reader_clock is not None:
            self._reader_clock.cancel()
            self._reader_clock = None
