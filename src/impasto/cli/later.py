"""Work done meanwhile, in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Later(Generic[T]):
    """The result of `work`, which begins at once.

    Nobody need ask for it: then neither it nor its error is ever seen.
    """

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._result: list[T] = []
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._result.append(self._work())
        except BaseException as error:
            self._error = error

    def get(self) -> T:
        """Wait for the result; raise what the work raised."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._result[0]
