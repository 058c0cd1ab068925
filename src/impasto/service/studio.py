"""What all requests need: the book, the pictures, the keys."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import NamedTuple

from impasto.errors import PictureError, QuotaError
from impasto.pictures.decode import check_header
from impasto.service.book import OrderBook
from impasto.service.codes import read_code
from impasto.service.keys import Keys
from impasto.service.own_styles import OwnStyles
from impasto.service.settings import ServiceSettings
from impasto.service.store import PictureStore, digest_of

_AT_ONCE = 20  # orders of one client
_MOST_AT_ONCE = 50  # of the connections there are, which are for all

Size = tuple[int, int]


class Sent(NamedTuple):
    """A file that was sent, or kept: its digest, and the size of its picture, as far as its header tells."""

    digest: str
    size: Size | None


class Studio:
    """A studio, open for as long as its process lives.

    Args:
        settings: of the service.
    """

    def __init__(self, settings: ServiceSettings) -> None:
        self.settings = settings
        self.book, self.store = OrderBook(settings), PictureStore(settings.files_url)
        self.keys = Keys(self.book.engine, needed=settings.keys)
        self.styles = OwnStyles(self.book.engine)
        self._looking: Counter[str] = Counter()
        self._kept = lru_cache(10_000)(self._look_up)  # what has a digest never changes

    @contextmanager
    def looking(self, client: str) -> Iterator[Callable[[], float]]:
        """While an order of a client's is looked at again and again: how many times as long to wait in between as one
        would, so that those who have many looked at don't keep the database from others.

        Raises:
            QuotaError: too many of the client's are looked at already.
        """
        if self._looking[client] >= _MOST_AT_ONCE:
            raise QuotaError(
                f"{_MOST_AT_ONCE} orders are waited for already.",
                retry_after=5,
                hint="End some of these requests, or ask now and then: GET /v1/orders/ID.",
            )
        self._looking[client] += 1
        try:
            yield lambda: max(1.0, self._looking[client] / _AT_ONCE)
        finally:
            self._looking[client] -= 1
            if not self._looking[client]:
                del self._looking[client]

    def close(self) -> None:
        self.book.close()

    def check(self, data: bytes) -> Sent:
        """See that the header of a picture that was sent is that of one.

        Raises:
            PictureError: it is none, or too large.
        """
        _, header = check_header(data, "The picture", max_pixels=self.settings.max_pixels)
        return Sent(digest_of(data), None if header is None else (header.width, header.height))

    def check_style(self, data: bytes) -> Sent:
        """The same of a picture of a style, or of a style code, which has no pixels.

        Raises:
            PictureError: it is neither, or too large.
        """
        if not data.lstrip().startswith(b"{"):
            return self.check(data)
        read_code(data)
        return Sent(digest_of(data), (0, 0))

    def kept(self, digest: str) -> Sent:
        """A style in the store; without a size, if it is refused by now, or gone: whoever paints it says so."""
        try:
            return self._kept(digest)
        except PictureError:
            return Sent(digest, None)

    def _look_up(self, digest: str) -> Sent:
        return self.check_style(self.store.get(digest))
