"""What stands before all requests: whom it answers without keys, limits of size and time, headers for browsers."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping, MutableMapping
from ipaddress import ip_address
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from impasto.errors import BodyTooLargeError, ForbiddenError, ImpastoError, SlowBodyError, UsageError
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
_FOR_WATCHERS = {"/healthz", "/readyz"}  # they tell nothing of anybody's, and are asked under any name
_ONLY_READ = {"GET", "HEAD", "OPTIONS"}
_WITH_KEYS = "or have it need keys: impasto serve --keys."


class Guard:
    """
    Args:
        app: what it stands before.
        local: whether nobody needs a key: then only this machine is answered, and no page of another site.
        max_body: bytes of a request's body.
        body_seconds: within which all of it must have come.
    """

    def __init__(self, app: ASGIApp, *, local: bool, max_body: int, body_seconds: float) -> None:
        self._app, self._local, self._max_body, self._seconds = app, local, max_body, body_seconds

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
            if self._local and scope["path"] not in _FOR_WATCHERS:
                _check_visitor(scope["method"], dict(scope["headers"]))
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


def _check_visitor(method: str, headers: Mapping[bytes, bytes]) -> None:
    """Where nobody needs a key, whatever page a browser on this machine shows could ask in the name of who looks at it.

    Raises:
        ForbiddenError: it was asked under another name than this machine's own, as by a page whose name was made to
            lead here (DNS rebinding), or by another site's page for what changes something.
    """
    host = headers.get(b"host", b"").decode("latin-1").lower()
    if not _is_here(host):
        raise ForbiddenError(
            "Without keys this studio answers to localhost and 127.0.0.1 only.",
            hint=f"Ask it under one of these names, {_WITH_KEYS}",
        )
    if method not in _ONLY_READ and not _is_own(headers, host):
        raise ForbiddenError("A page of another site asked for this.", hint=f"Use the studio's own page, {_WITH_KEYS}")


def _is_here(host: str) -> bool:
    """Whether a Host, with or without a port, is what a machine calls itself."""
    name = re.sub(r":\d*$", "", host)
    try:
        return name == "localhost" or ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def _is_own(headers: Mapping[bytes, bytes], host: str) -> bool:
    """Whether the studio's own page asks, or no page at all; browsers let no page say that itself."""
    site, origin = headers.get(b"sec-fetch-site"), headers.get(b"origin")
    if site is not None:  # the surer word: of some requests browsers hide the origin
        return site in (b"same-origin", b"none")
    return origin is None or origin.decode("latin-1").lower().partition("://")[2] == host


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
