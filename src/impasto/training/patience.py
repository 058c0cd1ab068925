"""Early stopping: a run that gains nothing any more ends (Prechelt 1998)."""

from __future__ import annotations

import math
from typing import Any

_LEAST = 1e-3  # a mean lower by a smaller share than this is no gain


class Patience:
    """Watches a loss by its means over windows of steps: single steps tell more of their pictures than of the run.

    Args:
        steps: how many without gain end the run; 0: none.
        window: how many steps make a mean.
    """

    def __init__(self, steps: int, window: int) -> None:
        self.steps, self.window = steps, window
        self._best, self._since, self._sum, self._count = math.inf, 0, 0.0, 0

    def update(self, loss: float) -> None:
        """Take in the loss of one more step."""
        self._sum, self._count = self._sum + loss, self._count + 1
        self._since += 1
        if self._count < self.window:
            return
        mean = self._sum / self._count
        if mean < self._best * (1 - _LEAST):
            self._best, self._since = mean, 0
        self._sum, self._count = 0.0, 0

    @property
    def lost(self) -> bool:
        return 0 < self.steps <= self._since

    def state(self) -> dict[str, Any]:
        return {"best": self._best, "since": self._since, "sum": self._sum, "count": self._count}

    def load(self, state: dict[str, Any]) -> None:
        self._best, self._since, self._sum, self._count = (state[name] for name in ("best", "since", "sum", "count"))
