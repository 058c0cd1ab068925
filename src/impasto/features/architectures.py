"""The shapes of VGG-like encoders as data: how many channels each convolution of each block puts out.

All are 3×3 convolutions followed by ReLU, with 2×2 pooling (stride 2) between blocks:
Simonyan & Zisserman 2014, "Very Deep Convolutional Networks for Large-Scale Image Recognition", table 1 (D = VGG-16,
E = VGG-19).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Convolution:
    """One 3×3 convolution of an encoder; `name` is its VGG name, such as `conv4_2`."""

    name: str
    inputs: int
    outputs: int


@dataclass(frozen=True)
class Architecture:
    """A VGG-like encoder: `blocks[b][n]` is the channel count that convolution n+1 of block b+1 puts out."""

    blocks: tuple[tuple[int, ...], ...]

    def convolutions(self) -> Iterator[Convolution]:
        inputs = 3
        for b, block in enumerate(self.blocks, 1):
            for n, outputs in enumerate(block, 1):
                yield Convolution(f"conv{b}_{n}", inputs, outputs)
                inputs = outputs

    def layers(self) -> list[str]:
        """Names of all layers in the order in which they are computed: conv1_1, relu1_1, …, pool1, conv2_1, …"""
        names: list[str] = []
        for b, block in enumerate(self.blocks, 1):
            if b > 1:
                names.append(f"pool{b - 1}")
            for n in range(1, len(block) + 1):
                names += [f"conv{b}_{n}", f"relu{b}_{n}"]
        # An encoder cut inside a block ends there; a whole VGG ends with the pooling of its last block.
        return [*names, f"pool{len(self.blocks)}"]

    def channels(self, layer: str) -> int:
        """Channel count of a layer given by canonical name."""
        kind, place = layer[:4], layer[4:]
        if kind == "pool":
            return self.blocks[int(place) - 1][-1]
        block, number = place.split("_")
        return self.blocks[int(block) - 1][int(number) - 1]


VGG16 = Architecture(((64, 64), (128, 128), (256,) * 3, (512,) * 3, (512,) * 3))
VGG19 = Architecture(((64, 64), (128, 128), (256,) * 4, (512,) * 4, (512,) * 4))
# Our own, as deep as VGG-19. Its style and content layers are as wide as what is alive in the network it learns from
# (the rest is 0 on every picture); the layers between them a little wider than that.
LITE = Architecture(((16, 16), (27, 32), (59, 48, 48, 48), (77, 78, 80, 120), (99,)))

ARCHITECTURES: Mapping[str, Architecture] = {"vgg16": VGG16, "vgg19": VGG19, "lite": LITE}
