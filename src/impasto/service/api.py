"""The HTTP API, version 1."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import (
    APIRouter,
    Depends,
    FastAPI,
    File,
    Form,
    Header,
    Path,
    Query,
    Request,
    Response,
    Security,
    UploadFile,
)
from fastapi.responses import JSONResponse, PlainTextResponse, StreamingResponse
from fastapi.security import HTTPBearer
from starlette.concurrency import run_in_threadpool

from impasto import __version__
from impasto.errors import (
    BusyError,
    NoSuchOrderError,
    NotAPictureError,
    OrderStateError,
    PictureTooLargeError,
    UnknownNameError,
    UsageError,
)
from impasto.pictures import FORMATS, QUALITY
from impasto.pictures.sniff import HEAD, identify
from impasto.service.admission import admit, admitted
from impasto.service.asked import Asked, read_order, read_style
from impasto.service.front import Front
from impasto.service.front import router as front_router
from impasto.service.guard import Guard
from impasto.service.keys import Client, count_order
from impasto.service.lanes import is_quick, lane_of
from impasto.service.metrics import as_prometheus
from impasto.service.orders import Order, State
from impasto.service.problems import PROBLEMS, tell_problems
from impasto.service.settings import ServiceSettings
from impasto.service.studio import Studio
from impasto.service.views import OrderView, StyleView, view
from impasto.service.webhooks import check_target
from impasto.service.worker import DEAD_AFTER
from impasto.styles.shelf import canonical

_SOON = 0.05  # seconds between looks at an order that is waited for
_SHOW_EVERY = 0.25
_WAIT = 30.0  # seconds that `paint` waits
_ORDER_IT = "Order it: POST /v1/orders."
_ID = Annotated[str, Path(pattern=r"^ord_[A-Za-z0-9_-]{24}$")]
_PICTURE: dict[int | str, dict[str, Any]] = {200: {"content": {"image/*": {}}, "description": "The picture."}}
_STREAM: dict[int | str, dict[str, Any]] = {200: {"content": {"text/event-stream": {}}, "description": "Events."}}
_BEFORE: dict[int | str, dict[str, Any]] = {200: {"model": OrderView, "description": "It came before."}}

_BEARER = HTTPBearer(auto_error=False, description="An API key; see `impasto keys`.")


async def _admitted(request: Request, _: Annotated[Any, Security(_BEARER)]) -> Client:
    client: Client = request.state.client
    return client


async def _looks(request: Request) -> AsyncIterator[Callable[[], float]]:
    """While an order is waited for, until the answer has been sent: see `Studio.looking`."""
    with _studio(request).looking(request.state.client.id) as looks:
        yield looks


Asking = Annotated[Client, Depends(_admitted)]
Looks = Annotated[Callable[[], float], Depends(_looks)]
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
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
    )
    app.state.studio, app.state.front = Studio(settings), Front(settings)
    tell_problems(app)
    for router in (_router, _styles_router):
        app.include_router(router, prefix="/v1", responses={"4XX": PROBLEMS})
    app.add_api_route("/healthz", _healthz, include_in_schema=False)
    app.add_api_route("/readyz", _readyz, include_in_schema=False)
    app.add_api_route("/metrics", _metrics, include_in_schema=False)
    app.include_router(front_router)  # the last: it takes any name
    app.add_middleware(Guard, local=not settings.keys, max_body=settings.max_body, body_seconds=60.0)
    return app


_router = APIRouter(route_class=admitted("orders"))
_styles_router = APIRouter(route_class=admitted("styles"))


def _studio(request: Request) -> Studio:
    studio: Studio = request.app.state.studio
    return studio


@_router.post("/orders", status_code=202, response_model=OrderView, responses=_BEFORE)
async def order(
    request: Request,
    response: Response,
    client: Asking,
    content: Content,
    style: Styles = [],  # noqa: B006 — FastAPI reads it
    style_file: StyleFiles = [],  # noqa: B006
    options: Options = "{}",
    format: Format = None,
    jpeg_quality: Annotated[int, Form(ge=1, le=100)] = QUALITY,
    bit_depth: Annotated[Literal[8, 16] | None, Form()] = None,
    webhook: Annotated[str | None, Form(description="An address to be told when the order has ended.")] = None,
    idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
) -> OrderView:
    """Order a painting. The same Idempotency-Key and request give the same order, however often they are sent."""
    studio = _studio(request)
    if webhook:
        check_target(webhook, private=studio.settings.private_webhooks)
    asked = await read_order(studio, client, content, style, style_file, options, format, jpeg_quality, bit_depth)
    placed, new = await run_in_threadpool(_place, studio, client, asked, idempotency_key, webhook or None)
    response.status_code = 202 if new else 200
    response.headers["Location"] = f"/v1/orders/{placed.id}"
    return view(placed)


@_router.post("/paint", response_class=Response, responses=_PICTURE)
async def paint(
    request: Request,
    client: Asking,
    looks: Looks,
    content: Content,
    style: Styles = [],  # noqa: B006 — FastAPI reads it
    style_file: StyleFiles = [],  # noqa: B006
    options: Options = "{}",
    format: Format = None,
) -> Response:
    """Paint a small picture by the fast painter, and wait for it."""
    studio = _studio(request)
    asked = await read_order(studio, client, content, style, style_file, options, format, QUALITY, None)
    _check_soon(asked, quick_pixels=studio.settings.quick_pixels)
    placed, _ = await run_in_threadpool(_place, studio, client, asked)
    until = time.monotonic() + _WAIT
    while time.monotonic() < until:
        found = await run_in_threadpool(studio.book.get, placed.id)
        if not found.is_open:
            return await _painting(studio, found)
        await asyncio.sleep(_SOON * looks())
    await run_in_threadpool(studio.book.cancel, placed.id)
    raise BusyError("It takes too long to wait for.", hint=_ORDER_IT)


@_router.get("/orders", response_model=list[OrderView])
async def orders(
    request: Request, client: Asking, state: State | None = None, most: Annotated[int, Query(ge=1, le=1000)] = 100
) -> list[OrderView]:
    """One's orders, the newest first."""
    found = await run_in_threadpool(_studio(request).book.orders, owner=client.id, state=state, most=most)
    return [view(order) for order in found]


