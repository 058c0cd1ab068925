"""How the learning rate goes over a run: a rise, then one of three ways down."""

from __future__ import annotations

import math
from typing import Literal

Schedule = Literal["constant", "cosine", "exponential"]
_LAST = 0.01  # of the first rate, at the end of an exponential fall


def pace(schedule: Schedule, step: int, steps: int, *, warm_up: int) -> float:
    """What the learning rate is multiplied by at step number `step` of `steps`, counted from 0.

    A linear rise over `warm_up` steps, times: 1; half a cosine down to 0 (Loshchilov & Hutter 2017, without restarts);
    or an exponential fall to a hundredth.
    """
    gone = step / steps
    falls = {
        "constant": 1.0,
        "cosine": (1 + math.cos(math.pi * gone)) / 2,
        "exponential": math.exp(math.log(_LAST) * gone),
    }
    return falls[schedule] * min(1.0, (step + 1) / warm_up)
