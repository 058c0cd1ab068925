"""The small encoder: inverted residuals in place of a VGG's convolutions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from impasto.features.architectures import Architecture, MobileArchitecture
from impasto.features.encoder import Encoder, Pooling
from impasto.features.padding import Padding, pad
from impasto.networks.inverted_residual import InvertedResidual


class MobileEncoder(Encoder):
    """Feature maps of RGB pictures by layer name; see `Encoder` and `MobileArchitecture`.

        picture ─► stem ─► blocks ─┬─► pooling ─► blocks ─┬─► …
                                   └─► relu1_1            └─► relu2_1

    There is no batch normalisation: once trained, it would be part of the convolutions anyway.
    """

    def __init__(
        self,
        architecture: MobileArchitecture,
        *,
        layers: Iterable[str] | None = None,
        padding: Padding = "zero",
        pooling: Pooling = "max",
        name: str = "encoder",
    ) -> None:
        super().__init__(architecture, layers=layers, padding=padding, pooling=pooling, name=name)
        self.stem = nn.Conv2d(3, architecture.stem, 3)
        self.stages = nn.ModuleList(
            nn.Sequential(
                *(InvertedResidual(b.inputs, b.outputs, expansion=b.expansion, padding=padding) for b in stage)
            )
            for stage in architecture.stages()[: len(self.convolutions)]
        )

    def _apply_block(self, steps: Sequence[str], x: Tensor, wanted: Sequence[str]) -> tuple[Tensor, dict[str, Tensor]]:
        found: dict[str, Tensor] = {}
        for step in steps:
            if step.startswith("pool"):
                x = self._pool(x)
                if step in wanted:
                    found[step] = x
            elif step.startswith("conv"):
                stage = list(self.convolutions).index(step)
                x = self.stages[stage](x if stage else F.relu6(self.stem(pad(x, self.padding))))
                found |= self._features(step, x, wanted)
        return x, found

    def _features(self, step: str, x: Tensor, wanted: Sequence[str]) -> dict[str, Tensor]:
        """Those of a `convB_1` and its `reluB_1` that are wanted."""
        rectified = step.replace("conv", "relu")
        if step not in wanted and rectified not in wanted:
            return {}
        raw = self.convolution(step)(x)
        both = {step: raw, rectified: F.relu(raw)}
        return {name: features for name, features in both.items() if name in wanted}


def make_encoder(
    architecture: Architecture | MobileArchitecture,
    *,
    layers: Iterable[str] | None = None,
    padding: Padding = "zero",
    pooling: Pooling = "max",
    name: str = "encoder",
) -> Encoder:
    """An encoder of this architecture with random weights; see `Encoder`."""
    if isinstance(architecture, MobileArchitecture):
        return MobileEncoder(architecture, layers=layers, padding=padding, pooling=pooling, name=name)
    return Encoder(architecture, layers=layers, padding=padding, pooling=pooling, name=name)
