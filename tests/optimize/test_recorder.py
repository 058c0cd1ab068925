from __future__ import annotations

import numpy as np
import pytest
from made_up_progress import progress

from impasto.optimize.recorder import Recorder


def _record(recorder: Recorder, scale: int, steps: int, **options: object) -> None:
    for iteration in range(steps + 1):
        recorder(progress(scale, iteration, **options))  # type: ignore[arg-type]


def test_every_evaluation_is_kept() -> None:
    recorder = Recorder()
    _record(recorder, 1, 10)
    _record(recorder, 2, 5, size=(80, 60))
    assert [evaluation.scale for evaluation in recorder.evaluations] == [1] * 11 + [2] * 6
    assert recorder.evaluations[1].losses == {"content/relu4_1": 0.5, "style/relu1_1": 0.5}
    assert recorder.sizes == {1: (40, 30), 2: (80, 60)}


def test_moments_are_powers_of_two_and_the_last_of_each_scale() -> None:
    recorder = Recorder()
    _record(recorder, 1, 20)
    _record(recorder, 2, 6)
    moments = recorder.moments(each=100)
    assert [moment.iteration for moment in moments[1]] == [0, 1, 2, 4, 8, 16, 20]
    # A later scale begins where the one before ended: no need to show that twice.
    assert [moment.iteration for moment in moments[2]] == [1, 2, 4, 6]


@pytest.mark.parametrize("each", [1, 2, 3, 4])
def test_thinned_moments_keep_the_last(each: int) -> None:
    recorder = Recorder()
    _record(recorder, 1, 100)
    moments = recorder.moments(each)[1]
    assert len(moments) == each
    assert moments[-1].iteration == 100
    assert [moment.iteration for moment in moments] == sorted({moment.iteration for moment in moments})


def test_asking_twice_changes_nothing() -> None:
    recorder = Recorder()
    _record(recorder, 1, 6)
    first = [moment.iteration for moment in recorder.moments()[1]]
    assert [moment.iteration for moment in recorder.moments()[1]] == first


def test_pictures_are_small_and_true() -> None:
    recorder = Recorder(longest_side=16)
    _record(recorder, 1, 2, size=(64, 48))
    for moment in recorder.moments()[1]:
        assert moment.pixels.shape == (12, 16, 3)
        assert moment.pixels.dtype == np.uint8
        assert (moment.pixels == moment.iteration).all()
        assert moment.size == (64, 48)


def test_pictures_are_drawn_only_when_needed() -> None:
    recorder = Recorder()
    previews: list[int] = []
    _record(recorder, 1, 1000, previews=previews)
    assert len(previews) < 15


def test_nothing_recorded() -> None:
    assert Recorder().moments() == {}
