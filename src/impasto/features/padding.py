"""One more row and column on each side of a feature map, and the way back for its gradient."""

from __future__ import annotations

from typing import Literal

import torch.nn.functional as F
from torch import Tensor

Padding = Literal["zero", "reflect", "replicate"]


def pad(x: Tensor, padding: Padding) -> Tensor:
    """(B, C, H, W) → (B, C, H + 2, W + 2).

    Reflection needs a neighbour to mirror; along a side of one pixel it is the same as replication.
    """
    if padding == "zero":
        return F.pad(x, (1, 1, 1, 1))
    if padding == "replicate" or min(x.shape[2:]) > 1:
        return F.pad(x, (1, 1, 1, 1), mode=padding)
    for sides, length in (((1, 1, 0, 0), x.shape[3]), ((0, 0, 1, 1), x.shape[2])):
        x = F.pad(x, sides, mode="reflect" if length > 1 else "replicate")
    return x


def bordered(x: Tensor, padding: Padding) -> Tensor:
    """What `pad` gives, for where nobody wants its gradient: written channels last, the border in four strokes.

    torch's own padding goes pixel by pixel, and takes as long as a convolution of the few channels of a large map.
    """
    if padding == "zero":
        return pad(x, padding)
    batch, channels, height, width = x.shape
    y = x.new_empty(batch, height + 2, width + 2, channels).permute(0, 3, 1, 2)
    y[:, :, 1:-1, 1:-1] = x
    for axis, length in ((2, height), (3, width)):
        near, far = (2, -3) if padding == "reflect" and length > 1 else (1, -2)
        y.select(axis, 0).copy_(y.select(axis, near))
        y.select(axis, -1).copy_(y.select(axis, far))
    return y


def fold(gradient: Tensor, padding: Padding) -> Tensor:
    """The gradient of `pad`: (B, C, H + 2, W + 2) → (B, C, H, W), as a view. Changes `gradient`.

    What stood in the border goes back to the pixel that it was a copy of. Touches the borders alone, where the general
    backward pass of torch's padding writes the whole map anew.
    """
    for axis in (2, 3):
        if padding != "zero":
            mirrored = padding == "reflect" and gradient.shape[axis] > 3
            near, far = (2, -3) if mirrored else (1, -2)
            gradient.select(axis, near).add_(gradient.select(axis, 0))
            gradient.select(axis, far).add_(gradient.select(axis, -1))
        gradient = gradient.narrow(axis, 1, gradient.shape[axis] - 2)
    return gradient
