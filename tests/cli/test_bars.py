from __future__ import annotations

import numpy as np
import pytest

from impasto.cli.bars import clock, describe_cost, describe_losses, describe_place, painting_bar
from impasto.cli.voice import Voice
from impasto.painters import Progress
from impasto.training.run import TrainingProgress

PROGRESS = Progress(
    scale=2,
    scales=3,
    size=(512, 384),
    iteration=40,
    iterations=150,
    loss=0.123,
    losses={"content/relu4_1": 0.05, "style/relu1_1": 0.07, "style/relu2_1": 0.003},
    seconds=12.0,
    fraction=0.4,
    preview=lambda: np.zeros((384, 512, 3), np.float32),
)


def test_progress_in_words() -> None:
    assert describe_place(PROGRESS) == "scale 2/3 512×384 step 40/150"
    assert describe_losses(PROGRESS) == "loss 0.123 = content 0.05 + style 0.073"
    assert describe_losses(PROGRESS, parts=False) == "loss 0.123"


def test_what_a_training_takes_in_words() -> None:
    progress = TrainingProgress(5, 10, {}, 60.0, peak_memory=1_140_000_000, pace=12.34)
    assert describe_cost(progress) == "12.3 pictures/s 1.1 GB"
    assert describe_cost(TrainingProgress(5, 10, {}, 60.0, pace=0.5)) == "0.5 pictures/s"


@pytest.mark.parametrize(("seconds", "words"), [(0.4, "0:00"), (59.6, "1:00"), (125, "2:05"), (3723, "1:02:03")])
def test_clock(seconds: float, words: str) -> None:
    assert clock(seconds) == words


def test_no_bar_where_nobody_watches() -> None:
    for voice in (Voice(), Voice(quiet=True), Voice(json=True)):  # under pytest standard error is no terminal
        with painting_bar(voice) as bar:
            assert bar is None
