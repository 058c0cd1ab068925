"""Clearing up: old orders, and pictures that none needs any more."""

from __future__ import annotations

import time

from sqlalchemy import func, select

from impasto.service.book import OrderBook
from impasto.service.orders import OrderRequest
from impasto.service.store import PictureStore
from impasto.service.tables import ORDERS, STYLES

_DAY = 86400.0  # seconds
_SHARE = 0.1  # of the orders that have ended, forgotten at a time while there is too much
_GRACE = 3600.0  # seconds: a picture that has just come may belong to an order that is about to be placed


def keep_within(book: OrderBook) -> tuple[int, int]:
    """Clear up as far as the settings ask for: what is older than `keep_days`, and, while orders' pictures take
    more than `keep_bytes`, the orders that ended first, a tenth of them at a time.

    Returns:
        As `clear_up`.
    """
    settings = book.settings
    gone, freed = clear_up(book, before=time.time() - settings.keep_days * _DAY)
    while _taken(book) > settings.keep_bytes:
        before = _ended_first(book, _SHARE)
        if before is None:
            break
        more = clear_up(book, before=before + 1e-3)
        gone, freed = gone + more[0], freed + more[1]
        if more[1] == 0:  # what is left is young: it goes next time
            break
    return gone, freed


def clear_up(book: OrderBook, *, before: float, grace: float = _GRACE) -> tuple[int, int]:
    """Forget the orders that ended before a time, then remove the pictures that no order names.

    Args:
        before: seconds since 1970.
        grace: pictures younger than so many seconds stay.

    Returns:
        How many orders are gone, and how many bytes are freed.
    """
    gone = book.purge(before=before)
    store = PictureStore(book.settings.files_url)
    # The pictures first, then who needs them: one that comes in between is needed, or young when it would be removed.
    pictures = list(store.all())
    needed = _needed(book)
    unneeded = (kept for kept in pictures if kept.name not in needed)
    return gone, sum(kept.size for kept in unneeded if store.remove(kept, before=time.time() - grace))


def _taken(book: OrderBook) -> int:
    """Bytes of all pictures but those of clients' own styles, which stay however old they are."""
    styles = _kept_styles(book)
    return sum(kept.size for kept in PictureStore(book.settings.files_url).all() if kept.name not in styles)


def _ended_first(book: OrderBook, share: float) -> float | None:
    """When the last of the orders ended that ended first, so large a share of them; None: none has ended."""
    ended = ORDERS.c.finished.is_not(None)
    with book.engine.connect() as connection:
        count = connection.scalar(select(func.count()).select_from(ORDERS).where(ended)) or 0
        ends = select(ORDERS.c.finished).where(ended).order_by(ORDERS.c.finished)
        found: float | None = connection.scalar(ends.offset(int(share * count)).limit(1))
    return found


def _needed(book: OrderBook) -> set[str]:
    """Digests of all pictures that orders name, or clients' styles."""
    found = _kept_styles(book)
    with book.engine.connect() as connection:
        for row in connection.execute(select(ORDERS.c.request, ORDERS.c.result, ORDERS.c.preview)):
            request = OrderRequest.from_json(row.request)
            found |= {request.content, *(style.file for style in request.styles if style.file)}
            found |= {digest for digest in (row.result, row.preview) if digest}
    return found


def _kept_styles(book: OrderBook) -> set[str]:
    """Digests of clients' own styles."""
    with book.engine.connect() as connection:
        return set(connection.scalars(select(STYLES.c.file)))
