"""An exponential moving average of weights: what is shipped, as it is smoother than the weights of any one step."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn


class Average:
    """The average of a module's weights over about the last 1 / (1 - decay) steps (Polyak & Juditsky 1992).

    In the beginning it is one over about the last tenth of the steps made, so that it soon forgets where they began.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.decay = decay
        self.weights = {name: value.clone() for name, value in module.state_dict().items()}

    def update(self, module: nn.Module, step: int) -> None:
        """Take in the weights after step number `step`, counted from 0."""
        decay = min(self.decay, step / (step + 10))
        for name, value in module.state_dict().items():
            self.weights[name].lerp_(value, 1 - decay)

    def load(self, weights: Mapping[str, Tensor]) -> None:
        """Take up weights that were saved, on the devices of those at hand."""
        for name, value in self.weights.items():
            value.copy_(weights[name])
