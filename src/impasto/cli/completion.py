"""What the shell offers after Tab. Nothing here imports torch: a completion must come at once."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable


def complete_style(incomplete: str) -> list[str]:
    """Names of procedural styles; where none fits, the shell goes on with file names."""
    from impasto import styles

    return _beginning(styles.names(), incomplete)


def complete_encoder(incomplete: str) -> list[str]:
    from impasto.features.sources import PUBLISHED, SHIPPED

    return _beginning([SHIPPED, *PUBLISHED], incomplete)


def complete_published(incomplete: str) -> list[str]:
    from impasto.features.sources import PUBLISHED

    return _beginning(PUBLISHED, incomplete)


def complete_preset(incomplete: str) -> list[str]:
    from impasto.optimize import presets

    # A preset's file bears its name; the presets themselves import torch.
    files = (module.name for module in pkgutil.iter_modules(presets.__path__) if module.name != "base")
    return _beginning((file.replace("_", "-") for file in files), incomplete)


def complete_quality(incomplete: str) -> list[str]:
    from impasto.painting import QUALITIES

    return _beginning(QUALITIES, incomplete)


def _beginning(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]