@_router.get("/orders/{order_id}", response_model=OrderView)
async def one_order(request: Request, client: Asking, order_id: _ID) -> OrderView:
    """How far an order is."""
    return view(await _found(request, client, order_id))


@_router.delete("/orders/{order_id}", response_model=OrderView)
async def cancel(
    request: Request,
    client: Asking,
    order_id: _ID,
    forget: Annotated[bool, Query(description="Remove it, and with time its pictures, if it has ended.")] = False,
) -> OrderView:
    """Cancel an order; one that has ended stays as it is, unless it is to be forgotten."""
    book = _studio(request).book
    return view(await run_in_threadpool(book.forget if forget else book.cancel, order_id, owner=client.id))


@_router.get("/orders/{order_id}/result", response_class=Response, responses=_PICTURE)
async def result(request: Request, client: Asking, order_id: _ID) -> Response:
    """The painting."""
    return await _painting(_studio(request), await _found(request, client, order_id))


@_router.get("/orders/{order_id}/content", response_class=Response, responses=_PICTURE)
async def content(request: Request, client: Asking, order_id: _ID) -> Response:
    """The photograph that was sent."""
    found = await _found(request, client, order_id)
    return await _sent_picture(_studio(request), found.request.content)


@_router.get("/orders/{order_id}/preview", response_class=Response, responses=_PICTURE)
async def preview(request: Request, client: Asking, order_id: _ID) -> Response:
    """What the painting looks like so far, or in the end: small, as JPEG."""
    found = await _found(request, client, order_id)
    if found.preview is None:
        raise OrderStateError("There is nothing to see yet.", hint="Wait a little.")
    data = await run_in_threadpool(_studio(request).store.get, found.preview)
    return Response(data, media_type="image/jpeg", headers={"Cache-Control": "no-store"})


@_router.get("/orders/{order_id}/events", response_class=StreamingResponse, responses=_STREAM)
async def events(request: Request, client: Asking, looks: Looks, order_id: _ID) -> StreamingResponse:
    """Server-sent events: `order` whenever something has changed, the last one when the order has ended."""
    first = await _found(request, client, order_id)
    return StreamingResponse(
        _events(request, first, looks), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
    )


@_styles_router.get("/styles", response_model=list[StyleView])
async def styles(request: Request, client: Asking) -> list[StyleView]:
    """Styles by name: Impasto's, then one's own."""
    from impasto.styles import registry, shelf

    found = await run_in_threadpool(lambda: [(name, shelf.find(name)) for name in shelf.names()])
    drawn = set(registry.names())
    named = [
        StyleView(name=name, title=code.title, artist=code.artist, year=code.year, code_only=name not in drawn)
        for name, code in found
    ]
    own = await run_in_threadpool(_studio(request).styles.of, client.id)
    return [*named, *(StyleView(name=name, own=True) for name in own)]


