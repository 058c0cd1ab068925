"""The published recipes as formulas in NumPy float64: loss, ∂loss/∂layer, and ∂loss/∂picture beside them.

Each takes layers of the picture x, the content c and the style s, as `vgg_float64.Vgg.forward` gives them, and the
picture itself. Written recipe by recipe, so that none inherits a mistake of another.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Layers = Mapping[str, Array]
Answer = tuple[float, dict[str, Array], Array]

FIRST_OF_EACH_BLOCK = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")


def flat(features: Array) -> Array:
    return features.reshape(features.shape[0], -1)  # (N, M)


def gatys(x: Layers, c: Layers, s: Layers, picture: Array) -> Answer:
    """Gatys, Ecker & Bethge 2016, eq. 1 to 7 with α = 1, β = 1000."""
    gradients = {}
    difference = x["relu4_2"] - c["relu4_2"]
    loss = 0.5 * np.sum(difference**2)  # eq. 1
    gradients["relu4_2"] = difference  # eq. 2; its case F < 0 is the ReLU's
    for layer in FIRST_OF_EACH_BLOCK:
        features, style = flat(x[layer]), flat(s[layer])
        n, m = features.shape
        gram, target = features @ features.T, style @ style.T  # eq. 3
        loss += 1000 * 1 / 5 * np.sum((gram - target) ** 2) / (4 * n**2 * m**2)  # eq. 4, 5
        slope = (features.T @ (gram - target)).T / (n**2 * m**2)  # eq. 6
        gradients[layer] = 1000 * 1 / 5 * slope.reshape(x[layer].shape)
    return loss, gradients, np.zeros(picture.shape)


def keras_guide(x: Layers, c: Layers, s: Layers, picture: Array) -> Answer:
    """0.7 · mean (F − P)² + 0.3 · mean over layers of mean (G − A)², G = einsum(F, F) / locations."""
    gradients = {}
    difference = x["relu5_2"] - c["relu5_2"]
    content = np.mean(difference**2)
    gradients["relu5_2"] = 0.7 * 2 * difference / difference.size
    style = 0.0
    for layer in FIRST_OF_EACH_BLOCK:
        f = x[layer]
        gram = np.einsum("cij,dij->cd", f, f) / (f.shape[1] * f.shape[2])
        target = np.einsum("cij,dij->cd", s[layer], s[layer]) / (s[layer].shape[1] * s[layer].shape[2])
        style += np.mean((gram - target) ** 2) / 5
        slope = 2 * (gram - target) / gram.size  # ∂mean/∂G, symmetric
        gradients[layer] = 0.3 / 5 * 2 * np.einsum("cd,dij->cij", slope, f) / (f.shape[1] * f.shape[2])
    return 0.7 * content + 0.3 * style, gradients, np.zeros(picture.shape)


def tensorflow_tutorial(x: Layers, c: Layers, s: Layers, picture: Array) -> Answer:
    """style_loss *= 1e-2 / 5, content_loss *= 1e4 / 1, both sums of reduce_mean."""
    gradients = {}
    style_loss = 0.0
    for layer in FIRST_OF_EACH_BLOCK:
        f = x[layer]
        locations = f.shape[1] * f.shape[2]
        gram = np.einsum("cij,dij->cd", f, f) / locations
        target = np.einsum("cij,dij->cd", s[layer], s[layer]) / (s[layer].shape[1] * s[layer].shape[2])
        style_loss += np.mean((gram - target) ** 2)
        gradients[layer] = 1e-2 / 5 * 4 * np.einsum("cd,dij->cij", gram - target, f) / (locations * gram.shape[0] ** 2)
    difference = x["relu5_2"] - c["relu5_2"]
    gradients["relu5_2"] = 1e4 * 2 * difference / difference.size
    return style_loss * 1e-2 / 5 + 1e4 * np.mean(difference**2), gradients, np.zeros(picture.shape)


def tf2_painting(x: Layers, c: Layers, s: Layers, picture: Array) -> Answer:
    """1e3 · content + 1e2 · Σ (mean (G − A)² / 4C²) / 5 + 30 · Σ |neighbour differences| of the picture in [0, 1]."""
    gradients = {}
    difference = x["relu5_2"] - c["relu5_2"]
    loss = 1e3 * np.mean(difference**2)
    gradients["relu5_2"] = 1e3 * 2 * difference / difference.size
    for layer in FIRST_OF_EACH_BLOCK:
        features, style = flat(x[layer]), flat(s[layer])
        channels, locations = features.shape
        gap = features @ features.T / locations - style @ style.T / style.shape[1]
        loss += 1e2 / 5 * np.mean(gap**2) / (4 * channels**2)
        slope = 1e2 / 5 * 4 * (gap @ features) / (locations * channels**2) / (4 * channels**2)
        gradients[layer] = slope.reshape(x[layer].shape)
    down, right = np.diff(picture, axis=1), np.diff(picture, axis=2)
    loss += 30 * (np.abs(down).sum() + np.abs(right).sum())
    slope = np.zeros(picture.shape)
    slope[:, 1:] += np.sign(down)
    slope[:, :-1] -= np.sign(down)
    slope[:, :, 1:] += np.sign(right)
    slope[:, :, :-1] -= np.sign(right)
    return loss, gradients, 30 * slope


def pytorch_guide(x: Layers, c: Layers, s: Layers, picture: Array) -> Answer:
    """0.1 · mse(F, P) + 1e6 · Σ mse(G, A), G = F Fᵀ with no divisor."""
    difference = x["relu4_2"] - c["relu4_2"]
    loss = 0.1 * np.mean(difference**2)
    gradients = {"relu4_2": 0.1 * 2 * difference / difference.size}
    for layer in ("relu1_2", "relu2_2", "relu3_2", "relu4_2"):
        features, style = flat(x[layer]), flat(s[layer])
        gap = features @ features.T - style @ style.T
        loss += 1e6 * np.mean(gap**2)
        slope = 1e6 * 4 * (gap @ features) / gap.size
        gradients[layer] = gradients.get(layer, 0.0) + slope.reshape(x[layer].shape)
    return loss, gradients, np.zeros(picture.shape)
