"""What all requests need: the book, the pictures, the keys."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from impasto.pictures.decode import check_header
from impasto.service.book import OrderBook
from impasto.service.codes import read_code
from impasto.service.keys import Keys
from impasto.service.own_styles import OwnStyles
from impasto.service.settings import ServiceSettings
from impasto.service.store import PictureStore, digest_of

_AT_ONCE = 20  # orders of one client


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

    @contextmanager
    def looking(self, client: str) -> Iterator[Callable[[], float]]:
        """While an order of a client's is looked at again and again: how many times as long to wait in between as one
        would, so that those who have many looked at don't keep the database from others.
        """
        self._looking[client] += 1
        try:
            yield lambda: max(1.0, self._looking[client] / _AT_ONCE)
        finally:
            self._looking[client] -= 1
            if not self._looking[client]:
                del self._looking[client]

    def close(self) -> None:
        self.book.close()

    def check(self, data: bytes, *, max_pixels: int | None = None) -> str:
        """See that the header of a picture that was sent is that of one, and return the digest of its file.

        Raises:
            PictureError: it is none, or too large.
        """
        check_header(data, "The picture", max_pixels=max_pixels or self.settings.max_pixels)
        return digest_of(data)

    def check_style(self, data: bytes) -> str:
        """The same of a picture of a style, or of a style code.

        Raises:
            PictureError: it is neither, or too large.
        """
        if not data.lstrip().startswith(b"{"):
            return self.check(data)
        read_code(data)
        return digest_of(data)
