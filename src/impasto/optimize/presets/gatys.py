"""Gatys, Ecker & Bethge 2015 and 2016: the first neural style transfer."""

from __future__ import annotations

from impasto.losses.content import ContentLoss
from impasto.losses.style import GramLoss
from impasto.optimize.presets.base import Preset
from impasto.optimize.settings import Settings

# The papers write conv4_2 and mean its activation: eq. 2 and 6 have no gradient where it is below zero, and the code
# that the authors released takes the output of the ReLU. So it is relu4_2 here.
_STYLE = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")

PRESET = Preset(
    name="gatys",
    title="Gatys, Ecker & Bethge: content conv4_2, style conv1_1 … conv5_1, average pooling, L-BFGS from noise",
    source=(
        "Gatys, Ecker & Bethge, A Neural Algorithm of Artistic Style, 2015, https://arxiv.org/abs/1508.06576, and "
        "Image Style Transfer Using Convolutional Neural Networks, CVPR 2016, https://doi.org/10.1109/CVPR.2016.265"
    ),
    notes=(
        "α/β is 1e-3, as in most of their figures. Their VGG-19 was rescaled to a mean activation of 1, which weakens "
        "the style against vgg19 as published; give such a file as the encoder to have theirs. The papers tell neither "
        "steps (500) nor the memory of L-BFGS (100): both are those of their PyTorch code."
    ),
    settings=Settings(
        losses=(
            ContentLoss({"relu4_2": 1.0}, weight=1.0, error="half_sum"),  # α, eq. 1 and 7
            GramLoss(dict.fromkeys(_STYLE, 1 / 5), weight=1e3, error="gatys"),  # β, eq. 3 to 5
        ),
        encoder="vgg19",
        pooling="average",
        padding="zero",
        size=512,
        style_size="same",
        scales=1,
        margin=0,
        iterations=500,
        patience=0,
        start="noise",
        optimizer="lbfgs",
        history=100,
        domain="free",
        pixel_range=255,
        precision="float32",
    ),
)
