"""The losses of a painter in training, written down with torch's own operations: what `train.py` measures against.

They have the values of `impasto.training.painter_losses`, which are written to be fast.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.features.encoder import Encoder
from impasto.features.layers import STYLE_LAYERS
from impasto.training.painter_losses import CONTENT_LAYER, DETAIL_LAYERS
from impasto.training.painter_settings import PainterTraining

_LAYERS = (*STYLE_LAYERS, CONTENT_LAYER, *DETAIL_LAYERS)
_OPPONENT = ((0.299, 0.587, 0.114), (0.5, -0.5, 0.0), (0.25, 0.25, -0.5))


def plain_loss(
    painted: Tensor, contents: Tensor, views: Sequence[Tensor], teacher: Encoder, settings: PainterTraining
) -> Tensor:
    """The weighted sum at the first step, of paintings (B, 3, H, W) of contents in the styles of views (1, 3, h, w)."""
    found = _features(painted.clamp(-0.5, 1.5), teacher)
    with torch.no_grad():
        kept = _features(contents, teacher)
        styles = [_features(view, teacher) for view in views]
        each = [{layer: _moments(its[layer]) for layer in STYLE_LAYERS} for its in styles]
        wanted = {layer: [torch.cat([its[layer][n] for its in each]) for n in (0, 1)] for layer in STYLE_LAYERS}
        waves = torch.cat([_spectrum(view) for view in views])
    gram, apart = [], []
    for layer in STYLE_LAYERS:
        (mean, covariance), (its_mean, its_covariance) = _moments(found[layer]), wanted[layer]
        gram.append(_relative(covariance + _outer(mean), its_covariance + _outer(its_mean)))
        apart.append(_relative(mean, its_mean) + _relative(covariance, its_covariance))
    details = [(_normalised(found[layer]) - _normalised(kept[layer])).square().mean() / 2 for layer in DETAIL_LAYERS]
    return (
        settings.content_weight[0] * _relative(found[CONTENT_LAYER], kept[CONTENT_LAYER]).mean()
        + settings.detail_weight * torch.stack(details).mean()
        + settings.gram_weight * _softened(torch.stack(gram).mean(0)).mean()
        + settings.moments_weight * _softened(torch.stack(apart).mean(0)).mean()
        + settings.spectrum_weight * _softened(_relative(_spectrum(painted), waves)).mean()
        + settings.range_weight * (painted - painted.clamp(0, 1)).square().mean()
    )


def _features(pictures: Tensor, teacher: Encoder) -> dict[str, Tensor]:
    found: dict[str, Tensor] = {}
    x = teacher.input_affine(pictures)
    mode = "constant" if teacher.padding == "zero" else teacher.padding
    for name in teacher.steps:
        if name.startswith("conv"):
            convolution = teacher.convolution(name)
            x = F.conv2d(F.pad(x, (1, 1, 1, 1), mode=mode), convolution.weight, convolution.bias)
        else:
            x = F.relu(x) if name.startswith("relu") else F.max_pool2d(x, 2)
        if name in _LAYERS:
            found[name] = x
    return found


def _moments(features: Tensor) -> tuple[Tensor, Tensor]:
    flat = features.flatten(2)
    mean = flat.mean(2)
    return mean, flat @ flat.transpose(1, 2) / flat.shape[2] - _outer(mean)


def _normalised(features: Tensor) -> Tensor:
    centred = features - features.mean((2, 3), keepdim=True)
    variance = centred.square().mean((2, 3), keepdim=True)
    return centred / (variance + 1e-3 * variance.mean(1, keepdim=True) + 1e-8).sqrt()


def _spectrum(pictures: Tensor) -> Tensor:
    planes = torch.einsum("cp,bphw->bchw", pictures.new_tensor(_OPPONENT), pictures)
    blocks = planes.unfold(2, 32, 16).unfold(3, 32, 16)
    window = torch.hann_window(32)
    waves = torch.fft.rfft2((blocks - blocks.mean((4, 5), keepdim=True)) * window[:, None] * window, norm="ortho")
    frequency = torch.hypot(torch.fft.fftfreq(32)[:, None], torch.fft.rfftfreq(32))
    return (waves.abs().square().mean((2, 3)) + 1e-8).sqrt() * frequency


def _relative(value: Tensor, target: Tensor) -> Tensor:
    error = (value - target).square().flatten(1).mean(1)
    return error / (target.square().flatten(1).mean(1) + 0.01 * error + 1e-12)


def _softened(errors: Tensor) -> Tensor:
    return 2 * ((1 + errors).sqrt() - 1)


def _outer(mean: Tensor) -> Tensor:
    return mean[:, :, None] * mean[:, None, :]
