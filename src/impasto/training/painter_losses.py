"""How a painting is judged in training: by a loss network (Johnson et al. 2016), its spectrum and its range."""

from __future__ import annotations

import torch
from torch import Tensor

from impasto.features.encoder import Encoder
from impasto.features.layers import STYLE_LAYERS
from impasto.losses.content import content_error
from impasto.losses.moments import moments
from impasto.losses.spectrum import spectrum
from impasto.training.distillation import relative_errors
from impasto.training.painter_settings import PainterTraining
from impasto.training.style_views import Moments, Wanted
from impasto.training.task import Losses

CONTENT_LAYER = "relu4_1"
DETAIL_LAYERS = ("relu2_1", "relu3_1")
_CONTENT_FROM = 0.6  # of the steps


def painter_losses(
    painted: Tensor, contents: Tensor, wanted: Wanted, teacher: Encoder, settings: PainterTraining, step: int
) -> Losses:
    """The losses of paintings, with the weights that they have at this step.

    Args:
        painted: (B, 3, H, W), not clipped.
        contents: what they were painted from.
        wanted: of their styles, one each.
        teacher: the loss network.
    """
    with torch.no_grad():
        kept = teacher(contents, (*DETAIL_LAYERS, CONTENT_LAYER))
    features = teacher(painted.float().clamp(-0.5, 1.5), STYLE_LAYERS)
    gram, apart = style_errors(features, wanted.moments)
    waves = softened(_relative(spectrum(painted), wanted.spectrum.to(painted.device))).mean()
    details = [content_error(features[layer], kept[layer], "normalised") for layer in DETAIL_LAYERS]
    found = features[CONTENT_LAYER].float(), kept[CONTENT_LAYER].float()
    return {
        "content": (_content_weight(settings, step), _relative(*found).mean()),
        "detail": (settings.detail_weight, torch.stack(details).mean()),
        "gram": (settings.gram_weight, gram),
        "moments": (settings.moments_weight, apart),
        "spectrum": (settings.spectrum_weight, waves),
        "range": (settings.range_weight, out_of_range(painted)),
    }


def style_errors(features: dict[str, Tensor], wanted: Moments) -> tuple[Tensor, Tensor]:
    """Relative errors of the Gram matrices, and of means and covariances apart: each the mean over the style layers,
    then `softened`, then the mean over the pictures.
    """
    grams, apart = [], []
    for layer in STYLE_LAYERS:
        mean, covariance = moments(features[layer])
        its_mean, its_covariance = wanted[layer]
        grams.append(_relative(covariance + _outer(mean), its_covariance + _outer(its_mean)))
        apart.append(_relative(mean, its_mean) + _relative(covariance, its_covariance))
    return tuple(softened(torch.stack(errors).mean(0)).mean() for errors in (grams, apart))  # type: ignore[return-value]


def softened(errors: Tensor) -> Tensor:
    """2 · (√(1 + e) - 1): e where it is small, 2 · √e where it is large, so that no single picture rules a step."""
    return 2 * ((1 + errors).sqrt() - 1)


def out_of_range(pictures: Tensor) -> Tensor:
    """The mean square of what is below 0 or above 1."""
    pictures = pictures.float()
    return (pictures - pictures.clamp(0, 1)).square().mean()


def _content_weight(settings: PainterTraining, step: int) -> float:
    first, last = settings.content_weight
    late = max(0.0, step / settings.steps - _CONTENT_FROM) / (1 - _CONTENT_FROM)
    return first + (last - first) * late


def _relative(value: Tensor, target: Tensor) -> Tensor:
    """`relative_errors` with a low floor: they stop at 100 only, so that all but flat pictures count as others do."""
    return relative_errors(value, target, floor=0.01)


def _outer(mean: Tensor) -> Tensor:
    return mean[:, :, None] * mean[:, None, :]
