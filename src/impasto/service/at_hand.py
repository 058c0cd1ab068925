"""What a worker is at, held against what the queue says that it has.

The queue writes down that a worker has an order before the worker hears of it. If the database, or the way to it, dies
in between, the order stands there as begun, and nobody is at it: neither this worker, which knows nothing of it, nor
another, as this one lives.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager


class AtHand:
    """
    Args:
        patience: seconds between a claim and its work, at most: what is given for longer with nobody at it is lost.
        clock: that tells seconds.
    """

    def __init__(self, patience: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._patience, self._clock = patience, clock
        self._lock = threading.Lock()
        self._held: Counter[str] = Counter()  # one that was given again may be worked at twice
        self._over: set[str] = set()  # done, and the queue may not know it yet: else clients were told twice
        self._missed: dict[str, float] = {}  # since when

    @contextmanager
    def hold(self, workflow: str) -> Iterator[None]:
        """While it is worked at."""
        with self._lock:
            self._held[workflow] += 1
        try:
            yield
        finally:
            with self._lock:
                self._held[workflow] -= 1
                if not self._held[workflow]:
                    del self._held[workflow]
                    self._over.add(workflow)

    def lost(self, given: Collection[str]) -> set[str]:
        """Those of the given workflows at which nobody is, or was, for as long as patience lasts.

        Args:
            given: all that the queue says this worker has, now.
        """
        with self._lock:
            now = self._clock()
            self._over &= set(given)
            known = self._held.keys() | self._over
            self._missed = {one: self._missed.get(one, now) for one in given if one not in known}
            return {one for one, since in self._missed.items() if now - since >= self._patience}
