from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from tiny_encoder import LOSSES, picture, tiny_encoder

from impasto.errors import DivergedError
from impasto.optimize.engine import ScaleResult, ScaleRun, Step, _affordable_history
from impasto.optimize.objective import BoundObjective, Objective, total
from impasto.optimize.settings import Settings

DOMAINS = ["bounded", "clipped", "free"]
OPTIMIZERS = [{"optimizer": "lbfgs"}, {"optimizer": "adam", "learning_rate": 0.05}]


class Bowl:
    """Σ curvature · (x − lowest)², whose minimum everyone knows; `spoil` may replace the loss of an evaluation."""

    def __init__(self, lowest: torch.Tensor, spoil: Callable[[int], float | None] = lambda call: None) -> None:
        self.lowest, self.spoil, self.calls = lowest, spoil, 0
        self.curvature = torch.linspace(1, 30, lowest.numel()).reshape(lowest.shape)

    def __call__(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        loss = (self.curvature * (x - self.lowest) ** 2).sum()
        spoilt = self.spoil(self.calls)
        self.calls += 1
        return {"bowl": loss if spoilt is None else loss * spoilt}


def _run(objective: Any, settings: Settings, start: torch.Tensor | None = None, **options: Any) -> ScaleResult:
    start = picture(0) if start is None else start
    options = {"iterations": 30} | options
    return ScaleRun(objective, start, settings, **options).run()


def _tiny_objective() -> BoundObjective:
    return Objective(tiny_encoder(), LOSSES).bind(picture(1), [(picture(2), 1.0)])


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda o: o["optimizer"])
def test_it_reaches_the_bottom_of_a_bowl(optimizer: dict[str, Any], domain: str) -> None:
    lowest = 0.1 + 0.8 * picture(5, 4, 4)
    settings = Settings(domain=domain, patience=0, **optimizer)  # type: ignore[arg-type]
    result = _run(Bowl(lowest), settings, start=picture(6, 4, 4), iterations=400)
    torch.testing.assert_close(result.picture, lowest, rtol=0, atol=2e-3)
    assert result.loss < 1e-3
    assert result.stop == "finished"
    assert result.iterations == 400


@pytest.mark.parametrize("pixel_range", [1.0, 255.0])
def test_adam_s_steps_are_in_pixels_of_the_range_asked_for(pixel_range: float) -> None:
    """The first step of Adam is the learning rate, whatever the gradient."""
    start, lowest = torch.full((1, 3, 4, 4), 0.5), torch.zeros(1, 3, 4, 4)
    settings = Settings(optimizer="adam", learning_rate=0.02 * pixel_range, domain="free", pixel_range=pixel_range)
    result = _run(Bowl(lowest), settings, start=start, iterations=1)
    torch.testing.assert_close(result.picture, start - 0.02, rtol=0, atol=1e-6)


@pytest.mark.parametrize("epsilon_hat", [False, True])
def test_adam_against_its_formulas(epsilon_hat: bool) -> None:
    """Kingma & Ba 2015: algorithm 1, and with ε̂ the update at the end of §2, which is TensorFlow's."""
    lowest, start = picture(5, 3, 3), picture(6, 3, 3)
    settings = Settings(
        optimizer="adam",
        learning_rate=0.02,
        betas=(0.99, 0.999),
        epsilon=0.1,
        epsilon_hat=epsilon_hat,
        domain="free",
        patience=0,
    )
    bowl = Bowl(lowest)
    seen: list[torch.Tensor] = []
    _run(bowl, settings, start=start, iterations=15, on_step=lambda step: seen.append(step.picture.clone()))

    curvature, bottom = bowl.curvature.double().numpy(), lowest.double().numpy()
    x = start.double().numpy()
    m, v = np.zeros(x.shape), np.zeros(x.shape)
    for t in range(1, 16):
        gradient = 2 * curvature * (x - bottom)
        m = 0.99 * m + 0.01 * gradient
        v = 0.999 * v + 0.001 * gradient**2
        if epsilon_hat:
            x = x - 0.02 * math.sqrt(1 - 0.999**t) / (1 - 0.99**t) * m / (np.sqrt(v) + 0.1)
        else:
            x = x - 0.02 * (m / (1 - 0.99**t)) / (np.sqrt(v / (1 - 0.999**t)) + 0.1)
    np.testing.assert_allclose(seen[-1].double().numpy(), x, rtol=1e-4, atol=1e-6)


