"""Who is let in, before anything of a request's body is read, and what bodies are taken."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from python_multipart.multipart import parse_options_header
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from impasto.errors import NotAFormError, UsageError
from impasto.service.keys import Client, Keys
from impasto.service.scopes import Scope

_MOST_FILES = 16  # more than an order takes, so that its own words come first
_MOST_FIELDS = 64
_LONGEST_FIELD = 64 << 10  # bytes
_LONGEST_KEY = 200


def admit(request: Request, scope: Scope) -> Client:
    """Who asks, and may; one more request of theirs is counted.

    Raises:
        KeyRefusedError, ForbiddenError, QuotaError: it may not, or not now.
    """
    keys: Keys = request.app.state.studio.keys
    given = request.headers.get("authorization", "")[:_LONGEST_KEY]
    found = keys.find(given.removeprefix("Bearer ").strip())
    found.may(scope)
    keys.count(found)
    return found


def admitted(scope: Scope) -> type[APIRoute]:
    """Routes for keys of a scope: FastAPI itself would read the body first, and ask who it is from afterwards."""

    class Admitted(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle, takes_form = super().get_route_handler(), self.body_field is not None

            async def careful(request: Request) -> Response:
                request.state.client = await run_in_threadpool(admit, request, scope)
                if takes_form:
                    await _read_form(request)
                return await handle(request)

            return careful

    return Admitted


async def _read_form(request: Request) -> None:
    """Read the form within limits; it stays with the request, where FastAPI finds it.

    Raises:
        NotAFormError: it is of another kind, or of another character set, which may be slow to read or have characters
            that no database takes.
        UsageError: a field holds a NUL, or the client has gone.
    """
    kind, about = parse_options_header(request.headers.get("content-type", ""))
    if kind != b"multipart/form-data" or about.get(b"charset", b"utf-8").lower() != b"utf-8":
        raise NotAFormError("The body is no form that can be read.")
    try:
        form = await request.form(max_files=_MOST_FILES, max_fields=_MOST_FIELDS, max_part_size=_LONGEST_FIELD)
    except ClientDisconnect as error:
        raise UsageError("The request broke off.", hint="Send it again.") from error
    if any(isinstance(value, str) and "\0" in value for value in form.values()):
        await form.close()
        raise UsageError("A field holds a character that no text has.", hint="Leave it out.")
