"""The games of critics and painters by name; see `adversarial`."""

from __future__ import annotations

from typing import Literal

Objective = Literal["cross-entropy", "least-squares"]
