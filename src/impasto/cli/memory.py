"""Less memory for the same painting: how large buffers are taken from the system and given back."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

_HUGE_PAGES = Path("/sys/kernel/mm/transparent_hugepage/enabled")
_MMAP_THRESHOLD = -3  # glibc's M_MMAP_THRESHOLD
_LARGE = 4 << 20


def give_back_large_buffers() -> bool:
    """Let glibc take every large buffer from the system by itself, and give it back once it is free; say whether it
    does.

    Left alone, glibc soon keeps them on a heap that falls to pieces: a quarter of a painting's peak. Fresh memory costs
    time where it comes in pages of 4 kB, so this is done only where huge pages are to be had; torch asks for these if
    it is told to before its first tensor. Other systems are left as they are.
    """
    if not _has_huge_pages():
        return False
    try:
        done = bool(ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, _LARGE))
    except (OSError, AttributeError, TypeError):  # another C library
        return False
    if done:
        os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
    return done


def _has_huge_pages() -> bool:
    try:
        return "[never]" not in _HUGE_PAGES.read_text()
    except OSError:
        return False
