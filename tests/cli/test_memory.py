"""Memory that goes back to the system."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from impasto.cli import memory

SCRIPT = """
import os
from impasto.cli.memory import give_back_large_buffers

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

done = give_back_large_buffers()
import torch
for _ in range(3):  # glibc's own threshold would rise with the first of these that is freed
    torch.ones(8 << 18)
before = resident()
large = [torch.ones(8 << 18) for _ in range(20)]
last = torch.ones(1 << 18)
assert resident() - before > 150 << 20
del large
print(done, resident() - before < 40 << 20)
"""


@pytest.mark.skipif(not memory._has_huge_pages(), reason="no huge pages here")
def test_large_buffers_go_back_when_they_are_free() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True"]


def test_without_huge_pages_nothing_is_changed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("THP_MEM_ALLOC_ENABLE", raising=False)
    setting = tmp_path / "enabled"
    for text in (None, "always madvise [never]\n"):
        if text is not None:
            setting.write_text(text)
        monkeypatch.setattr(memory, "_HUGE_PAGES", setting)
        assert not memory.give_back_large_buffers()
    assert "THP_MEM_ALLOC_ENABLE" not in os.environ


def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def no_library(name: object) -> object:
        raise OSError("there is none")

    setting = tmp_path / "enabled"
    setting.write_text("always [madvise] never\n")
    monkeypatch.setattr(memory, "_HUGE_PAGES", setting)
    monkeypatch.setattr(memory.ctypes, "CDLL", no_library)
    assert not memory.give_back_large_buffers()
