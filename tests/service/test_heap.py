"""What is free goes back to the system."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

_HOLES = """
import os
from impasto.service.heap import give_back

def held():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

blocks = [bytes(1000) for _ in range(100_000)]
last = bytes(1000)  # above all others: the heap does not shrink below it by itself
del blocks
before = held()
give_back()
print(before - held())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have no malloc_trim")
def test_holes_are_given_back() -> None:
    done = subprocess.run([sys.executable, "-c", _HOLES], capture_output=True, check=True, text=True)
    assert int(done.stdout) > 50_000_000
