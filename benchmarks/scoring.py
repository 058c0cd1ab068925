"""How good a painting is, in numbers."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import NamedTuple

import torch

from impasto.features import load_encoder
from impasto.features.layers import STYLE_LAYERS
from impasto.losses.content import content_error
from impasto.losses.gram import gram_matrix
from impasto.losses.scores import CONTENT_LAYER, ssim
from impasto.losses.sliced_wasserstein import sliced_wasserstein
from impasto.losses.style import style_error
from impasto.pictures import Picture
from impasto.training.crops import to_tensor

SIDE = 512
"""Long side of the pictures that are compared, in pixels."""


class Score(NamedTuple):
    """Of a painting.

    Attributes:
        content: relative error of relu4_1 to the photograph.
        style: the same of the Gram matrices of five layers, to the style picture's; their mean.
        sliced: sliced Wasserstein distance of the same layers' features.
        similarity: structural, with the photograph.
    """

    content: float
    style: float
    sliced: float
    similarity: float

    def __str__(self) -> str:
        told = f"content {self.content:.3f}, style {self.style:.4f}, sliced Wasserstein {self.sliced:.4f}"
        return f"{told}, similarity {self.similarity:.3f}"


class Judge:
    """
    Args:
        encoder: loss network: a name or a file.
    """

    def __init__(self, encoder: str) -> None:
        self._encoder = load_encoder(encoder, layers=(CONTENT_LAYER, *STYLE_LAYERS))

    @torch.no_grad()
    def score(self, painting: Picture, content: Picture, style: Picture) -> Score:
        """All three at a long side of `SIDE` pixels; the painting and the photograph of one size."""
        painted, photo, wanted = (to_tensor(its.over())[None] for its in (painting, content, style))
        found, at_style = self._encoder(painted, (CONTENT_LAYER, *STYLE_LAYERS)), self._encoder(wanted, STYLE_LAYERS)
        errors = [style_error(gram_matrix(found[its]), gram_matrix(at_style[its])).item() for its in STYLE_LAYERS]
        sliced = [sliced_wasserstein(found[its], at_style[its]).item() for its in STYLE_LAYERS]
        kept = content_error(found[CONTENT_LAYER], self._encoder(photo, (CONTENT_LAYER,))[CONTENT_LAYER]).item()
        return Score(kept, statistics.mean(errors), statistics.mean(sliced), ssim(painted, photo).item())


def mean(scores: Sequence[Score]) -> Score:
    """Of each number."""
    return Score(*(statistics.mean(values) for values in zip(*scores, strict=True)))


def reduced(picture: Picture) -> Picture:
    """To a long side of `SIDE` pixels, if it is larger."""
    factor = min(1.0, SIDE / max(picture.size))
    width, height = (max(1, round(side * factor)) for side in picture.size)
    return picture.resized((width, height))
