"""The trainer with a task so small that its steps can be done by hand."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from impasto.errors import DivergedError, UsageError
from impasto.pictures import Picture
from impasto.training.checkpoint import load_checkpoint
from impasto.training.patience import Patience
from impasto.training.run import TrainingProgress
from impasto.training.settings import TrainingSettings
from impasto.training.task import Chance, Losses, Player, Task
from impasto.training.trainer import Trainer


class Descent:
    """Plain gradient descent, whose steps one can do by hand."""

    def __init__(self, module: nn.Module) -> None:
        self.module = module

    def step(self, learning_rate: float) -> None:
        with torch.no_grad():
            for parameter in self.module.parameters():
                if parameter.grad is not None:
                    parameter -= learning_rate * parameter.grad
                parameter.grad = None

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        pass


class Lines(Task[TrainingSettings]):
    """A painter y = w · x against a critic that wants y = c: their samples are numbers."""

    def __init__(self, settings: TrainingSettings) -> None:
        self.settings, self.device = settings, torch.device("cpu")
        self.painter, self.critic = nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False)
        nn.init.constant_(self.painter.weight, 1.0)
        nn.init.constant_(self.critic.weight, 3.0)
        self.shipped = self.painter
        self.players = [
            Player("painter", self.painter, [(Descent(self.painter), settings.learning_rate)]),
            Player("critic", self.critic, [(Descent(self.critic), 0.5 * settings.learning_rate)]),
        ]
        self.seen: list[tuple[str, list[float]]] = []

    def losses(self, player: Player, samples: range, chance: Chance) -> Losses:
        x = torch.tensor([[chance(n).uniform(1, 2)] for n in samples], dtype=torch.float32)
        self.seen.append((player.name, x.flatten().tolist()))
        distance = (self.painter(x) - self.critic(torch.ones_like(x))).square().mean()
        return {player.name: (1.0 if player.name == "painter" else 0.25, distance), "only told": (0.0, x.mean())}

    def write(self, folder: Path, weights: Mapping[str, Tensor]) -> Path:
        path = folder / "weights.json"
        path.write_text(json.dumps({name: tensor.tolist() for name, tensor in weights.items()}))
        return path


@dataclass(frozen=True)
class Plain(TrainingSettings):
    steps: int = 4
    schedule: Any = "constant"
    warm_up: int = 1
    learning_rate: float = 0.01
    clip: float = 1e6
    ema: float = 0.0
    log_every: int = 1
    checkpoint_every: int = 2
    device: str = "cpu"
    precision: Any = "float32"


def _weights(task: Lines) -> list[float]:
    return [task.painter.weight.item(), task.critic.weight.item()]


def test_players_step_in_turn_each_alone(tmp_path: Path) -> None:
    task = Lines(Plain())
    reports: list[TrainingProgress] = []
    Trainer(task, tmp_path).run(reports.append)
    w, c = 1.0, 3.0
    for step in range(4):
        (_, x), (_, again) = task.seen[2 * step : 2 * step + 2]
        assert x == again  # chance is that of the step
        w -= 0.01 * sum(2 * (w * v - c) * v for v in x) / 4
        c += 0.005 * 0.25 * sum(2 * (w * v - c) for v in x) / 4
        assert set(reports[step].losses) == {"painter", "critic", "only told"}
    assert _weights(task) == pytest.approx([w, c], rel=1e-5)
    assert json.loads((tmp_path / "weights.json").read_text())["weight"][0][0] == pytest.approx(w, rel=1e-5)


def test_a_batch_in_parts_is_the_batch(tmp_path: Path) -> None:
    whole, parts = Lines(Plain(batch=6)), Lines(Plain(batch=6, accumulate=3))
    reports: list[list[TrainingProgress]] = [[], []]
    for task, report, folder in zip((whole, parts), reports, ("whole", "parts"), strict=True):
        Trainer(task, tmp_path / folder).run(report.append)
    assert len(parts.seen) == 3 * len(whole.seen)
    assert _weights(whole) == pytest.approx(_weights(parts), rel=1e-5)
    for a, b in zip(*reports, strict=True):
        assert a.losses == pytest.approx(b.losses, rel=1e-5)


def test_gradients_are_scaled_down_to_the_norm_asked_for(tmp_path: Path) -> None:
    task = Lines(Plain(steps=1, clip=0.5))
    Trainer(task, tmp_path).run()
    assert task.painter.weight.item() == pytest.approx(1 + 0.01 * 0.5, rel=1e-4)


def test_the_schedule_is_followed(tmp_path: Path) -> None:
    task = Lines(Plain(steps=1, warm_up=4, clip=0.5))
    Trainer(task, tmp_path).run()
    assert task.painter.weight.item() == pytest.approx(1 + 0.01 * 0.5 / 4, rel=1e-4)


def test_a_resumed_run_is_the_run(tmp_path: Path) -> None:
    whole = Lines(Plain())
    Trainer(whole, tmp_path / "whole").run()
    cut = Trainer(Lines(Plain()), tmp_path / "cut")
    cut.run(should_stop=lambda: cut.step == 3)
    assert load_checkpoint(tmp_path / "cut" / "checkpoint.pt")["step"] == 3
    resumed = Lines(Plain())
    Trainer(resumed, tmp_path / "cut").run()
    assert _weights(resumed) == _weights(whole)


def test_a_run_without_gain_ends_early(tmp_path: Path) -> None:
    settings = Plain(steps=1000, patience=20, log_every=5, learning_rate=0.2)
    trainer = Trainer(Lines(settings), tmp_path)
    trainer.run()
    assert trainer.finished
    assert 20 < trainer.step < 1000
    again = Trainer(Lines(settings), tmp_path)
    again.run()
    assert again.step == trainer.step  # what has ended is not begun anew


def test_patience_counts_steps_since_the_last_gain() -> None:
    patience = Patience(6, 2)
    lost = []
    for loss in [5, 5, 4, 4, 6, 2, 4, 4, 4, 3.9999, 9, 9]:
        patience.update(loss)
        lost.append(patience.lost)
    assert lost == [False] * 9 + [True] * 3  # the gain came with step 4: 5 → 4; 6 and 2 make 4 again
    never = Patience(0, 1)
    for _ in range(100):
        never.update(1.0)
    assert not never.lost


@pytest.mark.parametrize(("settings", "says"), [({"batch": 5, "accumulate": 2}, "equal parts")])
def test_batches_that_can_t_be_parted_are_refused(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        replace(Plain(), **settings)


CREW = """
import json, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_trainer import Lines, Plain
from impasto.training.trainer import Trainer
task, log = Lines(Plain(batch=6, accumulate=int(sys.argv[3]))), []
trainer = Trainer(task, Path(sys.argv[1]))
trainer.run(lambda progress: log.append(progress.losses))
out = Path(sys.argv[1]) / f"told-{trainer.crew.place}.json"
out.write_text(json.dumps({"weights": [task.painter.weight.item(), task.critic.weight.item()], "log": log}))
"""


def _run_crew(folder: Path, processes: int, accumulate: int) -> list[dict[str, Any]]:
    folder.mkdir()
    script = folder / "crew.py"
    script.write_text(CREW)
    words = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    words += [str(script), str(folder), str(Path(__file__).parent), str(accumulate)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, *words], env=environment, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr
    return [json.loads((folder / f"told-{n}.json").read_text()) for n in range(processes)]


def test_two_processes_train_as_one_does(tmp_path: Path) -> None:
    alone = Lines(Plain(batch=6))
    log: list[TrainingProgress] = []
    Trainer(alone, tmp_path / "alone").run(log.append)
    first, second = _run_crew(tmp_path / "crew", 2, 1)
    assert first["weights"] == second["weights"]
    assert first["weights"] == pytest.approx(_weights(alone), rel=1e-5)
    assert [entry["painter"] for entry in first["log"]] == pytest.approx([p.losses["painter"] for p in log], rel=1e-5)
    assert second["log"] == []  # one of them tells


class Trap(Lines):
    """At some of the steps made, counted from 0, a loss has gradients that are no numbers, or spoils the weights."""

    def __init__(
        self, settings: TrainingSettings, *, gradients: frozenset[int] = frozenset(), weights: int = -1
    ) -> None:
        super().__init__(settings)
        self._gradients, self._weights, self._made = gradients, weights, -1

    def losses(self, player: Player, samples: range, chance: Chance) -> Losses:
        losses = super().losses(player, samples, chance)
        if player.name == "painter":
            self._made += 1
            if self._made in self._gradients:
                losses["trap"] = (1.0, (0 * self.painter.weight).sqrt().sum())  # 0, but its gradient is infinity · 0
        elif self._made == self._weights:  # the painter has made its step
            with torch.no_grad():
                self.painter.weight.fill_(torch.nan)
            return {"critic": (0.0, torch.zeros(()))}
        return losses


@pytest.mark.parametrize("step", [1, 2, 3])  # due for a checkpoint, just after one, the last
def test_gradients_that_are_no_numbers_take_the_run_back(tmp_path: Path, step: int) -> None:
    reports: list[TrainingProgress] = []
    task = Trap(Plain(), gradients={step})
    Trainer(task, tmp_path).run(reports.append)
    assert all(math.isfinite(weight) for weight in _weights(task))
    assert reports[-1].rollbacks == 1
    told = [json.loads(line)["step"] for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert told == [1, 2, 3, 4]


def test_gradients_that_stay_no_numbers_end_it(tmp_path: Path) -> None:
    trainer = Trainer(Trap(Plain(), gradients=range(2, 99)), tmp_path)
    with pytest.raises(DivergedError, match=r"At step 2 .*gradients of painter.*6th"):
        trainer.run()
    assert math.isfinite(load_checkpoint(tmp_path / "checkpoint.pt")["average"]["weight"].item())


@pytest.mark.parametrize("step", [1, 3])  # due for a checkpoint; the last
def test_spoilt_weights_are_not_saved(tmp_path: Path, step: int) -> None:
    trainer = Trainer(Trap(Plain(), weights=step), tmp_path)
    trainer.run()
    assert trainer.rollbacks == 1
    assert math.isfinite(load_checkpoint(tmp_path / "checkpoint.pt")["average"]["weight"].item())


def test_a_step_of_losses_without_weight_changes_nothing(tmp_path: Path) -> None:
    class Idle(Lines):
        def losses(self, player: Player, samples: range, chance: Chance) -> Losses:
            return {name: (0.0, value) for name, (_, value) in super().losses(player, samples, chance).items()}

    task = Idle(Plain())
    before = _weights(task)
    Trainer(task, tmp_path).run()
    assert _weights(task) == before


def test_the_last_step_has_a_sheet(tmp_path: Path) -> None:
    class Shown(Lines):
        def sheet(self, weights: Mapping[str, Tensor]) -> Picture | None:
            return Picture(np.zeros((8, 8, 3), np.float32))

    Trainer(Shown(Plain(samples_every=3)), tmp_path).run()
    assert [file.name for file in sorted((tmp_path / "samples").iterdir())] == ["0000003.jpg", "0000004.jpg"]
