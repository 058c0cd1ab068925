from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impasto.optimize.pyramid import plan, style_size
from impasto.optimize.settings import Settings

SIDES = st.integers(1, 6000)


def test_sizes_double_up_to_the_full_one() -> None:
    scales = plan((1024, 768), Settings(coarsest=160))
    assert [scale.size for scale in scales] == [(256, 192), (512, 384), (1024, 768)]


def test_steps_of_the_last_scale_and_of_the_others() -> None:
    scales = plan((640, 480), Settings(iterations=70, coarse_iterations=30, scales=3))
    assert [scale.iterations for scale in scales] == [30, 30, 70]


def test_shares_are_steps_times_pixels() -> None:
    first, second = plan((400, 200), Settings(iterations=50, coarse_iterations=100, scales=2))
    work = 100 * 200 * 100, 50 * 400 * 200
    assert (first.begins, second.ends) == (0, 1)
    assert first.ends == second.begins == pytest.approx(work[0] / sum(work))


@settings(deadline=None)  # a busy machine is no failure
@given(width=SIDES, height=SIDES, scales=st.none() | st.integers(1, 16), coarsest=st.integers(1, 1000))
def test_shares_add_up_and_no_scale_is_empty(width: int, height: int, scales: int | None, coarsest: int) -> None:
    plan_ = plan((width, height), Settings(scales=scales, coarsest=coarsest))
    assert plan_[0].begins == 0
    assert plan_[-1].ends == pytest.approx(1)
    assert plan_[-1].size == (width, height)
    assert sum(scale.ends - scale.begins for scale in plan_) == pytest.approx(1)
    for before, after in pairwise(plan_):
        assert before.ends == after.begins
        assert before.ends > before.begins
        assert before.size[0] <= after.size[0]
    assert all(min(scale.size) >= 1 for scale in plan_)
    if scales is None:
        assert len(plan_) == 1 or max(plan_[0].size) >= coarsest - 1  # rounding
    else:
        assert len(plan_) == scales


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (3, 2)])
def test_tiny_pictures(size: tuple[int, int]) -> None:
    assert plan(size, Settings())[-1].size == size


def test_a_small_picture_has_one_scale() -> None:
    assert len(plan((300, 319), Settings(coarsest=160))) == 1
    assert len(plan((300, 320), Settings(coarsest=160))) == 2


def test_style_at_the_content_s_area() -> None:
    settings = Settings()
    assert style_size((2000, 1000), (400, 200), settings) == (400, 200)
    assert style_size((1000, 1000), (400, 100), settings) == (200, 200)
    assert style_size((100, 100), (400, 400), settings) == (100, 100)  # never enlarged
    assert style_size((1000, 1000), (200, 200), Settings(style_scale=2)) == (400, 400)
    assert style_size((1000, 1000), (200, 200), Settings(style_scale=0.5)) == (100, 100)


def test_style_sizes_of_recipes() -> None:
    assert style_size((90, 30), (400, 200), Settings(style_size="same")) == (400, 200)
    assert style_size((90, 30), (400, 200), Settings(style_size="own")) == (90, 30)
    assert style_size((90, 30), (400, 200), Settings(style_size="own", style_scale=0.5)) == (45, 15)
    assert style_size((30, 90), (400, 200), Settings(style_size="long_side")) == (133, 400)


@settings(deadline=None)  # a busy machine is no failure
@given(style=st.tuples(SIDES, SIDES), painted=st.tuples(SIDES, SIDES))
@pytest.mark.parametrize("rule", ["content", "same", "long_side", "own"])
def test_style_is_never_empty(rule: str, style: tuple[int, int], painted: tuple[int, int]) -> None:
    assert min(style_size(style, painted, Settings(style_size=rule, style_scale=0.05))) >= 1  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("size", "steps"),
    [((512, 340), 400), ((512, 512), 400), ((1024, 1024), 200), ((1600, 1067), 157), ((8000, 9), 400)],
)
def test_large_pictures_take_fewer_steps(size: tuple[int, int], steps: int) -> None:
    assert plan(size, Settings())[-1].iterations == steps
    assert plan(size, Settings(iterations=33))[-1].iterations == 33
    assert plan((9000, 9000), Settings())[-1].iterations == 100
