"""The shapes of encoders as data.

Of VGG-like ones: how many channels each convolution of each block puts out. All are 3×3 convolutions followed by ReLU,
with 2×2 pooling (stride 2) between blocks: Simonyan & Zisserman 2014, "Very Deep Convolutional Networks for Large-Scale
Image Recognition", table 1 (D = VGG-16, E = VGG-19).

Of small ones made of inverted residuals: how wide they are, as a multiple of MobileNetV2.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Convolution:
    """One convolution of an encoder, of `size` × `size`; `name` is its VGG name, such as `conv4_2`."""

    name: str
    inputs: int
    outputs: int
    size: int = 3


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


def scaled(channels: int, width: float, *, multiple: int = 8) -> int:
    """Channels times a width multiplier (Sandler et al. 2018, §4): the nearest multiple of 8, but no less than 90 % of
    what was asked for, as in the authors' own code.
    """
    wanted = channels * width
    near = max(multiple, int(wanted + multiple / 2) // multiple * multiple)
    return near + multiple if near < 0.9 * wanted else near


@dataclass(frozen=True)
class Bottleneck:
    """One inverted residual; `expansion`: how many times as wide as its input it is within."""

    inputs: int
    outputs: int
    expansion: int


# Of MobileNetV2 (Sandler et al. 2018, "MobileNetV2: Inverted Residuals and Linear Bottlenecks", table 2), by size of
# the maps: expansion, channels and number of blocks. Its last rows, which serve classification, are left out.
_STEM = 32
_TABLE = (((1, 16, 1),), ((6, 24, 2),), ((6, 32, 3),), ((6, 64, 4), (6, 96, 3)), ((6, 160, 3),))


@dataclass(frozen=True)
class MobileArchitecture:
    """An encoder with MobileNetV2's blocks and a VGG's layers: from what the blocks of each size of maps put out, a 1×1
    convolution, `convB_1`, makes the features `reluB_1`.

    Ours: sizes are halved by pooling between the blocks, as a VGG's are, not by strides in them; and there is one more
    size at the beginning, as style is read at the picture's own size too, so that the blocks see maps twice as large as
    in the paper.

    Attributes:
        outputs: channels of `relu1_1`, `relu2_1`, …
        width: the multiplier of the channels in the blocks.
    """

    outputs: tuple[int, ...]
    width: float = 1.0

    @property
    def stem(self) -> int:
        """Channels that the first convolution, of 3×3, puts out."""
        return scaled(_STEM, self.width)

    def stages(self) -> list[list[Bottleneck]]:
        """The blocks by size of the maps."""
        stages, inputs = [], self.stem
        for rows in _TABLE[: len(self.outputs)]:
            stage = []
            for expansion, channels, count in rows:
                for _ in range(count):
                    stage.append(Bottleneck(inputs, scaled(channels, self.width), expansion))
                    inputs = stage[-1].outputs
            stages.append(stage)
        return stages

    def convolutions(self) -> Iterator[Convolution]:
        for n, (stage, outputs) in enumerate(zip(self.stages(), self.outputs, strict=True), 1):
            yield Convolution(f"conv{n}_1", stage[-1].outputs, outputs, size=1)

    def layers(self) -> list[str]:
        """Names of all layers in the order in which they are computed: conv1_1, relu1_1, pool1, conv2_1, …"""
        names = [name for n in range(1, len(self.outputs) + 1) for name in (f"conv{n}_1", f"relu{n}_1", f"pool{n}")]
        return names[:-1]

    def channels(self, layer: str) -> int:
        """Channel count of a layer given by canonical name."""
        stage = int(layer[4]) - 1
        return self.stages()[stage][-1].outputs if layer.startswith("pool") else self.outputs[stage]


VGG16 = Architecture(((64, 64), (128, 128), (256,) * 3, (512,) * 3, (512,) * 3))
VGG19 = Architecture(((64, 64), (128, 128), (256,) * 4, (512,) * 4, (512,) * 4))
# Our own, as deep as VGG-19. Its style and content layers are as wide as what is alive in the network it learns from
# (the rest is 0 on every picture); the layers between them a little wider than that.
LITE = Architecture(((16, 16), (27, 32), (59, 48, 48, 48), (77, 78, 80, 120), (99,)))

ARCHITECTURES: Mapping[str, Architecture] = {"vgg16": VGG16, "vgg19": VGG19, "lite": LITE}
