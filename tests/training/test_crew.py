"""Several processes: how they talk, and that they train as one does."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from test_train_johnson import SMALL, _task
from torch import distributed, nn

from impasto.features.architectures import Architecture
from impasto.features.encoder import Encoder
from impasto.training.checkpoint import load_checkpoint
from impasto.training.crew import Crew
from impasto.training.johnson_settings import JohnsonTraining
from impasto.training.trainer import Trainer

BATCH = replace(SMALL, steps=2, batch=4, log_every=1, samples_every=100, precision="float32")

JOHNSON = """
from test_crew import BATCH, johnson_losses
told = [johnson_losses(replace(BATCH, accumulate=n), pictures, folder / str(n)) for n in (1, 2)]
if Crew(torch.device("cpu")).leads:
    (folder / "told.json").write_text(json.dumps(told))
"""

CYCLEGAN = """
from test_train_translators import UNPAIRED, _task
settings = replace(UNPAIRED, steps=7, batch=4, pool=4, samples_every=100, precision="float32")
make = lambda name: Trainer(_task(settings, (pictures, pictures)), folder / name)
make("whole").run()
cut = make("cut")
cut.run(should_stop=lambda: cut.step == 4)
if cut.leads:
    shutil.copy(folder / "cut" / "checkpoint.pt", folder / "cut.pt")
make("cut").run()
"""


def _run_crew(script: str, folder: Path, pictures: Path) -> None:
    """Two processes on it."""
    head = f"""
import json, shutil, sys
from dataclasses import replace
from pathlib import Path
import torch
sys.path[:0] = {[str(folder) for folder in Path(__file__).parents[:2]]!r}
from impasto.training.crew import Crew
from impasto.training.trainer import Trainer
folder, pictures = Path({str(folder)!r}), Path({str(pictures)!r})
"""
    path = folder / "script.py"
    path.write_text(head + script)
    words = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", str(path)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, *words], env=environment, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr


def johnson_losses(settings: JohnsonTraining, pictures: Path, run: Path) -> list[dict[str, float]]:
    """Of each step, where this process leads."""
    told: list[dict[str, float]] = []
    Trainer(_task(settings, _teacher(), pictures), run).run(lambda progress: told.append(progress.losses))
    return told


def _teacher() -> Encoder:
    """One whose features vary so much that roundings do not show."""
    encoder = Encoder(Architecture(((4, 4), (6,), (8,), (8, 8), (8,))), padding="reflect")
    random = torch.Generator().manual_seed(0)
    for name in encoder.convolutions:
        nn.init.kaiming_normal_(encoder.convolution(name).weight, generator=random)
        nn.init.zeros_(encoder.convolution(name).bias)  # type: ignore[arg-type]
    nn.init.eye_(encoder.input_affine.weight[:, :, 0, 0])
    nn.init.zeros_(encoder.input_affine.bias)  # type: ignore[arg-type]
    return encoder


@pytest.mark.slow
def test_a_painter_s_losses_are_those_of_one_process(pictures: Path, tmp_path: Path) -> None:
    folder = tmp_path / "crew"
    folder.mkdir()
    whole = johnson_losses(BATCH, pictures, folder / "whole")
    parted = johnson_losses(replace(BATCH, accumulate=2), pictures, folder / "parted")
    _run_crew(JOHNSON, folder, pictures)
    for told in (parted, *json.loads((folder / "told.json").read_text())):
        assert told[0] == pytest.approx(whole[0], rel=1e-5, abs=1e-7)
        # Muon steps in bfloat16, and Adam where a gradient is nothing but rounding.
        assert told[1] == pytest.approx(whole[1], rel=1e-3, abs=1e-5)


@pytest.mark.slow
def test_what_each_process_keeps_is_resumed(pictures: Path, tmp_path: Path) -> None:
    folder = tmp_path / "crew"
    folder.mkdir()
    _run_crew(CYCLEGAN, folder, pictures)
    pools = load_checkpoint(folder / "cut.pt")["task"]
    assert {way: sorted(pool) for way, pool in pools.items()} == {"there": [0, 1, 2, 3], "back": [0, 1, 2, 3]}
    cut, whole = (load_checkpoint(folder / name / "checkpoint.pt") for name in ("cut", "whole"))
    for way, pool in whole["task"].items():
        assert all(torch.equal(cut["task"][way][n], kept) for n, kept in pool.items())
    assert all(torch.equal(cut["average"][name], weights) for name, weights in whole["average"].items())


@pytest.mark.parametrize(
    ("device", "backend"), [("cpu", "gloo"), ("cuda:1", "cpu:gloo,cuda:nccl")], ids=["cpu", "cuda"]
)
def test_a_crew_on_gpus_can_talk_of_what_is_on_the_cpu_too(
    device: str, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setattr(distributed, "is_initialized", lambda: False)
    monkeypatch.setattr(distributed, "init_process_group", asked.append)
    monkeypatch.setattr(torch.cuda, "set_device", asked.append)
    monkeypatch.setattr(atexit, "register", lambda function: None)
    Crew(torch.device(device))
    assert asked == ([torch.device(device)] if device != "cpu" else []) + [backend]
