"""What costs much to make, kept at hand and used many times."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Pool(Generic[T]):
    """Slowly renewed. Thing n is the same whenever it is made, so that a resumed run sees the same.

    Args:
        count: how many are kept.
        make: thing number n.
    """

    def __init__(self, count: int, make: Callable[[int], T]) -> None:
        self.count, self._make = count, make
        self._things: dict[int, T] = {}

    def ready(self, newest: int) -> None:
        """Keep the things up to number `newest`, as many as are kept, and no others; make what is missing."""
        wanted = range(max(0, newest + 1 - self.count), newest + 1)
        if list(self._things) != list(wanted):
            self._things = {n: self._things[n] if n in self._things else self._make(n) for n in wanted}

    @property
    def things(self) -> list[T]:
        """All that are kept, in the order of their numbers."""
        return list(self._things.values())
