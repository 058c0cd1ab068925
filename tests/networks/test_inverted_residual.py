"""MobileNetV2's block against NumPy float64, and against what was published of it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from impasto.features.padding import Padding
from impasto.networks.inverted_residual import InvertedResidual

Array = NDArray[np.float64]


def _numbers(parameter: torch.Tensor | None) -> Array:
    assert parameter is not None
    return parameter.detach().numpy()


def _block(x: Array, block: InvertedResidual, stride: int, mode: str) -> Array:
    """Of one picture's maps (C, H, W), place by place."""

    def cut(y: Array) -> Array:
        return np.minimum(np.maximum(y, 0), 6)

    def one_by_one(y: Array, convolution: torch.nn.Conv2d) -> Array:
        weight, bias = _numbers(convolution.weight)[:, :, 0, 0], _numbers(convolution.bias)
        return np.einsum("oi,ihw->ohw", weight, y) + bias[:, None, None]

    inner = x if block.expand is None else cut(one_by_one(x, block.expand))
    around = np.pad(inner, ((0, 0), (1, 1), (1, 1)), mode=mode)  # type: ignore[call-overload]
    filters, bias = _numbers(block.depthwise.weight)[:, 0], _numbers(block.depthwise.bias)
    height, width = ((side - 1) // stride + 1 for side in x.shape[1:])
    seen = np.zeros((len(inner), height, width))
    for row in range(height):
        for column in range(width):
            window = around[:, row * stride : row * stride + 3, column * stride : column * stride + 3]
            seen[:, row, column] = (window * filters).sum((1, 2)) + bias
    narrow = one_by_one(cut(seen), block.project)
    return x + narrow if stride == 1 and x.shape == narrow.shape else narrow


@pytest.mark.parametrize("expansion", [1, 6])
@pytest.mark.parametrize(("outputs", "stride"), [(4, 1), (5, 1), (4, 2)])
@pytest.mark.parametrize(("padding", "mode"), [("zero", "constant"), ("reflect", "reflect"), ("replicate", "edge")])
def test_it_is_what_the_paper_says(expansion: int, outputs: int, stride: int, padding: Padding, mode: str) -> None:
    torch.manual_seed(0)
    block = InvertedResidual(4, outputs, expansion=expansion, stride=stride, padding=padding).double()
    for parameter in block.parameters():
        torch.nn.init.normal_(parameter)  # large enough for ReLUs to cut at both ends
    x = torch.randn(2, 4, 6, 8, dtype=torch.float64)
    found = block(x).detach().numpy()
    assert found.shape == (2, outputs, 6 // stride, 8 // stride)
    for maps, expected in zip(x.numpy(), found, strict=True):
        np.testing.assert_allclose(expected, _block(maps, block, stride, mode), atol=1e-10)


@pytest.mark.parametrize(
    ("inputs", "outputs", "expansion", "weights"),
    [
        # As `keras.applications.MobileNetV2` has them: block_6, block_2 and, at the beginning, expanded_conv.
        (32, 64, 6, [6144, 1728, 12288]),
        (24, 24, 6, [3456, 1296, 3456]),
        (32, 16, 1, [288, 512]),
    ],
)
def test_it_has_as_many_weights_as_were_published(
    inputs: int, outputs: int, expansion: int, weights: list[int]
) -> None:
    block = InvertedResidual(inputs, outputs, expansion=expansion)
    assert [p.numel() for p in block.parameters() if p.dim() == 4] == weights
    # A normalisation has two numbers for each channel, of which the bias is one: with them it is the published sum.
    both = sum(p.numel() for p in block.parameters()) + sum(block.normalised)
    assert both == {(32, 64): 21056, (24, 24): 8832, (32, 16): 896}[inputs, outputs]
    if expansion > 1:  # multiplications for each place, §3.2 of the paper
        assert sum(weights) == inputs * expansion * (inputs + 9 + outputs)


def test_what_follows_each_convolution_is_normalised() -> None:
    met: list[int] = []

    def normalise(x: torch.Tensor) -> torch.Tensor:
        met.append(x.shape[1])
        return 0 * x

    block = InvertedResidual(4, 4, expansion=3)
    x = torch.randn(1, 4, 8, 8)
    assert torch.equal(block(x, normalise), x)  # nothing is added where all is normalised away
    assert tuple(met) == block.normalised == (12, 12, 4)