@_styles_router.post("/styles", status_code=201, response_model=StyleView)
async def keep_style(
    request: Request,
    client: Asking,
    name: Annotated[str, Form(max_length=100)],
    picture: Annotated[UploadFile, File(description="Of the style; or a style code.")],
) -> StyleView:
    """Give a style of one's own a name, to order by from then on."""
    studio = _studio(request)
    await run_in_threadpool(studio.styles.check, client.id, name)
    data, _ = await read_style(studio, picture)
    file = await run_in_threadpool(studio.store.put, data)
    return StyleView(name=await run_in_threadpool(studio.styles.keep, client.id, name, file, len(data)), own=True)


@_styles_router.get("/styles/{name}/picture", response_class=Response, responses=_PICTURE)
async def style_picture(request: Request, client: Asking, name: Annotated[str, Path(max_length=100)]) -> Response:
    """The picture of a style of one's own, as it was sent."""
    own = await run_in_threadpool(_studio(request).styles.of, client.id)
    if canonical(name) not in own:
        raise UnknownNameError("style of yours", name, own)
    return await _sent_picture(_studio(request), own[canonical(name)])


@_styles_router.delete("/styles/{name}", status_code=204)
async def remove_style(request: Request, client: Asking, name: Annotated[str, Path(max_length=100)]) -> None:
    """Forget a style of one's own."""
    await run_in_threadpool(_studio(request).styles.remove, client.id, name)


# -- what comes back


def _place(
    studio: Studio, client: Client, asked: Asked, key: str | None = None, webhook: str | None = None
) -> tuple[Order, bool]:
    if key is None or not studio.book.is_known(client.id, key):
        studio.keys.check_orders(client)  # before anything is kept; and again when it is placed
    for data in asked.files:
        studio.store.put(data)
    its: dict[str, Any] = {"idempotency": key, "webhook": webhook, "check": partial(count_order, client=client)}
    return studio.book.place(asked.request, owner=client.id, pixels=asked.pixels, **its)


def _check_soon(asked: Asked, *, quick_pixels: int) -> None:
    """See that what is ordered can be waited for.

    Raises:
        UsageError, PictureTooLargeError: it would have the slow lane.
    """
    if not is_quick(asked.request.quality):
        raise UsageError("Only the fast painter is waited for.", hint=_ORDER_IT)
    if lane_of(asked.request.quality, asked.pixels, quick_pixels=quick_pixels) == "slow":
        raise PictureTooLargeError(
            f"Photo, style or painting has more than {quick_pixels:,} pixels, or does not tell: too many to wait for.",
            hint=_ORDER_IT,
        )


async def _found(request: Request, client: Client, order_id: str) -> Order:
    return await run_in_threadpool(_studio(request).book.get, order_id, owner=client.id)


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


async def _sent_picture(studio: Studio, digest: str) -> Response:
    """A file of a client's, as it came: a browser shall see a picture in it, or nothing."""
    data = await run_in_threadpool(studio.store.get, digest)
    form = FORMATS.get(identify(data[:HEAD]) or "")
    if form is None:
        raise NotAPictureError("It is no picture, but a style code.")
    headers = {"Cache-Control": "private, max-age=86400", "Content-Security-Policy": "sandbox"}
    return Response(data, media_type=form.media_type, headers=headers)


async def _events(request: Request, order: Order, looks: Callable[[], float]) -> AsyncIterator[str]:
    shown, book = "", _studio(request).book
    while True:
        text = view(order).model_dump_json()
        has_preview = order.preview or ""
        if text + has_preview != shown:
            shown = text + has_preview
            yield f"event: order\ndata: {text}\n\n"
        if not order.is_open or await request.is_disconnected():
            return
        await asyncio.sleep(_SHOW_EVERY * looks())
        try:
            order = await run_in_threadpool(book.get, order.id)
        except NoSuchOrderError:  # forgotten meanwhile
            return


# -- for those who run it


async def _healthz() -> PlainTextResponse:
    return PlainTextResponse("ok\n")


async def _readyz(request: Request) -> PlainTextResponse:
    """Whether orders would be painted: the database answers, and a worker lives."""
    workers = await run_in_threadpool(_studio(request).book.workers, since=time.time() - DEAD_AFTER)
    return PlainTextResponse("ok\n" if workers else "no worker\n", 200 if workers else 503)


async def _metrics(request: Request) -> Response:
    await run_in_threadpool(admit, request, "metrics")
    studio = _studio(request)
    text = await run_in_threadpool(as_prometheus, studio.book, since=time.time() - DEAD_AFTER)
    return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")
