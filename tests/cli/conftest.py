"""Small pictures, and the command line run in this process or in one of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_answer import Answer
from PIL import Image

from impasto.cli import main


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: `photo.jpg` (64×48) and `style.png`."""
    y, x = np.mgrid[0:48, 0:64]
    photo = np.stack([x * 4, y * 5, (x + y) * 2], axis=-1).astype(np.uint8)
    Image.fromarray(photo).save(tmp_path / "photo.jpg")
    blocks = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    Image.fromarray(blocks).resize((64, 48), Image.Resampling.NEAREST).save(tmp_path / "style.png")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IMPASTO_HOME", str(tmp_path / "home"))
    return tmp_path


@pytest.fixture
def impasto(capfd: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """Runs the command line in this process."""

    def run(*words: object) -> Answer:
        capfd.readouterr()
        try:
            code = main([str(word) for word in words])
        except SystemExit as end:  # shell completion ends so
            code = int(end.code or 0)
        sys.stdout.flush()
        return Answer(code, *capfd.readouterr())

    return run


@pytest.fixture
def brief(tiny_encoder_file: Path) -> list[str]:
    """Options that make a painting a matter of milliseconds."""
    return ["--encoder", str(tiny_encoder_file), "--iterations", "3", "--precision", "float32", "--device", "cpu"]


@pytest.fixture
def start_process() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts the command line in a process of its own; what is left of it in the end is killed."""
    started: list[subprocess.Popen[str]] = []

    def start(*words: object, **options: Any) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "impasto", *map(str, words)]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONFAULTHANDLER": "1"}
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "env": environment} | options
        started.append(subprocess.Popen(command, **options))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()
