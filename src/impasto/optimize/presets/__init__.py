"""Presets: published recipes as data, one file each.

To add one, write a file with a `PRESET` and add its name to `_FILES`.

A preset's objective is the recipe's own (`tests/optimize/test_presets.py` holds each against its formula). Three things
stay ours, for every preset alike: how pictures are resized; that the best picture seen is returned, not the last; that
L-BFGS goes back to that picture when a step throws it far off.
"""

from __future__ import annotations

import importlib

from impasto.errors import UnknownNameError
from impasto.optimize.presets.base import Preset

__all__ = ["Preset", "find_preset", "presets"]

_FILES = (
    "gatys",
    "keras_guide",
    "tensorflow_tutorial",
    "tf2_painting",
    "pytorch_guide",
)


def presets() -> list[Preset]:
    """All presets, in the order in which they are shown."""
    return [importlib.import_module(f"{__name__}.{file}").PRESET for file in _FILES]


def find_preset(name: str) -> Preset:
    """The preset called `name`, upper or lower case, with hyphens or underscores.

    Raises:
        UnknownNameError: no such preset; suggests near ones.
    """
    by_name = {preset.name: preset for preset in presets()}
    wanted = name.strip().lower().replace("_", "-")
    if wanted not in by_name:
        raise UnknownNameError("preset", name, by_name)
    return by_name[wanted]
