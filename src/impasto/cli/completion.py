"""What the shell offers after Tab. Nothing here imports torch: a completion must come at once."""

from __future__ import annotations

from collections.abc import Iterable


def complete_style(incomplete: str) -> list[str]:
    """Names of styles; where none fits, the shell goes on with file names."""
    from impasto.styles import registry, shelf

    return _beginning(sorted({*registry.names(), *shelf.names()}), incomplete)


def complete_drawn_style(incomplete: str) -> list[str]:
    """Names of procedural styles."""
    from impasto.styles import registry

    return _beginning(registry.names(), incomplete)


def complete_own_style(incomplete: str) -> list[str]:
    """Names of styles that the user has added."""
    from impasto.styles import shelf

    return _beginning(shelf.own_names(), incomplete)


def complete_encoder(incomplete: str) -> list[str]:
    from impasto.features.sources import PUBLISHED, SHIPPED

    return _beginning([SHIPPED, *PUBLISHED], incomplete)


def complete_published(incomplete: str) -> list[str]:
    from impasto.features.sources import PUBLISHED

    return _beginning(PUBLISHED, incomplete)


def complete_preset(incomplete: str) -> list[str]:
    import pkgutil

    from impasto.optimize import presets

    # A preset's file bears its name; the presets themselves import torch.
    files = (module.name for module in pkgutil.iter_modules(presets.__path__) if module.name != "base")
    return _beginning((file.replace("_", "-") for file in files), incomplete)


def complete_model(incomplete: str) -> list[str]:
    """Names of models; where none fits, the shell goes on with file names."""
    from impasto.runtime import registry

    return _beginning((entry.name for entry in registry.models()), incomplete)


def complete_own_model(incomplete: str) -> list[str]:
    """Names of models that the user has added."""
    from impasto.runtime import registry

    return _beginning((entry.name for entry in registry.models() if entry.kind == "own"), incomplete)


def complete_export(incomplete: str) -> list[str]:
    from impasto.cli.export import EXPORTERS

    return _beginning(EXPORTERS, incomplete)


def complete_quality(incomplete: str) -> list[str]:
    from impasto.qualities import QUALITIES

    return _beginning(QUALITIES, incomplete)


def _beginning(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]
