"""Ctrl-C and SIGTERM, asked for politely: the first lets the work end well, the second ends at once."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Any


class Interruption:
    """While entered, signals set `requested` instead of raising KeyboardInterrupt. Called, it is a `ShouldStop`.

    Args:
        message: what the first signal says on standard error.
    """

    def __init__(self, message: str) -> None:
        self.message, self.requested = message, False
        self._before: dict[signal.Signals, Any] = {}

    def __call__(self) -> bool:
        return self.requested

    def __enter__(self) -> Interruption:
        # Python lets only the main thread handle signals; in another one they stay with whoever runs us.
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True
        # Not through sys.stderr, which may be in the middle of a write when the signal comes.
        with suppress(OSError):
            os.write(2, f"\n{self.message}\n".encode())
