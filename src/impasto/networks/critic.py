"""Discriminators: networks that tell pictures of a domain from painted ones, patch by patch."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn


class PatchCritic(nn.Module):
    """Says of each patch how real it looks (Isola et al. 2017, §3.2.2 and appendix 6.1.2).

    4×4 convolutions with stride 2, as many as `layers`, each twice as wide as the one before up to 8 times the first;
    then two with stride 1; instance normalisation (Zhu et al. 2017) in all but the first and the last; leaky ReLUs of
    slope 0.2. With three layers a patch is of 70×70 pixels. Where there are style codes, they are compared to the
    features of each patch by a projection (Miyato & Koyama 2018, "cGANs with Projection Discriminator").

    Args:
        channels: of what it looks at.
        width: channels after the first layer; 64 in the papers.
        layers: see above.
        code: numbers of a style code, if it gets any.
    """

    def __init__(self, channels: int, *, width: int = 64, layers: int = 3, code: int = 0) -> None:
        super().__init__()
        widths = [channels, *(width * min(8, 2**n) for n in range(layers + 1))]
        strides = [2] * layers + [1]
        pairs = zip(widths[:-1], widths[1:], strides, strict=True)
        self.steps = nn.ModuleList([nn.Conv2d(a, b, 4, stride, padding=1) for a, b, stride in pairs])
        self.last = nn.Conv2d(widths[-1], 1, 4, padding=1)
        self.project = nn.Linear(code, widths[-1], bias=False) if code else None

    def forward(self, pictures: Tensor, codes: Tensor | None = None) -> Tensor:
        """
        Args:
            pictures: (B, C, H, W) in [0, 1].
            codes: (B, D).

        Returns:
            (B, 1, h, w): before any sigmoid.
        """
        x = 2 * pictures - 1
        for n, step in enumerate(self.steps):
            x = step(x)
            x = F.leaky_relu(F.instance_norm(x) if n else x, 0.2)
        verdict: Tensor = self.last(x)
        if self.project is not None and codes is not None:
            likeness = (x * self.project(codes).to(x.dtype)[:, :, None, None]).mean(1, keepdim=True)
            verdict = verdict + F.avg_pool2d(likeness, 4, 1, padding=1)
        return verdict
