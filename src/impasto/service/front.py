"""The studio's page: what a browser gets at `/` and below, without any key."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import mimetypes
import threading
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from fastapi import Path as InPath
from starlette.concurrency import run_in_threadpool

from impasto import __version__
from impasto.errors import UnknownNameError
from impasto.pictures import Picture, encode_picture
from impasto.qualities import QUALITIES
from impasto.runtime.fast import SHIPPED, FastPainter, FastSettings
from impasto.service.settings import ServiceSettings
from impasto.web.export import COMMON
from impasto.web.styles import PageStyle, page_styles, sample, thumbnail

_PAGE = Path(__file__).resolve().parent / "page"
_TYPES = {".js": "text/javascript", ".webp": "image/webp"}
_ASK_AGAIN = {"Cache-Control": "no-cache"}


class Front:
    """What the page is made of.

    Thumbnails are painted when they are first asked for, from pictures of our own.
    """

    def __init__(self, settings: ServiceSettings) -> None:
        self._settings = settings
        self._turn = threading.Lock()
        self._thumbnails: dict[str, bytes] = {}
        self.files = {path.name: path.read_bytes() for path in sorted([*_PAGE.iterdir(), *COMMON.iterdir()])}

    @cached_property
    def _painter(self) -> FastPainter:
        return FastPainter(SHIPPED, FastSettings(threads=1))

    @cached_property
    def _styles(self) -> dict[str, PageStyle]:
        return {style.name: style for style in page_styles(self._painter)}

    def about(self) -> dict[str, Any]:
        """What the page needs to know of the studio."""
        with self._turn:
            styles = [
                {"name": style.name, "kind": style.kind, "title": style.title, "about": style.about}
                for style in self._styles.values()
            ]
        have_torch = importlib.util.find_spec("torch") is not None
        return {
            "version": __version__,
            "keys": self._settings.keys,
            "maxBody": self._settings.max_body,
            "qualities": [
                {"name": name, "takesCodes": quality.takes_codes}
                for name, quality in QUALITIES.items()
                if have_torch or not quality.uses_torch
            ],
            "styles": styles,
        }

    def thumbnail(self, name: str) -> bytes:
        """Of a style of ours, as WebP.

        Raises:
            UnknownNameError: there is no style of that name.
        """
        with self._turn:
            if name not in self._styles:
                raise UnknownNameError("style", name[:100], self._styles)
            if name not in self._thumbnails:
                self._thumbnails[name] = thumbnail(self._painter, self._styles[name], _sample())
            return self._thumbnails[name]


@cache
def _sample() -> Picture:
    return sample()


@cache
def _sample_file() -> bytes:
    return encode_picture(_sample(), "webp", quality=85)


router = APIRouter(include_in_schema=False)


@router.get("/")
async def _index(request: Request) -> Response:
    return await _file(request, "index.html")


@router.get("/page.json")
async def _about(request: Request) -> Response:
    about = await run_in_threadpool(_front(request).about)
    return _answer(request, json.dumps(about, ensure_ascii=False).encode(), "application/json")


@router.get("/sample.webp")
async def _sampled(request: Request) -> Response:
    return _answer(request, await run_in_threadpool(_sample_file), "image/webp")


@router.get("/styles/{name}.webp")
async def _thumbnail(request: Request, name: Annotated[str, InPath(max_length=100)]) -> Response:
    return _answer(request, await run_in_threadpool(_front(request).thumbnail, name), "image/webp")


@router.get("/{name}")
async def _file(request: Request, name: str) -> Response:
    data = _front(request).files.get(name)
    if data is None:
        raise UnknownNameError("page", name[:100], ())
    suffix = Path(name).suffix
    return _answer(request, data, _TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream")


def _front(request: Request) -> Front:
    front: Front = request.app.state.front
    return front


def _answer(request: Request, data: bytes, media_type: str) -> Response:
    """What changes with the version alone: browsers ask whether theirs is still the one."""
    headers = {**_ASK_AGAIN, "ETag": f'"{hashlib.sha256(data).hexdigest()[:32]}"'}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(data, media_type=media_type, headers=headers)
