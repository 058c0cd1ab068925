"""What a preset is."""

from __future__ import annotations

from dataclasses import dataclass

from impasto.optimize.settings import Settings


@dataclass(frozen=True)
class Preset:
    """A published recipe.

    Attributes:
        name: what users type.
        title: one line that says what it is.
        source: the paper or page, with its address.
        notes: where the source leaves something open, what was taken instead.
        settings: the recipe itself; vary it with `dataclasses.replace`.
    """

    name: str
    title: str
    source: str
    notes: str
    settings: Settings
