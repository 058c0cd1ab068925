"""What can be chosen about every training, in one flat, checked record; families add what is theirs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from impasto.errors import UsageError
from impasto.records import check_ranges
from impasto.training.schedule import Schedule

_MOST = 10**9


@dataclass(frozen=True)
class TrainingSettings:
    """Settings of a run, saved with it; it is resumed only under those it began with (but for `steps`).

    Attributes:
        steps, batch: how many steps, of how many samples, over all processes together.
        accumulate: in how many parts, one after another, a process takes its share of a batch: less memory.
        precision: of the arithmetic of networks; weights and losses are float32 always. auto: bfloat16 where the
            processor has it.
        learning_rate: at its highest.
        schedule, warm_up: how it falls, and over how many steps it rises before; see `pace`.
        clip: gradients are scaled down to this norm.
        ema: decay of the weights' moving average, which is the result; see `Average`.
        patience: the run ends early after so many steps without gain, judged by the weighted sum of the losses; 0:
            never.
        checkpoint_every, log_every, samples_every: steps between checkpoints, reports and sample sheets; there is a
            checkpoint at the end, and a sheet of the last of `steps`.
        device, seed: of all computation, and of all chance.
    """

    steps: int = 10_000
    batch: int = 4
    accumulate: int = 1
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    learning_rate: float = 1e-3
    schedule: Schedule = "exponential"
    warm_up: int = 100
    clip: float = 2.0
    ema: float = 0.999
    patience: int = 0
    checkpoint_every: int = 500
    log_every: int = 50
    samples_every: int = 500
    device: str = "auto"
    seed: int = 0

    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {
        "steps": (1, _MOST),
        "batch": (1, 4096),
        "accumulate": (1, 4096),
        "learning_rate": (1e-9, 10),
        "warm_up": (1, _MOST),
        "clip": (1e-6, 1e9),
        "ema": (0, 0.999999),
        "patience": (0, _MOST),
        "checkpoint_every": (1, _MOST),
        "log_every": (1, _MOST),
        "samples_every": (1, _MOST),
        "seed": (0, 2**32),
    }

    def __post_init__(self) -> None:
        check_ranges(self, self.ranges)
        if self.batch % self.accumulate:
            raise UsageError(
                f"A batch of {self.batch} can't be taken in {self.accumulate} equal parts.",
                hint="Make batch a multiple of accumulate.",
            )


def check_pairs(settings: TrainingSettings, *names: str) -> None:
    """See that these fields, each a pair of bounds, have the smaller number first.

    Raises:
        UsageError: the first that does not.
    """
    for name in names:
        low, high = getattr(settings, name)
        if low > high:
            raise UsageError(f"{name} is {(low, high)}.", hint="The smaller number comes first.")
