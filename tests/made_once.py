"""Files that take long to make, shared by all processes of a run of the tests."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """The folder that `make` has filled: whoever asks for it first does so, others wait."""
    root = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent  # of all workers
    folder = root / f"once-{name}"
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            part = Path(tempfile.mkdtemp(prefix=f"part-{name}-", dir=root))
            make(part)
            part.rename(folder)
    return folder
