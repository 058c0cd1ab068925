"""A training in a process of its own, killed again and again."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file

Start = Callable[..., subprocess.Popen[str]]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")

_STEPS = 30
_CONFIG = {
    "steps": _STEPS,
    "size": 32,
    "batch": 1,
    "thumbnail": [32, 32],
    "half": 4,
    "quarter": 4,
    "eighth": 6,
    "blocks": 1,
    "style_size": 48,
    "log_every": 1,
    "checkpoint_every": 3,
}


@pytest.fixture
def words(folder: Path) -> list[str]:
    """Of a training of seconds; one of its photographs is none."""
    Path("photos").mkdir()
    for n in range(2):
        pixels = np.random.default_rng(n).integers(0, 256, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((48, 48)).save(f"photos/{n}.png")
    Path("photos/bad.png").write_bytes(b"\x89PNG\r\n\x1a\n of no picture")
    Path("run.toml").write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in _CONFIG.items()))
    places = ["--content", "photos", "--style", "style.png", "--config", "run.toml"]
    return ["train", "johnson", *places, "--start", "none"]


@pytest.mark.slow
def test_a_run_killed_again_and_again_ends_as_one_that_never_was(words: list[str], start_process: Start) -> None:
    whole = start_process(*words, "--run", "whole")
    _, error = whole.communicate(timeout=300)
    assert whole.returncode == 0, error
    assert "Training pictures that can't be used, left out so far: 1." in error
    for last in (4, 11):  # after a checkpoint, and after others
        running = start_process(*words, "--run", "killed", "--json")
        assert running.stdout is not None
        while json.loads(running.stdout.readline())["step"] < last:
            pass
        running.kill()
        running.communicate(timeout=300)
        assert running.returncode == -signal.SIGKILL
        assert not list(Path("killed").glob("*.tmp*"))
    after = start_process(*words, "--run", "killed", "--json")
    told, error = after.communicate(timeout=300)
    assert after.returncode == 0, error
    *steps, _ = map(json.loads, told.splitlines())
    assert steps[0]["step"] >= 10  # it went on from the ninth step's checkpoint, or a later one
    assert steps[-1]["skipped"] == 1
    for run in ("whole", "killed"):
        log = Path(run, "log.jsonl").read_text().splitlines()
        assert [json.loads(line)["step"] for line in log] == list(range(1, _STEPS + 1))
    found, expected = (load_file(Path(run, "johnson.safetensors")) for run in ("killed", "whole"))
    assert found.keys() == expected.keys()
    assert all(np.array_equal(found[name], expected[name]) for name in expected)
    assert Path("killed/johnson-style.onnx").read_bytes() == Path("whole/johnson-style.onnx").read_bytes()
