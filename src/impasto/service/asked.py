"""The parts of a request for a painting, checked and put together."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import UploadFile
from starlette.concurrency import run_in_threadpool

from impasto.errors import PictureTooLargeError, UsageError
from impasto.pictures.resize import painted_size
from impasto.service.keys import Client
from impasto.service.orders import OrderedStyle, OrderRequest, accepted, check_count
from impasto.service.studio import Sent, Size, Studio
from impasto.styles.shelf import canonical


@dataclass(frozen=True)
class Asked:
    """What is ordered.

    Attributes:
        request: of the order.
        files: that it names; they are to be kept.
        pixels: of the largest picture in it, read or painted; None: its header does not tell.
    """

    request: OrderRequest
    files: list[bytes]
    pixels: int | None


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
) -> Asked:
    """What is ordered, when all of it is found to be in order."""
    chosen = _options(options)
    check_count(len(styles) + len(files))
    own = await run_in_threadpool(studio.styles.of, client.id)
    named = [_named(word, own) for word in styles if word]
    photo = await content.read()
    shown = await run_in_threadpool(studio.check, photo)
    pictures = [await read_style(studio, file) for file in files]
    kept = [await run_in_threadpool(studio.kept, style.file) for style in named if style.file]
    request = OrderRequest(
        content=shown.digest,
        styles=(*named, *(OrderedStyle(file=sent.digest) for _, sent in pictures)),
        quality=chosen.pop("quality", None),
        preset=chosen.pop("preset", None),
        settings=chosen,
        format=format or None,
        jpeg_quality=jpeg_quality,
        bit_depth=bit_depth,
    )
    request = await run_in_threadpool(accepted, request)
    painted = _painted(shown.size, request.settings.get("size"), most=studio.settings.max_pixels)
    pixels = _most(painted, *(sent.size for sent in (shown, *kept, *(sent for _, sent in pictures))))
    return Asked(request, [photo, *(data for data, _ in pictures)], pixels)


async def read_style(studio: Studio, file: UploadFile) -> tuple[bytes, Sent]:
    """A file that may be a style, and what it is."""
    data = await file.read()
    return data, await run_in_threadpool(studio.check_style, data)


def _painted(size: Size | None, wanted: Any, *, most: int) -> Size | None:
    """The size of the painting of a photograph, if it is wanted so large: a long side, or both.

    Raises:
        PictureTooLargeError: it would have more pixels than `most`.
    """
    if wanted is None:
        return size
    unknown = (1, 1)  # no other proportions have as many pixels
    width, height = painted_size(size or unknown, wanted if isinstance(wanted, int) else tuple(wanted))
    if width * height > most:
        raise PictureTooLargeError(
            f"The painting would have too many pixels: {width}×{height}.",
            hint=f"The limit is {most:,} pixels: ask for a smaller size.",
        )
    return width, height


def _most(*sizes: Size | None) -> int | None:
    """Pixels of the largest; None if one is unknown."""
    known = [width * height for size in sizes if size is not None for width, height in [size]]
    return max(known) if len(known) == len(sizes) else None


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
