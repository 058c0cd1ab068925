"""What a key may be for."""

from __future__ import annotations

from typing import Literal

Scope = Literal["orders", "styles", "metrics"]
