"""Clearing up: old orders, and pictures that none needs any more."""

from __future__ import annotations

import time

from impasto.service.book import OrderBook
from impasto.service.store import PictureStore

_DAY = 86400.0  # seconds
_MOST = 100_000
_GRACE = 3600.0  # seconds: a picture that has just come may belong to an order that is about to be placed


def keep_within(book: OrderBook) -> tuple[int, int]:
    """Clear up as far as the settings ask for: what is older than `keep_days`, and, while the pictures take more than
    `keep_bytes`, the orders that ended first, a tenth of them at a time.

    Returns:
        As `clear_up`.
    """
    settings = book.settings
    gone, freed = clear_up(book, before=time.time() - settings.keep_days * _DAY)
    while sum(size for _, size, _ in PictureStore(settings.files_url).all()) > settings.keep_bytes:
        ends = sorted(order.finished for order in book.orders(most=_MOST) if order.finished is not None)
        if not ends:
            break
        more = clear_up(book, before=ends[len(ends) // 10] + 1e-3)
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
    gone = len(book.purge(before=before))
    store = PictureStore(book.settings.files_url)
    # The pictures first, then who needs them: one that comes in between is needed, or young.
    old = [(digest, size) for digest, size, changed in store.all() if changed < time.time() - grace]
    needed = book.needed()
    freed = 0
    for digest, size in old:
        if digest not in needed:
            store.remove(digest)
            freed += size
    return gone, freed
