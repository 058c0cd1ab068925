"""The PyTorch guide: sums for Gram matrices, Adam with a rate of 5."""

from __future__ import annotations

from impasto.losses.content import ContentLoss
from impasto.losses.style import GramLoss
from impasto.optimize.presets.base import Preset
from impasto.optimize.settings import Settings

_STYLE = ("relu1_2", "relu2_2", "relu3_2", "relu4_2")

PRESET = Preset(
    name="pytorch-guide",
    title="PyTorch guide: content relu4_2 · 0.1, style relu1_2 … relu4_2 · 1e6, un-normalised Gram, Adam 5, 500 steps",
    source=(
        "Guides to neural style transfer in PyTorch, after Neural Transfer Using PyTorch, "
        "https://docs.pytorch.org/tutorials/advanced/neural_style_tutorial.html"
    ),
    notes=(
        "Both errors are means of squares (mse_loss), the style's summed over its layers. Sums over locations need "
        "pictures of one size, so the style takes the painting's. A learning rate of 5 means pixels in 0–255. With "
        "--schedule cosine the rate falls to 0, the guide's variant."
    ),
    settings=Settings(
        losses=(
            ContentLoss({"relu4_2": 1.0}, weight=0.1, error="mean"),
            GramLoss(dict.fromkeys(_STYLE, 1.0), weight=1e6, error="mean", unnormalised=True),
        ),
        encoder="vgg19",
        pooling="max",
        padding="zero",
        size=512,
        style_size="same",
        scales=1,
        margin=0,
        iterations=500,
        patience=0,
        start="content",
        optimizer="adam",
        learning_rate=5.0,
        domain="free",
        pixel_range=255,
        precision="float32",
    ),
)