def test_the_schedule_reaches_the_optimiser() -> None:
    start = torch.full((1, 3, 2, 2), 0.5)
    settings = Settings(
        optimizer="adam", learning_rate=0.1, schedule="exponential", decay=0.5, domain="free", patience=0
    )
    seen: list[float] = []

    def slope(x: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"slope": x.sum()}  # a constant gradient makes each of Adam's steps as long as the rate

    _run(slope, settings, start=start, iterations=4, on_step=lambda step: seen.append(step.picture[0, 0, 0, 0].item()))
    assert seen == pytest.approx([0.5, 0.4, 0.35, 0.325, 0.3125], abs=1e-5)


@pytest.mark.parametrize("domain", ["bounded", "clipped"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda o: o["optimizer"])
def test_a_kept_picture_never_leaves_0_to_1(optimizer: dict[str, Any], domain: str) -> None:
    extremes: list[float] = []

    def watch(step: Step) -> None:
        extremes.extend((step.picture.min().item(), step.picture.max().item()))

    lowest = torch.tensor([-3.0, 4.0]).repeat(24).reshape(1, 3, 4, 4)  # pulls out of the range
    _run(
        Bowl(lowest),
        Settings(domain=domain, **optimizer),  # type: ignore[arg-type]
        start=picture(0, 4, 4),
        iterations=25,
        on_step=watch,
    )
    assert min(extremes) >= 0
    assert max(extremes) <= 1


@pytest.mark.parametrize("domain", DOMAINS)
def test_the_result_is_within_0_to_1_whatever_the_domain(domain: str) -> None:
    lowest = torch.tensor([-3.0, 4.0]).repeat(24).reshape(1, 3, 4, 4)
    result = _run(Bowl(lowest), Settings(domain=domain), start=picture(0, 4, 4))  # type: ignore[arg-type]
    assert result.picture.min() >= 0
    assert result.picture.max() <= 1


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda o: o["optimizer"])
def test_the_same_twice(optimizer: dict[str, Any]) -> None:
    first, second = (_run(_tiny_objective(), Settings(**optimizer), iterations=12) for _ in range(2))
    assert torch.equal(first.picture, second.picture)
    assert first.loss == second.loss


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda o: o["optimizer"])
def test_the_best_picture_is_kept_and_its_loss_is_told(optimizer: dict[str, Any]) -> None:
    objective = _tiny_objective()
    losses: list[float] = []
    result = _run(objective, Settings(**optimizer), iterations=20, on_step=lambda step: losses.append(step.loss))
    assert result.loss == min(losses)
    assert total(objective(result.picture)).item() == pytest.approx(result.loss, rel=1e-3)
    assert result.loss < 0.5 * losses[0]


def test_the_best_is_kept_when_the_last_steps_are_worse() -> None:
    """A learning rate far too large: Adam leaves the bottom where it started."""
    lowest = torch.full((1, 3, 4, 4), 0.5)
    settings = Settings(optimizer="adam", learning_rate=0.3, domain="free", patience=0)
    result = _run(Bowl(lowest), settings, start=lowest + 1e-3, iterations=5)
    torch.testing.assert_close(result.picture, lowest + 1e-3)


def test_steps_tell_number_terms_and_picture() -> None:
    steps: list[Step] = []
    objective = _tiny_objective()
    _run(objective, Settings(), iterations=4, on_step=steps.append)
    assert [step.iteration for step in steps] == [0, 1, 2, 3, 4]
    for step in steps:
        assert step.loss == pytest.approx(sum(step.terms.values()), rel=1e-5)
        assert total(objective(step.picture)).item() == pytest.approx(step.loss, rel=1e-5)
        assert not step.picture.requires_grad


def test_the_start_is_not_changed() -> None:
    start = picture(0)
    before = start.clone()
    _run(_tiny_objective(), Settings(domain="clipped"), start=start, iterations=3)
    assert torch.equal(start, before)


