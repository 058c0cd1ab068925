"""The block of MobileNetV2.

Sandler et al. 2018, "MobileNetV2: Inverted Residuals and Linear Bottlenecks" (table 1, figure 3d): narrow features are
widened by a 1×1 convolution, looked at channel by channel by a 3×3 one, and narrowed by another 1×1 one. ReLUs cut at 6
follow the first two; after the third stands none, as a narrow layer would lose too much to it. Where input and output
are of one shape, the input is added. That is an eighth to a ninth of the arithmetic of a plain 3×3 convolution between
maps that are as wide as the widened ones.

Ours: what normalises is the caller's choice, where the paper has batch normalisation.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from impasto.features.padding import Padding, pad
from impasto.networks.modulation import Normalise


class InvertedResidual(nn.Module):
    """(B, inputs, H, W) → (B, outputs, H / stride, W / stride).

    Args:
        expansion: how many times as wide as its input it is within; at 1 nothing is widened, and no convolution does
            it.
        stride: 1 or 2, of the convolution in the middle.
        padding: what stands beyond the border for that.
    """

    def __init__(
        self, inputs: int, outputs: int, *, expansion: int = 6, stride: int = 1, padding: Padding = "zero"
    ) -> None:
        super().__init__()
        hidden = expansion * inputs
        self.padding, self.adds = padding, stride == 1 and inputs == outputs
        self.normalised = (*((hidden,) if expansion > 1 else ()), hidden, outputs)
        """Channels of what is normalised, in the order met."""
        self.expand = nn.Conv2d(inputs, hidden, 1) if expansion > 1 else None
        self.depthwise = nn.Conv2d(hidden, hidden, 3, stride, padding=int(padding == "zero"), groups=hidden)
        self.project = nn.Conv2d(hidden, outputs, 1)

    def forward(self, x: Tensor, normalise: Normalise = lambda x: x) -> Tensor:
        """
        Args:
            normalise: applied to what each convolution puts out.
        """
        inner = x if self.expand is None else F.relu6(normalise(self.expand(x)))
        around = inner if self.padding == "zero" else pad(inner, self.padding)
        inner = F.relu6(normalise(self.depthwise(around)))
        narrow = normalise(self.project(inner))
        return x + narrow if self.adds else narrow
