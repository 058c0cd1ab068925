"""How much each of several styles counts."""

from __future__ import annotations

import math
from collections.abc import Sequence

from impasto.errors import UsageError


def shares(weights: Sequence[float]) -> list[float]:
    """Weights of styles divided by their sum.

    Raises:
        UsageError: there is none, or one is not positive and finite.
    """
    if not weights:
        raise UsageError("There is no style.", hint="Name one with --style.")
    if not all(math.isfinite(weight) and weight > 0 for weight in weights):
        raise UsageError(
            "Style weights must be positive numbers.", hint="For example --style a.jpg:0.7 --style b.jpg:0.3."
        )
    largest = max(weights)  # divided by it first, no sum is too large for a float
    total = math.fsum(weight / largest for weight in weights)
    return [weight / largest / total for weight in weights]
