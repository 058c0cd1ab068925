"""The qualities: ways of painting that users choose by name, each with its painter and its settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from impasto.errors import UnknownNameError, UsageError
from impasto.extras import needs_extra
from impasto.painters import Painter
from impasto.recipe import make_settings, setting_types
from impasto.records import checked, field_types

if TYPE_CHECKING:
    from impasto.optimize.settings import Settings
    from impasto.pictures import Picture
    from impasto.runtime.fast import FastSettings

_NOT_OF_FINE = ("scales", "coarsest", "coarse_iterations", "start", "model")
Check = Callable[[str | None, Mapping[str, Any]], object]
Make = Callable[[str | None, "Picture | None", Mapping[str, Any]], Painter[Any]]


@dataclass(frozen=True)
class Quality:
    """A way of painting.

    Attributes:
        name, summary: for users.
        takes_codes: whether it paints from style codes, or looks at the style pictures themselves.
        settings: types of its settings by name.
        check: raises what is wrong with the values of settings, given the preset and them.
        make: builds its painter from preset, start picture and settings.
        takes_recipes: whether it knows presets.
        uses_torch: whether it needs the studio extra.
    """

    name: str
    summary: str
    settings: Callable[[], Mapping[str, Any]]
    check: Check
    make: Make
    takes_codes: bool = False
    takes_recipes: bool = False
    uses_torch: bool = False


def fast_setting_types() -> dict[str, Any]:
    """The type of every setting of the fast painter, and of `model`, which names the network."""
    from impasto.runtime.fast import FastSettings

    return {**field_types(FastSettings), "model": str | None}


def fine_setting_types() -> dict[str, Any]:
    """The type of every setting of the default fast painter and of the optimisation that refines what it painted: that
    has one scale, and its own start.
    """
    both = {**fast_setting_types(), **setting_types()}
    return {name: kind for name, kind in both.items() if name not in _NOT_OF_FINE}


def _fast_settings(preset: str | None, given: Mapping[str, Any]) -> FastSettings:
    from impasto.runtime.fast import FastSettings

    own = {name: value for name, value in given.items() if name != "model"}
    return FastSettings(**checked(field_types(FastSettings), own, kind="setting"))


def _fast(preset: str | None, start: Picture | None, given: Mapping[str, Any]) -> Painter[Any]:
    from impasto.runtime.fast import SHIPPED, FastPainter

    settings = _fast_settings(preset, given)
    model = given.get("model")
    if model is None:
        return FastPainter(SHIPPED, settings)
    from impasto.runtime.opening import open_painter
    from impasto.runtime.registry import find_model

    return open_painter(find_model(model).path, settings)


def _fine_settings(preset: str | None, given: Mapping[str, Any]) -> tuple[FastSettings, Settings]:
    own = {name: value for name, value in given.items() if name in fast_setting_types()}
    rest = {name: value for name, value in given.items() if name not in own or name in ("size", "device", "seed")}
    own.pop("device", None)  # it is torch's that is meant; the fast pass takes what ONNX Runtime has
    with needs_extra("Painting with quality fine"):
        from impasto.optimize.fine import ITERATIONS
    fast = _fast_settings(preset, own)
    return fast, make_settings(**{"iterations": ITERATIONS, "style_scale": fast.brush, **rest})


def _fine(preset: str | None, start: Picture | None, given: Mapping[str, Any]) -> Painter[Any]:
    from impasto.runtime.fast import SHIPPED, FastPainter

    fast, settings = _fine_settings(preset, given)
    from impasto.optimize.fine import FinePainter

    return FinePainter(FastPainter(SHIPPED, fast), settings)


def _best_settings(preset: str | None, given: Mapping[str, Any]) -> Settings:
    return make_settings(preset, **given)


def _best(preset: str | None, start: Picture | None, given: Mapping[str, Any]) -> Painter[Any]:
    settings = _best_settings(preset, given)
    with needs_extra("Painting by optimisation"):
        from impasto.optimize.painter import OptimizationPainter
    return OptimizationPainter(settings, start=start)


_ALL = (
    Quality(
        "fast",
        "One pass through a small network: a blink, any size, no PyTorch.",
        fast_setting_types,
        _fast_settings,
        _fast,
        takes_codes=True,
    ),
    Quality(
        "fine",
        "The fast painting, refined by a few steps of optimisation: seconds.",
        fine_setting_types,
        _fine_settings,
        _fine,
        uses_torch=True,
    ),
    Quality(
        "best",
        "Optimises the picture itself (Gatys et al. 2016): minutes, and the finest there is.",
        setting_types,
        _best_settings,
        _best,
        takes_recipes=True,
        uses_torch=True,
    ),
)
QUALITIES: Mapping[str, Quality] = {quality.name: quality for quality in _ALL}
DEFAULT_QUALITY = "fast"


def find_quality(name: str) -> Quality:
    """
    Raises:
        UnknownNameError: no such quality.
    """
    if name.strip().lower() not in QUALITIES:
        raise UnknownNameError("quality", name, QUALITIES)
    return QUALITIES[name.strip().lower()]


def choose_quality(
    name: str | None,
    *,
    preset: str | None = None,
    start: object = None,
    settings: Mapping[str, Any],
    recording: Sequence[str] = (),
) -> Quality:
    """The quality of that name; without a name, `DEFAULT_QUALITY`, or the first that knows all that is asked for.

    Args:
        recording: what else is asked for that follows the steps of an optimisation.

    Raises:
        UnknownNameError: no such quality; a setting that none has.
        UsageError: a preset, a start or a setting that the quality of that name does not have.
    """
    known = {setting for quality in _ALL for setting in quality.settings()}
    for setting in settings:
        if setting not in known:
            raise UnknownNameError("setting", setting, known)
    recipe = [word for word, value in (("preset", preset), ("start", start)) if value is not None]
    chosen = [setting for setting, value in settings.items() if value is not None and setting != "threads"]
    asked = [*recipe, *recording, *(setting for setting in chosen if setting not in recipe)]
    if name is None:
        order = (QUALITIES[DEFAULT_QUALITY], QUALITIES["best"], QUALITIES["fine"])
        for quality in order:
            if not _lacking(quality, asked):
                return quality
        raise UsageError(
            f"No quality has all of these: {', '.join(asked).replace('_', ' ')}.",
            hint="`impasto paint --help` tells which settings go together; leave some out.",
        )
    quality = find_quality(name)
    for lacking in _lacking(quality, asked):
        others = [other.name for other in _ALL if lacking not in _lacking(other, [lacking])]
        raise UsageError(
            f"The quality {quality.name} has no {lacking.replace('_', ' ')}.",
            hint=f"Leave it out, or paint with quality {' or '.join(others)}.",
        )
    return quality


def _lacking(quality: Quality, asked: list[str]) -> list[str]:
    """Of the names of settings, presets and starts that are asked for, those that a quality does not have."""
    own = set(quality.settings())
    own |= {"preset"} if quality.takes_recipes else set()
    own |= {"report", "snapshot_every"} if quality.uses_torch else set()
    return [name for name in asked if name not in own]
