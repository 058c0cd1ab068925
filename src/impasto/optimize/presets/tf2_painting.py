"""The TensorFlow 2 painting recipe: the tutorial's layers, other weights, total variation, two sizes."""

from __future__ import annotations

from impasto.losses.content import ContentLoss
from impasto.losses.style import GramLoss
from impasto.losses.total_variation import TotalVariationLoss
from impasto.optimize.presets.base import Preset
from impasto.optimize.settings import Settings

_STYLE = ("block1_conv1", "block2_conv1", "block3_conv1", "block4_conv1", "block5_conv1")

PRESET = Preset(
    name="tf2-painting",
    title="TensorFlow 2 painting: 1e3 content + 1e2 style / 4C² + 30 TV, Adam 2.0 · 0.99ᵗ, 256 then 512",
    source=(
        "Variants of the TensorFlow tutorial, https://www.tensorflow.org/tutorials/generative/style_transfer, that "
        "keep the divisor 4·C² of Gatys et al. 2016, eq. 4"
    ),
    notes=(
        "The style term is the tutorial's (mean square, averaged over the five layers) over 4·C². Total variation is "
        "tf.image.total_variation of the picture in [0, 1], as in the tutorial, whose weight of 30 it has. A learning "
        "rate of 2 means pixels in 0–255. The rate falls at each step and starts again at each size; after 300 steps "
        "it is a tenth of a grey level."
    ),
    settings=Settings(
        losses=(
            ContentLoss({"block5_conv2": 1.0}, weight=1e3, error="mean"),
            GramLoss(dict.fromkeys(_STYLE, 1 / 5), weight=1e2, error="mean_by_channels"),
            TotalVariationLoss(weight=30.0, kind="absolute", reduction="sum"),
        ),
        encoder="vgg19",
        pooling="max",
        padding="zero",
        size=512,
        style_size="long_side",
        scales=2,  # each half the next: 256, 512
        margin=0,
        iterations=300,
        coarse_iterations=300,
        patience=0,
        start="content",
        optimizer="adam",
        learning_rate=2.0,
        epsilon=1e-7,  # TensorFlow's default
        epsilon_hat=True,
        schedule="exponential",
        decay=0.99,
        domain="clipped",
        pixel_range=255,
        precision="float32",
    ),
)
