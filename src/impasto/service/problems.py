"""Errors as clients see them: RFC 9457, "Problem Details for HTTP APIs"."""

from __future__ import annotations

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from impasto.errors import ImpastoError, KeyRefusedError, LaterError
from impasto.service.tables import AWAY, away
from impasto.service.views import Problem

MEDIA_TYPE = "application/problem+json"
PROBLEMS: dict[str, Any] = {
    "description": "What was wrong, and what to do.",
    "content": {MEDIA_TYPE: {"schema": Problem.model_json_schema()}},
}
"""How OpenAPI is told of such answers."""

logger = logging.getLogger(__name__)


def problem_of(error: ImpastoError) -> dict[str, Any]:
    """
    Returns:
        `type` (a URN that names the kind of error), `title`, `status`, `detail` (what was wrong), `hint` (what to do).
    """
    kind = type(error).__name__.removesuffix("Error")
    return problem(kind, error.http_status, error.message, error.hint)


def tell_problems(app: FastAPI) -> None:
    """Let all that goes wrong in an app be told as problems, and nothing of how it went wrong inside."""

    @app.exception_handler(ImpastoError)
    async def ours(_: Request, error: ImpastoError) -> JSONResponse:
        headers = {"Retry-After": str(error.retry_after)} if isinstance(error, LaterError) else {}
        headers |= {"WWW-Authenticate": "Bearer"} if isinstance(error, KeyRefusedError) else {}
        return _response(problem_of(error), headers)

    async def database_away(request: Request, _: Exception) -> JSONResponse:
        return await ours(request, away())

    for kind in AWAY:
        app.add_exception_handler(kind, database_away)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        places = [".".join(str(part) for part in one["loc"][1:]) or str(one["loc"][0]) for one in error.errors()]
        first = error.errors()[0]["msg"] if error.errors() else "The request is not as it should be."
        detail = f"{', '.join(dict.fromkeys(places))}: {first}."
        return _response(problem("Request", 422, detail, "See /v1/openapi.json for what is expected."))

    @app.exception_handler(HTTPException)
    async def http(_: Request, error: HTTPException) -> JSONResponse:
        headers = dict(error.headers or {})
        return _response(problem("HTTP", error.status_code, str(error.detail), ""), headers)

    @app.exception_handler(Exception)
    async def unforeseen(_: Request, error: Exception) -> JSONResponse:
        logger.error("unforeseen", exc_info=error)
        return _response(problem("Unforeseen", 500, "Something went wrong on our side.", "Try again."))


def problem(kind: str, status: int, detail: str, hint: str) -> dict[str, Any]:
    """What clients are told."""
    return {"type": f"urn:impasto:error:{kind}", "title": kind, "status": status, "detail": detail, "hint": hint}


def _response(told: dict[str, Any], headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse(told, told["status"], headers, MEDIA_TYPE)
