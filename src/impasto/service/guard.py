"""What stands before all requests: limits of size and time, and headers that keep browsers from harm."""

from __future__ import annotations

import asyncio
import json
from collections.abc import MutableMapping
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from impasto.errors import BodyTooLargeError, ImpastoError, SlowBodyError, UsageError
from impasto.service.problems import MEDIA_TYPE, problem_of

HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
        "manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
}


class Guard:
    """
    Args:
        app: what it stands before.
        max_body: bytes of a request's body.
        body_seconds: within which all of it must have come.
    """

    def __init__(self, app: ASGIApp, *, max_body: int, body_seconds: float) -> None:
        self._app, self._max_body, self._seconds = app, max_body, body_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def guarded_send(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                _add_headers(message)
            await send(message)

        body = _Body(receive, self._max_body, self._seconds)
        try:
            names = {name for name, _ in scope["headers"]}
            if {b"content-length", b"transfer-encoding"} <= names:
                # Who stands before us may go by the other one, and take the rest for another request (RFC 9112, 6.1).
                raise UsageError("The request tells its length twice.", hint="Send it once.")
            if (declared := _length(scope)) is not None and declared > self._max_body:
                raise _too_large(self._max_body)
            await self._app(scope, body.receive, guarded_send)
        except ImpastoError as error:
            if begun:
                raise
            await _tell(error, guarded_send)


class _Body:
    """A request's body as it comes, within its limits."""

    def __init__(self, receive: Receive, most: int, seconds: float) -> None:
        self._receive, self._most = receive, most
        self._seconds = seconds
        self._until: float | None = None
        self._came, self._whole = 0, False

    async def receive(self) -> Message:
        if self._whole:  # from here on it is waited for the client to go away
            return await self._receive()
        now = asyncio.get_running_loop().time()
        if self._until is None:
            self._until = now + self._seconds
        try:
            message = await asyncio.wait_for(self._receive(), max(0.0, self._until - now))
        except TimeoutError as error:
            raise SlowBodyError(f"The request took longer than {self._seconds:g} seconds to come.") from error
        self._came += len(message.get("body", b""))
        if self._came > self._most:
            raise _too_large(self._most)
        self._whole = message["type"] != "http.request" or not message.get("more_body", False)
        return message


def _length(scope: Scope) -> int | None:
    value = dict(scope["headers"]).get(b"content-length", b"")
    return int(value[:20]) if value.isdigit() else None


def _too_large(most: int) -> BodyTooLargeError:
    return BodyTooLargeError(f"The request is larger than {most >> 20} MB.", hint="Send a smaller picture.")


def _add_headers(message: MutableMapping[str, Any]) -> None:
    have = {name.lower() for name, _ in message.get("headers", [])}
    added = [(name.encode(), value.encode()) for name, value in HEADERS.items() if name.encode() not in have]
    message["headers"] = [*message.get("headers", []), *added]


async def _tell(error: ImpastoError, send: Send) -> None:
    body = json.dumps(problem_of(error)).encode()
    about = {"content-type": MEDIA_TYPE, "content-length": str(len(body))}
    if isinstance(error, SlowBodyError | UsageError):
        about["connection"] = "close"
    headers = [(name.encode(), value.encode()) for name, value in about.items()]
    await send({"type": "http.response.start", "status": error.http_status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
