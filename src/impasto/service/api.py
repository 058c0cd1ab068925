"""The HTTP API, version 1."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, FastAPI, File, Form, Header, Path, Query, Request, Response, UploadFile
from fastapi.responses import JSONResponse, PlainTextResponse, StreamingResponse
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from impasto import __version__
from impasto.errors import BusyError, OrderStateError, UsageError
from impasto.pictures import QUALITY
from impasto.pictures.decode import check_header
from impasto.service.book import OrderBook
from impasto.service.guard import Guard
from impasto.service.metrics import as_prometheus
from impasto.service.orders import Order, OrderedStyle, OrderRequest, State
from impasto.service.problems import tell_problems
from impasto.service.settings import ServiceSettings
from impasto.service.store import PictureStore
from impasto.service.worker import DEAD_AFTER

_LOCAL = "local"  # who orders without a key
_SOON = 0.05  # seconds between looks at an order that is waited for
_SHOW_EVERY = 0.25
_WAIT = 30.0  # seconds that `paint` waits
_SMALL = 4_000_000  # pixels of what `paint` takes
_ID = Annotated[str, Path(pattern=r"^ord_[A-Za-z0-9_-]{24}$")]


class OrderView(BaseModel):
    """An order, as its owner sees it. Times are seconds since 1970."""

    id: str
    state: State
    created: float
    started: float | None
    finished: float | None
    fraction: float = Field(description="How much of it is painted, 0 to 1.")
    problem: dict[str, Any] | None = Field(description="Why it failed (RFC 9457).")
    facts: dict[str, Any] | None = Field(description="Size, seconds, and what the painter tells.")
    result: str | None = Field(description="Where the painting is, once it is done.")


class Problem(BaseModel):
    """What was wrong, and what to do (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    hint: str


class Studio:
    """What all requests need.

    Args:
        settings: of the service.
    """

    def __init__(self, settings: ServiceSettings) -> None:
        self.settings = settings
        self.book, self.store = OrderBook(settings), PictureStore(settings.files_url)

    def close(self) -> None:
        self.book.close()

    def keep(self, data: bytes, *, max_pixels: int | None = None) -> str:
        """Keep a picture that was sent, if its header is that of one, and return its digest.

        Raises:
            PictureError: it is none, or too large.
        """
        check_header(data, "The picture", max_pixels=max_pixels or self.settings.max_pixels)
        return self.store.put(data)


Content = Annotated[UploadFile, File(description="The photograph.")]
Styles = Annotated[list[str], Form(description="Names of styles, with weights if there are several: mosaic:0.3.")]
StyleFiles = Annotated[list[UploadFile], File(description="Pictures of styles, or style codes, each as a file.")]
Options = Annotated[
    str, Form(description='More of what `impasto paint` takes, as JSON: {"strength": 0.8, "quality": "best"}.')
]
Format = Annotated[str | None, Form(description="Of the painting: jpeg, png, webp … Without: the photograph's.")]


def make_app(settings: ServiceSettings) -> FastAPI:
    """The service's app; close `app.state.studio` in the end."""
    app = FastAPI(
        title="Impasto",
        version=__version__,
        summary="Paints photographs in the style of pictures.",
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.state.studio = Studio(settings)
    tell_problems(app)
    app.include_router(_router, prefix="/v1", responses={"4XX": {"model": Problem}})
    app.add_api_route("/healthz", _healthz, include_in_schema=False)
    app.add_api_route("/readyz", _readyz, include_in_schema=False)
    app.add_api_route("/metrics", _metrics, include_in_schema=False)
    app.add_middleware(Guard, max_body=settings.max_body, body_seconds=60.0)
    return app


_router = APIRouter()


def _studio(request: Request) -> Studio:
    studio: Studio = request.app.state.studio
    return studio


@_router.post("/orders", status_code=202, response_model=OrderView)
async def order(
    request: Request,
    response: Response,
    content: Content,
    style: Styles = [],  # noqa: B006 — FastAPI reads it
    style_file: StyleFiles = [],  # noqa: B006
    options: Options = "{}",
    format: Format = None,
    jpeg_quality: Annotated[int, Form(ge=1, le=100)] = QUALITY,
    bit_depth: Annotated[Literal[8, 16] | None, Form()] = None,
    idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
) -> OrderView:
    """Order a painting. The same Idempotency-Key and request give the same order, however often they are sent."""
    studio = _studio(request)
    wanted = await _wanted(studio, content, style, style_file, options, format, jpeg_quality, bit_depth)
    placed, new = await run_in_threadpool(studio.book.place, wanted, owner=_LOCAL, idempotency=idempotency_key)
    response.status_code = 202 if new else 200
    response.headers["Location"] = f"/v1/orders/{placed.id}"
    return _view(placed)


@_router.post(
    "/paint", response_class=Response, responses={200: {"content": {"image/*": {}}, "description": "The painting."}}
)
async def paint(
    request: Request,
    content: Content,
    style: Styles = [],  # noqa: B006 — FastAPI reads it
    style_file: StyleFiles = [],  # noqa: B006
    options: Options = "{}",
    format: Format = None,
) -> Response:
    """Paint a small picture by the fast painter, and wait for it."""
    studio = _studio(request)
    wanted = await _wanted(studio, content, style, style_file, options, format, QUALITY, None, most=_SMALL)
    if wanted.quality not in (None, "fast") or wanted.preset is not None:
        raise UsageError("Only the fast painter is waited for.", hint="Order it: POST /v1/orders.")
    placed, _ = await run_in_threadpool(studio.book.place, wanted, owner=_LOCAL)
    until = time.monotonic() + _WAIT
    while time.monotonic() < until:
        found = await run_in_threadpool(studio.book.get, placed.id)
        if not found.is_open:
            return await _painting(studio, found)
        await asyncio.sleep(_SOON)
    await run_in_threadpool(studio.book.cancel, placed.id)
    raise BusyError(studio.book.counts().get("queued", 0))


@_router.get("/orders", response_model=list[OrderView])
async def orders(
    request: Request, state: State | None = None, most: Annotated[int, Query(ge=1, le=1000)] = 100
) -> list[OrderView]:
    """One's orders, the newest first."""
    found = await run_in_threadpool(_studio(request).book.orders, owner=_LOCAL, state=state, most=most)
    return [_view(order) for order in found]


@_router.get("/orders/{order_id}", response_model=OrderView)
async def one_order(request: Request, order_id: _ID) -> OrderView:
    """How far an order is."""
    return _view(await _found(request, order_id))


@_router.delete("/orders/{order_id}", response_model=OrderView)
async def cancel(request: Request, order_id: _ID) -> OrderView:
    """Cancel an order; one that has ended stays as it is."""
    return _view(await run_in_threadpool(_studio(request).book.cancel, order_id, owner=_LOCAL))


@_router.get("/orders/{order_id}/result", response_class=Response)
async def result(request: Request, order_id: _ID) -> Response:
    """The painting."""
    return await _painting(_studio(request), await _found(request, order_id))


@_router.get("/orders/{order_id}/preview", response_class=Response)
async def preview(request: Request, order_id: _ID) -> Response:
    """What the painting looks like so far, small."""
    found = await _found(request, order_id)
    if found.preview is None:
        raise OrderStateError("There is nothing to see yet.", hint="Wait a little.")
    data = await run_in_threadpool(_studio(request).store.get, found.preview)
    return Response(data, media_type="image/jpeg", headers={"Cache-Control": "no-store"})


@_router.get("/orders/{order_id}/events", response_class=StreamingResponse)
async def events(request: Request, order_id: _ID) -> StreamingResponse:
    """Server-sent events: `order` whenever something has changed, the last one when the order has ended."""
    first = await _found(request, order_id)
    return StreamingResponse(
        _events(request, first), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
    )


@_router.get("/styles")
async def styles() -> list[dict[str, str]]:
    """Styles by name."""
    from impasto.styles import shelf

    found = await run_in_threadpool(lambda: [(name, shelf.find(name)) for name in shelf.names()])
    return [{"name": name, "title": code.title, "artist": code.artist, "year": code.year} for name, code in found]


# -- the parts of a request


async def _wanted(
    studio: Studio,
    content: UploadFile,
    styles: list[str],
    files: list[UploadFile],
    options: str,
    format: str | None,
    jpeg_quality: int,
    bit_depth: int | None,
    *,
    most: int | None = None,
) -> OrderRequest:
    chosen = _options(options)
    digest = await run_in_threadpool(studio.keep, await content.read(), max_pixels=most)
    named = [_named(word) for word in styles if word]
    sent = [OrderedStyle(file=await _style_file(studio, file)) for file in files]
    return await run_in_threadpool(
        OrderRequest,
        content=digest,
        styles=(*named, *sent),
        quality=chosen.pop("quality", None),
        preset=chosen.pop("preset", None),
        settings=chosen,
        format=format or None,
        jpeg_quality=jpeg_quality,
        bit_depth=bit_depth,
    )


async def _style_file(studio: Studio, file: UploadFile) -> str:
    data = await file.read()
    if data.lstrip().startswith(b"{"):  # a style code; its painter checks it
        return await run_in_threadpool(studio.store.put, data)
    return await run_in_threadpool(studio.keep, data)


def _options(text: str) -> dict[str, Any]:
    try:
        options = json.loads(text or "{}")
    except (ValueError, RecursionError) as error:
        raise UsageError("options is no JSON.", hint='Send an object: {"strength": 0.8}.') from error
    if not isinstance(options, dict):
        raise UsageError("options is no JSON object.", hint='Send an object: {"strength": 0.8}.')
    return options


def _named(word: str) -> OrderedStyle:
    name, colon, weight = word.rpartition(":")
    if not colon:
        return OrderedStyle(name=word)
    try:
        return OrderedStyle(name=name, weight=float(weight))
    except ValueError as error:
        raise UsageError(f"{weight[:20]!r} is no weight of a style.", hint="Write mosaic:0.3.") from error


# -- what comes back


async def _found(request: Request, order_id: str) -> Order:
    return await run_in_threadpool(_studio(request).book.get, order_id, owner=_LOCAL)


async def _painting(studio: Studio, order: Order) -> Response:
    if order.state == "failed" and order.problem is not None:
        status = int(order.problem.get("status", 500))
        return JSONResponse(dict(order.problem), status, media_type="application/problem+json")
    if order.result is None:
        raise OrderStateError(f"The order is {order.state}.", hint="Its painting comes when it is done.")
    data = await run_in_threadpool(studio.store.get, order.result)
    suffix = str(order.result_type).rpartition("/")[2]
    headers = {
        "ETag": f'"{order.result}"',
        "Cache-Control": "private, max-age=86400",
        "Content-Disposition": f'inline; filename="{order.id}.{suffix}"',
        "Content-Security-Policy": "sandbox",
    }
    return Response(data, media_type=order.result_type, headers=headers)


async def _events(request: Request, order: Order) -> AsyncIterator[str]:
    shown = ""
    while True:
        text = _view(order).model_dump_json()
        has_preview = order.preview or ""
        if text + has_preview != shown:
            shown = text + has_preview
            yield f"event: order\ndata: {text}\n\n"
        if not order.is_open or await request.is_disconnected():
            return
        await asyncio.sleep(_SHOW_EVERY)
        order = await run_in_threadpool(_studio(request).book.get, order.id)


def _view(order: Order) -> OrderView:
    return OrderView(
        id=order.id,
        state=order.state,
        created=order.created,
        started=order.started,
        finished=order.finished,
        fraction=order.fraction,
        problem=None if order.problem is None else dict(order.problem),
        facts=None if order.facts is None else dict(order.facts),
        result=f"/v1/orders/{order.id}/result" if order.result else None,
    )


# -- for those who run it


async def _healthz() -> PlainTextResponse:
    return PlainTextResponse("ok\n")


async def _readyz(request: Request) -> PlainTextResponse:
    """Whether orders would be painted: the database answers, and a worker lives."""
    workers = await run_in_threadpool(_studio(request).book.workers, since=time.time() - DEAD_AFTER)
    return PlainTextResponse("ok\n" if workers else "no worker\n", 200 if workers else 503)


async def _metrics(request: Request) -> Response:
    studio = _studio(request)
    text = await run_in_threadpool(as_prometheus, studio.book, since=time.time() - DEAD_AFTER)
    return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")
