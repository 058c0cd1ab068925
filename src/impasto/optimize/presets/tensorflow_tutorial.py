"""The TensorFlow tutorial."""

from __future__ import annotations

from impasto.losses.content import ContentLoss
from impasto.losses.style import GramLoss
from impasto.optimize.presets.base import Preset
from impasto.optimize.settings import Settings

_STYLE = ("block1_conv1", "block2_conv1", "block3_conv1", "block4_conv1", "block5_conv1")

PRESET = Preset(
    name="tensorflow-tutorial",
    title="TensorFlow tutorial: content block5_conv2 · 1e4, style 1e-2 / 5, long side 512, Adam, 15 steps",
    source="TensorFlow Core tutorial, Neural style transfer, https://www.tensorflow.org/tutorials/generative/style_transfer",
    notes=(
        "Pixels in [0, 1], clipped after each step. Adam's ε is TensorFlow's ε̂. The style picture too has a long side "
        "of 512 pixels."
    ),
    settings=Settings(
        losses=(
            ContentLoss({"block5_conv2": 1.0}, weight=1e4, error="mean"),
            GramLoss(dict.fromkeys(_STYLE, 1 / 5), weight=1e-2, error="mean"),
        ),
        encoder="vgg19",
        pooling="max",
        padding="zero",
        size=512,
        style_size="long_side",
        scales=1,
        margin=0,
        iterations=15,
        patience=0,
        start="content",
        optimizer="adam",
        learning_rate=0.02,
        betas=(0.99, 0.999),
        epsilon=0.1,
        epsilon_hat=True,
        domain="clipped",
        precision="float32",
    ),
)
