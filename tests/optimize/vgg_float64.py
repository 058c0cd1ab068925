"""A VGG in NumPy float64 with its backward pass, written from the definitions, sharing no code with the one under test.

Zero padding. Arrays are (C, H, W).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Array = NDArray[np.float64]

# keras.applications.vgg19.preprocess_input, "caffe" mode: RGB → BGR in 0–255, minus the mean of ImageNet.
BGR_MEAN = np.array([103.939, 116.779, 123.68])


def preprocess(picture: Array) -> Array:
    return 255 * picture[::-1] - BGR_MEAN[:, None, None]


def preprocess_backward(gradient: Array) -> Array:
    return 255 * gradient[::-1]


def convolve(x: Array, kernel: Array, bias: Array) -> Array:
    """(I, H, W) with (O, I, 3, 3) → (O, H, W); cross-correlation."""
    windows = sliding_window_view(np.pad(x, ((0, 0), (1, 1), (1, 1))), (3, 3), axis=(1, 2))  # (I, H, W, 3, 3)
    return np.einsum("ihwyx,oiyx->ohw", windows, kernel, optimize=True) + bias[:, None, None]


def convolve_backward(gradient: Array, kernel: Array) -> Array:
    """Each output pixel gives its gradient back to the nine input pixels that it was made of."""
    _, height, width = gradient.shape
    padded = np.zeros((kernel.shape[1], height + 2, width + 2))
    for dy in range(3):
        for dx in range(3):
            padded[:, dy : dy + height, dx : dx + width] += np.einsum("ohw,oi->ihw", gradient, kernel[:, :, dy, dx])
    return padded[:, 1:-1, 1:-1]


def blocks_of_four(x: Array) -> Array:
    """(C, H, W) → (C, H // 2, W // 2, 4); an odd last row or column is dropped."""
    c, h, w = x.shape[0], x.shape[1] // 2, x.shape[2] // 2
    return x[:, : 2 * h, : 2 * w].reshape(c, h, 2, w, 2).transpose(0, 1, 3, 2, 4).reshape(c, h, w, 4)


def pool(x: Array, pooling: Literal["max", "average"]) -> Array:
    blocks = blocks_of_four(x)
    return blocks.max(3) if pooling == "max" else blocks.mean(3)


def pool_backward(gradient: Array, x: Array, pooling: Literal["max", "average"]) -> Array:
    blocks = blocks_of_four(x)
    share = np.eye(4)[blocks.argmax(3)] if pooling == "max" else np.full(blocks.shape, 0.25)
    c, h, w = gradient.shape
    spread = (gradient[..., None] * share).reshape(c, h, w, 2, 2).transpose(0, 1, 3, 2, 4).reshape(c, 2 * h, 2 * w)
    out = np.zeros(x.shape)
    out[:, : 2 * h, : 2 * w] = spread
    return out


class Vgg:
    """conv1_1, relu1_1, …, pool1, conv2_1, … with `counts[b]` convolutions in block b + 1."""

    def __init__(
        self, weights: Mapping[str, tuple[Array, Array]], counts: Sequence[int], pooling: Literal["max", "average"]
    ) -> None:
        self.weights, self.pooling = weights, pooling
        self.steps: list[tuple[str, str]] = []
        for b, count in enumerate(counts, 1):
            if b > 1:
                self.steps.append(("pool", f"pool{b - 1}"))
            for n in range(1, count + 1):
                self.steps += [("conv", f"conv{b}_{n}"), ("relu", f"relu{b}_{n}")]

    def forward(self, picture: Array) -> dict[str, Array]:
        """All layers of an RGB picture in [0, 1]; `input` is what the first convolution sees."""
        x = preprocess(picture)
        layers = {"input": x}
        for kind, name in self.steps:
            if kind == "conv":
                x = convolve(x, *self.weights[name])
            elif kind == "relu":
                x = np.maximum(x, 0)
            else:
                x = pool(x, self.pooling)
            layers[name] = x
        return layers

    def backward(self, layers: Mapping[str, Array], gradients: Mapping[str, Array]) -> Array:
        """∂loss/∂picture from ∂loss/∂layer, each layer's given as if no other depended on it."""
        names = ["input", *(name for _, name in self.steps)]
        flow = np.zeros(layers[names[-1]].shape)
        for place in range(len(self.steps) - 1, -1, -1):
            kind, name = self.steps[place]
            before = layers[names[place]]
            flow = flow + gradients.get(name, 0.0)
            if kind == "conv":
                flow = convolve_backward(flow, self.weights[name][0])
            elif kind == "relu":
                flow = flow * (before > 0)
            else:
                flow = pool_backward(flow, before, self.pooling)
        return preprocess_backward(flow)
