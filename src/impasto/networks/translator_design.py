"""How large a translator is; see `translator`."""

from __future__ import annotations

from dataclasses import dataclass

MULTIPLE = 4  # of the sides


@dataclass(frozen=True)
class TranslatorDesign:
    """
    Attributes:
        source, target: channels of the domains' pictures: 3 (RGB) or 1 (gray).
        full, half, quarter: channels at full size, 1/2 and 1/4.
        blocks: residual blocks, at 1/4.
    """

    source: int = 3
    target: int = 3
    full: int = 12
    half: int = 24
    quarter: int = 64
    blocks: int = 4
