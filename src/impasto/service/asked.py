"""The parts of a request for a painting, checked and put together."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fastapi import UploadFile
from starlette.concurrency import run_in_threadpool

from impasto.errors import UsageError
from impasto.service.keys import Client
from impasto.service.orders import OrderedStyle, OrderRequest, accepted, check_count
from impasto.service.studio import Studio
from impasto.styles.shelf import canonical


async def read_order(
    studio: Studio,
    client: Client,
    content: UploadFile,
    styles: list[str],
    files: list[UploadFile],
    options: str,
    format: str | None,
    jpeg_quality: int,
    bit_depth: int | None,
    *,
    most: int | None = None,
) -> tuple[OrderRequest, list[bytes]]:
    """What is ordered, and the files that it names: they are kept when all of it is found to be in order."""
    chosen = _options(options)
    check_count(len(styles) + len(files))
    own = await run_in_threadpool(studio.styles.of, client.id)
    named = [_named(word, own) for word in styles if word]
    photo = await content.read()
    digest = await run_in_threadpool(studio.check, photo, max_pixels=most)
    pictures = [await read_style(studio, file) for file in files]
    sent = [OrderedStyle(file=name) for _, name in pictures]
    request = OrderRequest(
        content=digest,
        styles=(*named, *sent),
        quality=chosen.pop("quality", None),
        preset=chosen.pop("preset", None),
        settings=chosen,
        format=format or None,
        jpeg_quality=jpeg_quality,
        bit_depth=bit_depth,
    )
    return await run_in_threadpool(accepted, request), [photo, *(data for data, _ in pictures)]


async def read_style(studio: Studio, file: UploadFile) -> tuple[bytes, str]:
    """A file that may be a style, and its digest."""
    data = await file.read()
    return data, await run_in_threadpool(studio.check_style, data)


def _options(text: str) -> dict[str, Any]:
    try:
        options = json.loads(text or "{}")
    except (ValueError, RecursionError) as error:
        raise UsageError("options is no JSON.", hint='Send an object: {"strength": 0.8}.') from error
    if not isinstance(options, dict):
        raise UsageError("options is no JSON object.", hint='Send an object: {"strength": 0.8}.')
    return options


def _named(word: str, own: Mapping[str, str]) -> OrderedStyle:
    """Of `name` or `name:weight`, which may be one of the client's own."""
    name, weight = word, 1.0
    if ":" in word:
        name, _, text = word.rpartition(":")
        try:
            weight = float(text)
        except ValueError as error:
            raise UsageError(f"{text[:20]!r} is no weight of a style.", hint="Write mosaic:0.3.") from error
    file = own.get(canonical(name))
    return OrderedStyle(name=name, weight=weight) if file is None else OrderedStyle(file=file, weight=weight)