def test_it_stops_when_it_stalls() -> None:
    lowest = picture(5, 4, 4)
    result = _run(
        Bowl(lowest),
        Settings(patience=5, tolerance=0.01, domain="free"),
        start=lowest.clone(),
        iterations=500,
    )
    assert result.stop == "stalled"
    assert result.iterations < 20


def test_patience_0_never_stalls() -> None:
    lowest = picture(5, 4, 4)
    result = _run(Bowl(lowest), Settings(patience=0, domain="free"), start=lowest.clone(), iterations=40)
    assert (result.stop, result.iterations) == ("finished", 40)


def test_no_time_left_gives_the_start() -> None:
    result = _run(_tiny_objective(), Settings(domain="free"), deadline=time.monotonic() - 1)
    assert (result.stop, result.iterations) == ("time is up", 0)
    torch.testing.assert_close(result.picture, picture(0))


def test_it_stops_when_told_to_and_keeps_what_it_has() -> None:
    losses: list[float] = []
    result = _run(
        _tiny_objective(),
        Settings(),
        iterations=100,
        on_step=lambda step: losses.append(step.loss),
        should_stop=lambda: len(losses) >= 7,
    )
    assert result.stop == "interrupted"
    assert len(losses) == 7
    assert result.loss == min(losses)


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda o: o["optimizer"])
def test_it_recovers_from_a_loss_that_is_no_number(optimizer: dict[str, Any]) -> None:
    lowest = 0.1 + 0.8 * picture(5, 4, 4)
    steps: list[Step] = []
    result = _run(
        Bowl(lowest, spoil=lambda call: math.nan if call == 6 else None),
        Settings(patience=0, **optimizer),
        start=picture(6, 4, 4),
        iterations=300,
        on_step=steps.append,
    )
    torch.testing.assert_close(result.picture, lowest, rtol=0, atol=5e-3)
    assert torch.isfinite(result.picture).all()
    assert all(math.isfinite(step.loss) for step in steps)
    # The step after the spoilt one starts from the best picture so far.
    assert steps[6].loss == pytest.approx(min(step.loss for step in steps[:6]), rel=1e-5)


@pytest.mark.parametrize("first", [0, 3])
def test_a_loss_that_stays_no_number_is_an_error(first: int) -> None:
    bowl = Bowl(picture(5, 4, 4), spoil=lambda call: math.nan if call >= first else None)
    with pytest.raises(DivergedError, match="no longer a number") as caught:
        _run(bowl, Settings(patience=0), start=picture(6, 4, 4), iterations=100)
    assert caught.value.exit_code == 53
    assert "--learning-rate" in caught.value.hint
    assert bowl.calls < 20  # it does not go on to the end


def test_lbfgs_comes_back_from_overshooting() -> None:
    """One evaluation a hundred times too high, long after the start: back to the best, and on."""
    lowest = 0.1 + 0.8 * picture(5, 4, 4)
    steps: list[Step] = []
    result = _run(
        Bowl(lowest, spoil=lambda call: 1e6 if call == 15 else None),
        Settings(patience=0),
        start=picture(6, 4, 4),
        iterations=200,
        on_step=steps.append,
    )
    assert steps[16].loss == pytest.approx(min(step.loss for step in steps[:15]), rel=1e-4)
    torch.testing.assert_close(result.picture, lowest, rtol=0, atol=2e-3)


def test_overshooting_again_and_again_is_not_taken_for_nan() -> None:
    bowl = Bowl(picture(5, 4, 4), spoil=lambda call: 1e6 if call > 12 and call % 2 else None)
    result = _run(bowl, Settings(patience=0), start=picture(6, 4, 4), iterations=60)
    assert result.stop == "finished"
    assert math.isfinite(result.loss)


@pytest.mark.parametrize(("side", "steps"), [(64, 20), (1056, 7), (4000, 5)])
def test_remembers_as_many_steps_as_memory_allows(side: int, steps: int) -> None:
    assert _affordable_history(torch.empty(1, 3, side, side, device="meta")) == steps
