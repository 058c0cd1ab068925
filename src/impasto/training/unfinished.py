"""Unfinished paintings: pictures under optimisation on the network in training itself.

A loss network is used on pictures that were optimised *on it*: they sit where it is easiest to please. Training on
such pictures, with the teacher's features as the truth, closes the loopholes (as DAgger does for imitation learning,
Ross et al. 2011).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.features.encoder import Encoder
from impasto.losses.gram import gram_matrix

Crops = Callable[[], tuple[Tensor, Tensor]]  # a content and a style crop, each (3, H, W) in [0, 1]


class UnfinishedPaintings:
    """A pool of paintings, each a little further at every `advance`, replaced by a new one when its time is up.

    Args:
        count: size of the pool.
        lifetime: steps of Adam after which a painting is replaced; each slot gets its own share of it, so that ages
            mix.
    """

    def __init__(
        self, count: int, *, lifetime: int = 160, learning_rate: float = 0.08, device: torch.device | None = None
    ) -> None:
        self.count, self.lifetime, self.learning_rate = count, lifetime, learning_rate
        self.device = device or torch.device("cpu")
        self.contents: list[Tensor] = []
        self.styles: list[Tensor] = []
        self.logits: list[Tensor] = []
        self.ages: list[int] = []

    def fill(self, crops: Crops) -> None:
        while len(self.logits) < self.count:
            content, style = self._new_pair(crops)
            self.contents.append(content)
            self.styles.append(style)
            self.logits.append(_start(content, style, kind=len(self.logits) % 4))
            self.ages.append((len(self.ages) * 7919) % self.lifetime)

    def advance(
        self,
        encoder: Encoder,
        slots: Sequence[int],
        crops: Crops,
        *,
        steps: int,
        content_layer: str,
        style_layers: Sequence[str],
    ) -> None:
        """`steps` steps of Adam on the paintings in `slots`, on the relative content and style losses of `encoder`."""
        for slot in slots:
            if self.ages[slot] >= self.lifetime:
                content, style = self._new_pair(crops)
                self.contents[slot], self.styles[slot], self.ages[slot] = content, style, 0
                self.logits[slot] = _start(content, style, kind=slot % 4)
        logits = torch.stack([self.logits[s] for s in slots]).requires_grad_(True)
        content = torch.stack([self.contents[s] for s in slots])
        style = torch.stack([self.styles[s] for s in slots])
        with torch.no_grad():
            content_target = encoder(content, [content_layer])[content_layer]
            grams = {k: gram_matrix(f) for k, f in encoder(style, style_layers).items()}
        optimizer = torch.optim.Adam([logits], lr=self.learning_rate, betas=(0.9, 0.95))
        for _ in range(steps):
            features = encoder(torch.sigmoid(logits), [content_layer, *style_layers])
            loss = 0.1 * _relative(features[content_layer].float(), content_target.float())
            for name, target in grams.items():
                loss = loss + _relative(gram_matrix(features[name]), target) / len(grams)
            (logits.grad,) = torch.autograd.grad(loss, logits)
            optimizer.step()
        for n, slot in enumerate(slots):
            self.logits[slot] = logits[n].detach().clone()
            self.ages[slot] += steps

    def pictures(self, slots: Sequence[int]) -> Tensor:
        """(B, 3, H, W) in [0, 1]."""
        return torch.sigmoid(torch.stack([self.logits[s] for s in slots]))

    def state(self) -> dict[str, Any]:
        return {"contents": self.contents, "styles": self.styles, "logits": self.logits, "ages": self.ages}

    def load_state(self, state: dict[str, Any]) -> None:
        self.contents, self.styles, self.logits = (
            [tensor.to(self.device) for tensor in state[name]] for name in ("contents", "styles", "logits")
        )
        self.ages = state["ages"]

    def _new_pair(self, crops: Crops) -> tuple[Tensor, Tensor]:
        content, style = crops()
        return content.to(self.device), style.to(self.device)


def _relative(value: Tensor, target: Tensor) -> Tensor:
    """Squared error over the target's mean square, summed over the batch."""
    axes = tuple(range(1, value.ndim))
    return ((value - target).pow(2).mean(axes) / (target.pow(2).mean(axes) + 1e-6)).sum()


def _start(content: Tensor, style: Tensor, *, kind: int) -> Tensor:
    """Logits of the picture from which a painting starts: content twice as often as noise or style."""
    if kind == 2:
        generator = torch.Generator().manual_seed(int(content.sum().item() * 1000) % 2**31)
        start = torch.rand(content.shape, generator=generator).to(content.device)
    elif kind == 3:
        start = F.avg_pool2d(style, 3, 1, 1)
    else:
        start = content
    return torch.logit(start.clamp(0.01, 0.99))
