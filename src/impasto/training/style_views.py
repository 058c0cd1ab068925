"""Views of style pictures, with all that a painter's training asks of them computed once and used many times."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from impasto.features.layers import STYLE_LAYERS
from impasto.losses.moments import moments
from impasto.losses.spectrum import BLOCK, spectrum
from impasto.training.pool import Pool

Moments = dict[str, tuple[Tensor, Tensor]]  # by layer: mean (B, C), covariance (B, C, C)


class Wanted(NamedTuple):
    """What the losses want of paintings in some styles.

    Attributes:
        moments: by layer.
        spectrum: (B, 3, 32, 17); see `losses.spectrum`.
    """

    moments: Moments
    spectrum: Tensor


class StyleView(NamedTuple):
    """One way of looking at a style picture.

    Attributes:
        statistics: for the style side, (S,).
        wanted: for the losses: of a batch of one, the moments in bfloat16.
        picture: (3, H, W), if it is kept.
    """

    statistics: Tensor
    wanted: Wanted
    picture: Tensor | None = None


class StyleViews:
    """A pool of views.

    Args:
        count: how many are kept.
        draw: the picture (1, 3, H, W) of view number n.
        look: statistics and features at the style layers of such a picture.
        keep_pictures: for `pictures`.
    """

    def __init__(
        self,
        count: int,
        draw: Callable[[int], Tensor],
        look: Callable[[Tensor], tuple[Tensor, dict[str, Tensor]]],
        *,
        keep_pictures: bool = False,
    ) -> None:
        self._draw, self._look, self._keep = draw, look, keep_pictures
        self._pool = Pool(count, self._make)

    def ready(self, newest: int) -> None:
        """See `Pool.ready`."""
        self._pool.ready(newest)

    def batch(self, chances: Sequence[np.random.Generator], *, blends: float) -> tuple[Tensor, Wanted]:
        """Statistics (B, S) of styles, one for each source of chance, a share of them `blends` of two views, and what
        is wanted of them.

        A blend's numbers are the means of both views' by share.
        """
        views = self._pool.things
        chosen = [_one(rng, views, blends) for rng in chances]
        statistics = torch.stack([view.statistics for view in chosen])
        return statistics, together([view.wanted for view in chosen])

    def pictures(self, chances: Sequence[np.random.Generator]) -> list[Tensor]:
        """The style pictures, (3, H, W), that `batch` chooses by such sources of chance where it blends nothing."""
        views = self._pool.things
        found = [_one(rng, views, 0.0).picture for rng in chances]
        return [picture.float() for picture in found if picture is not None]

    def statistics(self) -> Tensor:
        """Those of all views in the pool: (N, S)."""
        return torch.stack([view.statistics for view in self._pool.things])

    @torch.no_grad()
    def _make(self, n: int) -> StyleView:
        picture = self._draw(n)
        statistics, features = self._look(picture)
        kept = picture[0].bfloat16() if self._keep else None
        return StyleView(statistics[0], wanted_of(picture, features), kept)


def wanted_of(picture: Tensor, features: Mapping[str, Tensor]) -> Wanted:
    """What a style picture asks for, in little memory.

    Args:
        picture: (1, 3, H, W).
        features: the loss network's, at the style layers.
    """
    found: Moments = {}
    for layer in STYLE_LAYERS:
        mean, covariance = moments(features[layer])
        found[layer] = (mean.bfloat16(), covariance.bfloat16())
    return Wanted(found, spectrum(_large_enough(picture)))


def together(several: Sequence[Wanted]) -> Wanted:
    """Those of a batch."""
    return _combined(several, lambda parts: torch.cat(list(parts)).float())


def _one(rng: np.random.Generator, views: Sequence[StyleView], blends: float) -> StyleView:
    first, second = (views[i] for i in rng.integers(len(views), size=2))
    share = float(rng.uniform()) if rng.random() < blends else 1.0
    return first if share == 1.0 else _blend(first, second, share)


def _blend(a: StyleView, b: StyleView, share: float) -> StyleView:
    def mixed(parts: Sequence[Tensor]) -> Tensor:
        x, y = parts
        return share * x + (1 - share) * y

    return StyleView(mixed([a.statistics, b.statistics]), _combined([a.wanted, b.wanted], mixed))


def _combined(several: Sequence[Wanted], combine: Callable[[Sequence[Tensor]], Tensor]) -> Wanted:
    """Tensor by tensor."""
    layers = {layer: [wanted.moments[layer] for wanted in several] for layer in several[0].moments}
    return Wanted(
        {layer: (combine([m for m, _ in pairs]), combine([c for _, c in pairs])) for layer, pairs in layers.items()},
        combine([wanted.spectrum for wanted in several]),
    )


def _large_enough(picture: Tensor) -> Tensor:
    """The picture, mirrored beyond its border where a side is shorter than a block of the spectrum."""
    height, width = picture.shape[2:]
    rows, columns = (torch.arange(max(BLOCK, side)) % (2 * side) for side in (height, width))
    rows, columns = torch.minimum(rows, 2 * height - 1 - rows), torch.minimum(columns, 2 * width - 1 - columns)
    return picture[:, :, rows][:, :, :, columns]
