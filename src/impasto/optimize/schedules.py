"""Learning-rate schedules as functions of the step."""

from __future__ import annotations

import math

from impasto.optimize.settings import Settings


def learning_rate(settings: Settings, step: int, steps: int) -> float:
    """The learning rate of step `step` (from 0) of `steps`.

    - constant: η
    - exponential: η · decayˢᵗᵉᵖ
    - cosine: η · (1 + cos(π · step / steps)) / 2, Loshchilov & Hutter 2017, eq. 5, without restarts
    """
    if settings.schedule == "exponential":
        return settings.learning_rate * settings.decay**step
    if settings.schedule == "cosine":
        return settings.learning_rate * (1 + math.cos(math.pi * min(step, steps) / steps)) / 2
    return settings.learning_rate


def adam_epsilon(settings: Settings, step: int) -> float:
    """The ε for PyTorch's Adam at its step `step` (from 1).

    With `epsilon_hat` it is ε̂ / √(1 − β₂ᵗ), which makes the update of Kingma & Ba 2015, algorithm 1, equal to that at
    the end of their §2: α √(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (√v + ε̂).
    """
    if not settings.epsilon_hat:
        return settings.epsilon
    return settings.epsilon / math.sqrt(1 - settings.betas[1] ** step)
