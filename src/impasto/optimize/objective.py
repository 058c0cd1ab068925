"""The objective: several losses on the features of one encoder, bound to a content picture and its styles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor

from impasto.features.encoder import Encoder
from impasto.losses.base import BoundLoss, Loss, Targets
from impasto.optimize.border import cut


class Objective:
    """A sum of losses, evaluated on the features of `encoder`.

    Args:
        precision: dtype of the encoder's convolutions; losses are always computed in float32.
        margin: so many pixels at each border of content and picture are looked at by the encoder, but count in no loss.
    """

    def __init__(
        self, encoder: Encoder, losses: Sequence[Loss], *, precision: torch.dtype = torch.float32, margin: int = 0
    ) -> None:
        self.encoder, self.losses, self.precision, self.margin = encoder, tuple(losses), precision, margin
        self.content_layers = _union(loss.content_layers for loss in losses)
        self.style_layers = _union(loss.style_layers for loss in losses)

    @torch.no_grad()
    def bind(self, content: Tensor, styles: Sequence[tuple[Tensor, float]]) -> BoundObjective:
        """Compute the targets.

        Args:
            content: (1, 3, H, W) in [0, 1].
            styles: pictures (1, 3, H, W) of any size, with shares that add up to 1.
        """
        with self.autocast(content.device):
            targets = Targets(
                content=self.features(content, self.content_layers),
                styles=[(self.encoder(style, self.style_layers), share) for style, share in styles]
                if self.style_layers
                else [],
            )
        return BoundObjective(self, [loss.bind(targets) for loss in self.losses])

    def features(self, picture: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
        """The encoder's features inside of the margin."""
        if not layers:
            return {}
        found = self.encoder(picture, layers)
        height = picture.shape[2]
        return {name: cut(f, round(self.margin * f.shape[2] / height)) for name, f in found.items()}

    def autocast(self, device: torch.device) -> AbstractContextManager[object]:
        if self.precision == torch.float32:
            return nullcontext()
        return torch.autocast(device.type, self.precision)


class BoundObjective:
    """An objective with its targets: call it on a picture (1, 3, H, W) in [0, 1] for the weighted terms by name."""

    def __init__(self, objective: Objective, losses: Sequence[BoundLoss]) -> None:
        self._objective, self._losses = objective, losses
        self._layers = _union((objective.content_layers, objective.style_layers))

    def __call__(self, picture: Tensor) -> dict[str, Tensor]:
        with self._objective.autocast(picture.device):
            features = self._objective.features(picture, self._layers)
        picture = cut(picture, self._objective.margin)
        terms: dict[str, Tensor] = {}
        for loss in self._losses:
            for name, term in loss(picture, features).items():
                terms[name] = terms[name] + term if name in terms else term
        return terms


def total(terms: dict[str, Tensor]) -> Tensor:
    """The objective's value: the sum of its terms, a scalar."""
    return torch.stack(list(terms.values())).sum()


def _union(groups: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for group in groups for name in group))
