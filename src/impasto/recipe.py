"""From names and values to `Settings`: a preset, and whatever was asked for by name on top of it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from impasto.errors import UsageError
from impasto.extras import needs_extra
from impasto.records import checked, field_types

if TYPE_CHECKING:
    from impasto.losses.base import Loss
    from impasto.optimize.settings import Settings

LOSS_SETTINGS: Mapping[str, Any] = {
    "content_weight": float,
    "style_weight": float,
    "tv_weight": float,
    "content_layers": object,
    "style_layers": object,
}
"""Settings that change a part of `Settings.losses` instead of replacing it; see `make_settings`."""


def setting_types() -> dict[str, Any]:
    """The type of every keyword that `make_settings` takes."""
    from impasto.optimize.settings import Settings

    return {**field_types(Settings, Loss=object), **LOSS_SETTINGS}


def make_settings(preset: str | None = None, **given: Any) -> Settings:
    """The settings of a preset (or our own), with those in `given` in place of the preset's.

    Args:
        preset: a name of `impasto presets`.
        given: fields of `Settings`, and five that reach into its losses: `content_weight`, `style_weight` and
            `tv_weight` (total variation), of which 0 leaves the loss out; `content_layers` and `style_layers`, a
            mapping from layer to share, or names of layers with equal shares. Shares are scaled to add up to what the
            weights of the replaced layers added up to, so that the weight of the loss keeps its meaning.

    Raises:
        UnknownNameError: a preset, a setting or a choice that does not exist.
        UsageError: a value out of range or of the wrong type.
        MissingExtraError: torch is not installed.
    """
    given = checked(setting_types(), given, kind="setting")
    changes = {name: given.pop(name) for name in LOSS_SETTINGS if given.get(name) is not None}
    with needs_extra("Painting by optimisation"):
        base = _base(preset)
        losses = _change_losses(given.pop("losses", base.losses), changes)
    return replace(base, losses=losses, **given)


def _base(preset: str | None) -> Settings:
    if preset is None:
        from impasto.optimize.settings import Settings

        return Settings()
    from impasto.optimize.presets import find_preset

    return find_preset(preset).settings


def _change_losses(losses: Sequence[Loss], changes: Mapping[str, Any]) -> tuple[Loss, ...]:
    from impasto.losses.content import ContentLoss
    from impasto.losses.moments import MomentsLoss
    from impasto.losses.style import GramLoss
    from impasto.losses.total_variation import TotalVariationLoss

    # The first of each is what a recipe without any gets.
    kinds: dict[str, tuple[type[Any], ...]] = {
        "content": (ContentLoss,),
        "style": (MomentsLoss, GramLoss),
        "tv": (TotalVariationLoss,),
    }
    for name, kind in kinds.items():
        weight, layers = changes.get(f"{name}_weight"), changes.get(f"{name}_layers")
        if weight is None and layers is None:
            continue
        if weight is not None and not (math.isfinite(weight) and weight >= 0):
            raise UsageError(
                f"{name} weight is {weight}; it must be 0 or a positive number.", hint="Leave it out if in doubt."
            )
        if not any(isinstance(loss, kind) for loss in losses):
            losses = [*losses, kind[0]()]
        losses = [_changed(loss, weight, layers, name) if isinstance(loss, kind) else loss for loss in losses]
        if weight == 0:
            losses = [loss for loss in losses if not isinstance(loss, kind)]
    return tuple(losses)


def _changed(loss: Any, weight: float | None, layers: Any, name: str) -> Any:
    if weight is not None:
        loss = replace(loss, weight=weight)
    if layers is not None:
        loss = replace(loss, layers=_shares(layers, sum(loss.layers.values()), name))
    return loss


def _shares(layers: Mapping[str, float] | Iterable[str], total: float, name: str) -> dict[str, float]:
    """Weights by layer, in the proportions of `layers`, that add up to `total`."""
    shares = dict(layers) if isinstance(layers, Mapping) else dict.fromkeys(layers, 1.0)
    if not shares or not all(math.isfinite(share) and share > 0 for share in shares.values()):
        raise UsageError(
            f"The shares of the {name} layers must be positive numbers, one for each layer.",
            hint="Leave a layer out that should count for nothing.",
        )
    return {layer: total * share / sum(shares.values()) for layer, share in shares.items()}
