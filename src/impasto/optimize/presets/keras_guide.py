"""The Keras guide: 0.7 content + 0.3 style on a square picture."""

from __future__ import annotations

from impasto.losses.content import ContentLoss
from impasto.losses.style import GramLoss
from impasto.optimize.presets.base import Preset
from impasto.optimize.settings import Settings

# Keras names; block5_conv2 there is the output of its ReLU.
_STYLE = ("block1_conv1", "block2_conv1", "block3_conv1", "block4_conv1", "block5_conv1")

PRESET = Preset(
    name="keras-guide",
    title="Keras guide: content block5_conv2, style block1_conv1 … block5_conv1, 0.7 : 0.3, 512×512, L-BFGS",
    source=(
        "Guides to neural style transfer in Keras with tf.linalg.einsum Gram matrices, after F. Chollet's example, "
        "https://keras.io/examples/generative/neural_style_transfer/"
    ),
    notes=(
        "Both errors are means of squares, the style's averaged over its five layers. Content and style are squeezed "
        "to 512×512. Steps: ten rounds of twenty, as in the first version of Chollet's example. SciPy's L-BFGS "
        "searches along each step; ours does not."
    ),
    settings=Settings(
        losses=(
            ContentLoss({"block5_conv2": 1.0}, weight=0.7, error="mean"),
            GramLoss(dict.fromkeys(_STYLE, 1 / 5), weight=0.3, error="mean"),
        ),
        encoder="vgg19",
        pooling="max",
        padding="zero",
        size=(512, 512),
        style_size="same",
        scales=1,
        margin=0,
        iterations=200,
        patience=0,
        start="content",
        optimizer="lbfgs",
        history=10,  # SciPy's default
        domain="free",
        pixel_range=255,
        precision="float32",
    ),
)
