"""Clearing up: old orders, and pictures that none needs any more."""

from __future__ import annotations

import time

from impasto.service.book import OrderBook
from impasto.service.store import PictureStore

_GRACE = 3600.0  # seconds: a picture that has just come may belong to an order that is about to be placed


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
