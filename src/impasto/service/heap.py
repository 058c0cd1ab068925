"""The C library's heap: what a process took and needs no more."""

from __future__ import annotations

import ctypes
from contextlib import suppress


def give_back() -> None:
    """Give free pages back to the system, where the C library knows how to (glibc): else pictures of many sizes leave
    holes, and a process that lives long grows.
    """
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
