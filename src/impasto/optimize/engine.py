"""The engine: one scale of a painting, from a start to the best picture that its steps and its time allow."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from impasto.errors import DivergedError
from impasto.optimize.domain import parametrisation
from impasto.optimize.objective import BoundObjective, total
from impasto.optimize.schedules import adam_epsilon, learning_rate
from impasto.optimize.settings import Settings
from impasto.painters import ShouldStop, Stop

_MOST_RECOVERIES = 5
_HISTORY_BYTES = 192 << 20


@dataclass(frozen=True)
class Step:
    """One evaluation of the objective: its number from 0, the terms by name, and the picture (1, 3, H, W) that they
    belong to.
    """

    iteration: int
    loss: float
    terms: dict[str, float]
    picture: Tensor


@dataclass(frozen=True)
class ScaleResult:
    """The best picture of a scale (1, 3, H, W) in [0, 1], its loss, and why the scale ended."""

    picture: Tensor
    loss: float
    stop: Stop
    iterations: int


class ScaleRun:
    """Optimises one picture against one bound objective.

    Args:
        objective: weighted terms of a picture.
        start: (1, 3, H, W) in [0, 1].
        settings: see `Settings`; `iterations` steps are made.
        deadline: `time.monotonic()` at which to stop, or None.
        on_step: called with every evaluation.
        should_stop: asked before every step.
    """

    def __init__(
        self,
        objective: BoundObjective,
        start: Tensor,
        settings: Settings,
        *,
        iterations: int,
        deadline: float | None = None,
        on_step: Callable[[Step], None] | None = None,
        should_stop: ShouldStop | None = None,
    ) -> None:
        self.objective, self.settings, self.iterations = objective, settings, iterations
        self.deadline, self.on_step, self.should_stop = deadline, on_step, should_stop
        self.domain = parametrisation(settings.domain, settings.pixel_range)
        self.variables = self.domain.variables(start).detach().clone().contiguous().requires_grad_(True)
        self.best = self.variables.detach().clone()
        self.losses: list[float] = []
        self.lowest: list[float] = []
        self._recoveries = 0
        self._caution = 1.0

    def run(self) -> ScaleResult:
        """Raises:
        DivergedError: the loss is not a number, and starting again from the best picture did not help.
        """
        optimizer = self._new_optimizer()
        stop: Stop = "finished"
        for iteration in range(self.iterations):
            if reason := self._reason_to_stop():
                stop = reason
                break
            self._schedule(optimizer, iteration)
            optimizer.step(self._closure)
            self.domain.project(self.variables)
            if self._has_diverged():
                optimizer = self._recover()
        else:
            # The last step's picture has not been looked at yet.
            with torch.no_grad():
                self._evaluate()
        picture = self.domain.picture(self.best).clamp(0, 1)
        return ScaleResult(picture, min(self.losses, default=math.inf), stop, max(0, len(self.losses) - 1))

    def _new_optimizer(self) -> torch.optim.Optimizer:
        s = self.settings
        if s.optimizer == "adam":
            return torch.optim.Adam([self.variables], lr=s.learning_rate, betas=s.betas, eps=s.epsilon)
        # One iteration a call, so that time, progress and Ctrl-C are looked at between steps; the memory of curvature
        # carries over.
        return torch.optim.LBFGS(
            [self.variables],
            lr=s.learning_rate,
            max_iter=1,
            history_size=s.history or _affordable_history(self.variables),
            tolerance_grad=0,
            tolerance_change=0,
        )

    def _schedule(self, optimizer: torch.optim.Optimizer, iteration: int) -> None:
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(self.settings, iteration, self.iterations)
            state = optimizer.state[self.variables]
            if self.settings.optimizer == "adam":
                group["eps"] = adam_epsilon(self.settings, int(state.get("step", 0)) + 1)
            elif "n_iter" not in state:
                # The first step follows the bare gradient. Repeated as it was, it would end where the last one did.
                group["lr"] *= self._caution

    def _closure(self) -> float:
        loss = self._evaluate()
        (gradient,) = torch.autograd.grad(loss, self.variables)
        self.variables.grad = gradient.contiguous()  # L-BFGS flattens it as a view
        return self.losses[-1]

    def _evaluate(self) -> Tensor:
        picture = self.domain.picture(self.variables)
        terms = self.objective(picture)
        loss = total(terms)
        value = loss.item()
        if value <= min(self.losses, default=math.inf):
            self.best.copy_(self.variables.detach())
        self.losses.append(value)
        self.lowest.append(min(self.lowest[-1], value) if self.lowest else value)  # in this order NaN loses
        if self.on_step is not None and math.isfinite(value):
            names = {name: term.item() for name, term in terms.items()}
            self.on_step(Step(len(self.losses) - 1, value, names, picture.detach()))
        return loss

    def _reason_to_stop(self) -> Stop | None:
        if self.should_stop is not None and self.should_stop():
            return "interrupted"
        if self.deadline is not None and time.monotonic() >= self.deadline:
            return "time is up"
        patience = self.settings.patience
        if patience and len(self.lowest) > patience:
            before, now = self.lowest[-1 - patience], self.lowest[-1]
            if before - now <= self.settings.tolerance * before:
                return "stalled"
        return None

    def _has_diverged(self) -> bool:
        """Whether the last loss is no number, or far above the best: a step of L-BFGS without line search can
        overshoot.
        """
        last = self.losses[-1]
        return not math.isfinite(last) or (
            self.settings.optimizer == "lbfgs" and last > 4 * self.lowest[-1] and len(self.losses) > 10
        )

    def _recover(self) -> torch.optim.Optimizer:
        """Go back to the best picture and forget the curvature that led away from it."""
        # An overshoot costs a step; only NaN, which may come back for ever, is counted.
        self._recoveries += not math.isfinite(self.losses[-1])
        if self._recoveries > _MOST_RECOVERIES or not math.isfinite(min(self.losses)):
            raise DivergedError(
                "The optimisation diverged: its loss is no longer a number.",
                hint="Try --precision float32 or a smaller --learning-rate.",
            )
        with torch.no_grad():
            self.variables.copy_(self.best)
        self._caution /= 4
        return self._new_optimizer()


def _affordable_history(variables: Tensor) -> int:
    """How many steps L-BFGS remembers: those that `_HISTORY_BYTES` hold, two copies of the variables each, but 5 at
    least and 20 at most.
    """
    return max(5, min(20, _HISTORY_BYTES // (2 * variables.numel() * variables.element_size())))
