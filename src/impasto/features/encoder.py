"""The encoder: a VGG-like network that turns a picture into feature maps, layer by layer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, cast, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from impasto.errors import UnknownNameError
from impasto.features.architectures import Architecture, MobileArchitecture
from impasto.features.frozen import frozen_convolution
from impasto.features.layers import resolve
from impasto.features.padding import Padding, pad

Pooling = Literal["max", "average"]


class Encoder(nn.Module):
    """Feature maps of RGB pictures by layer name.

    The preprocessing belongs to the weights: `input_affine` is a 1×1 convolution that maps RGB in [0, 1] to whatever
    the convolutions were trained on (255 times BGR minus mean, mean/std …), so callers pass RGB in [0, 1] to every
    encoder.

    Args:
        architecture: channel counts, block by block; one of inverted residuals is for `MobileEncoder`.
        layers: keep only the convolutions up to the deepest of these; None keeps all.
        padding: what stands beyond the border for each 3×3 convolution; it is added after the preprocessing, as in VGG.
        pooling: Gatys et al. 2016 (§2) prefer average pooling; VGG was trained with max.
        name: how messages call this encoder.

    With `checkpointing` set, each block's features are computed again in the backward pass instead of being kept: less
    memory, more time.
    """

    input_affine: nn.Conv2d

    def __init__(
        self,
        architecture: Architecture | MobileArchitecture,
        *,
        layers: Iterable[str] | None = None,
        padding: Padding = "zero",
        pooling: Pooling = "max",
        name: str = "encoder",
    ) -> None:
        super().__init__()
        if padding not in get_args(Padding):
            raise UnknownNameError("padding", padding, get_args(Padding))
        if pooling not in get_args(Pooling):
            raise UnknownNameError("pooling", pooling, get_args(Pooling))
        self.architecture, self.padding, self.pooling, self.name = architecture, padding, pooling, name
        self.checkpointing = False
        self.steps = architecture.layers()
        if layers is not None:
            self.steps = self.steps[: self._depth(resolve(layers, self.steps, encoder=name))]
        self.input_affine = nn.Conv2d(3, 3, 1)
        self.convolutions = nn.ModuleDict(
            {
                c.name: nn.Conv2d(c.inputs, c.outputs, c.size)
                for c in architecture.convolutions()
                if c.name in self.steps
            }
        )

    def forward(self, pictures: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
        """Features at `layers`, computed no deeper than needed.

        Args:
            pictures: (B, 3, H, W), RGB in [0, 1].
            layers: VGG or Keras names.

        Returns:
            {name as given: (B, C, H / 2ᵇ, W / 2ᵇ)} with b the number of poolings before the layer; each
            rounds down, but never below 1.

        Raises:
            UnknownNameError: for a layer that this encoder lacks.
        """
        wanted = resolve(layers, self.steps, encoder=self.name)
        found: dict[str, Tensor] = {}
        x = self.input_affine(pictures)
        for block in _by_block(self.steps[: self._depth(wanted)]):
            if self.checkpointing and torch.is_grad_enabled():
                x, features = checkpoint(self._apply_block, block, x, wanted, use_reentrant=False)
            else:
                x, features = self._apply_block(block, x, wanted)
            found |= features
        return {name: found[step] for name, step in zip(layers, wanted, strict=True)}

    def _apply_block(self, steps: Sequence[str], x: Tensor, wanted: Sequence[str]) -> tuple[Tensor, dict[str, Tensor]]:
        found: dict[str, Tensor] = {}
        rectified = False
        for step in steps:
            if step.startswith("conv"):
                # The ReLU is done in the same go where nobody wants to see what comes before it.
                rectified = step not in wanted
                x = self._convolve(step, x, relu=rectified)
            elif not (step.startswith("relu") and rectified):
                x = F.relu(x) if step.startswith("relu") else self._pool(x)
            if step in wanted:
                found[step] = x
        return x, found

    def _convolve(self, name: str, x: Tensor, *, relu: bool) -> Tensor:
        convolution = self.convolution(name)
        # Exporters understand torch's own convolution only.
        if not convolution.weight.requires_grad and not torch.compiler.is_exporting():
            return frozen_convolution(x, convolution.weight, convolution.bias, self.padding, relu=relu)
        y = F.conv2d(pad(x, self.padding), convolution.weight, convolution.bias)
        return F.relu(y) if relu else y

    def _pool(self, x: Tensor) -> Tensor:
        # A side of one pixel is too small to halve and stays, so that tiny pictures still have deep features.
        window = (min(2, x.shape[2]), min(2, x.shape[3]))
        return F.max_pool2d(x, window) if self.pooling == "max" else F.avg_pool2d(x, window)

    def convolution(self, name: str) -> nn.Conv2d:
        """The convolution called `convB_N`."""
        return cast(nn.Conv2d, self.convolutions[name])

    def on(self, device: torch.device) -> Encoder:
        """This encoder on `device`, its weights laid out channels last, as oneDNN and cuDNN run convolutions
        fastest.
        """
        # torch's own stub of Module.to lacks memory_format.
        return cast(Encoder, self.to(device).to(memory_format=torch.channels_last))  # type: ignore[call-overload]

    def _depth(self, layers: Iterable[str]) -> int:
        """How many steps it takes to reach the deepest of `layers` (canonical names)."""
        return 1 + max((self.steps.index(layer) for layer in layers), default=-1)

    def extra_repr(self) -> str:
        return f"name={self.name!r}, {self.architecture}, padding={self.padding!r}, pooling={self.pooling!r}"


def _by_block(steps: Sequence[str]) -> list[list[str]]:
    """Steps split before each pooling, so that a block begins with the pooling that makes it small."""
    blocks: list[list[str]] = [[]]
    for step in steps:
        if step.startswith("pool"):
            blocks.append([])
        blocks[-1].append(step)
    return blocks
