"""A convolution with its ReLU whose weights are not trained: it keeps no padded input.

autograd's convolution keeps its (padded) input for the gradient of the weights, which nobody asks for here.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.grad import conv2d_input

from impasto.features.padding import Padding, bordered, fold


def frozen_convolution(x: Tensor, weight: Tensor, bias: Tensor | None, padding: Padding, *, relu: bool) -> Tensor:
    """`relu(convolution(pad(x)))`, or without ReLU, differentiable once and with respect to `x` only.

    Args:
        x: (B, C, H, W); best laid out channels last.
        weight: (D, C, 3, 3); may be float32 under autocast, as for torch's own.

    Returns:
        (B, D, H, W)
    """
    result: Tensor = _FrozenConvolution.apply(x, weight, bias, padding, relu)  # type: ignore[no-untyped-call]
    return result


class _FrozenConvolution(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, padding: Padding, relu: bool) -> Tensor:
        padded, border = (x, 1) if padding == "zero" else (bordered(x, padding), 0)
        y = F.conv2d(padded, weight, bias, padding=border)
        if relu:
            y.relu_()
        ctx.save_for_backward(weight, y if relu else None)
        ctx.padding, ctx.shape, ctx.dtype = padding, x.shape, x.dtype
        return y

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        weight, y = ctx.saved_tensors
        if y is not None:
            gradient = torch.ops.aten.threshold_backward(gradient, y, 0)
        weight = weight.to(gradient.dtype)
        if ctx.padding == "zero":
            result = conv2d_input(ctx.shape, weight, gradient, padding=1)  # type: ignore[no-untyped-call]
        else:
            batch, channels, height, width = ctx.shape
            padded = (batch, channels, height + 2, width + 2)
            whole = conv2d_input(padded, weight, gradient)  # type: ignore[no-untyped-call]
            result = fold(whole, ctx.padding)
        return result.to(ctx.dtype), None, None, None, None
