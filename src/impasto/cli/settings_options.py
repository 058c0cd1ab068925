"""Options that are settings of the painters: type, default and choices come from there; the command line adds only
words."""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import typer

from impasto.cli.completion import complete_encoder, complete_model
from impasto.cli.style_words import layer_shares
from impasto.errors import UsageError
from impasto.optimize.settings import Settings
from impasto.qualities import fast_setting_types, fine_setting_types
from impasto.recipe import setting_types
from impasto.records import field_defaults

PICTURES, MACHINE = "Pictures", "Machine"
FAST_ALONE, FAST, BEST = "Quality fast", "Qualities fast and fine", "Quality best"
WORK, RECIPE = "Qualities fine and best: how long", "Qualities fine and best: recipe"


@dataclass(frozen=True)
class SettingOption:
    """One option.

    Attributes:
        name: the setting's.
        panel: under which heading the help shows it.
        help: what it does.
        default: what the help tells instead of the setting's own default.
        metavar: what stands for the value in the help; None: choices or the type.
        takes: what typer reads; None: the setting's own type.
        parse: turns what typer read into the setting's value.
        complete: what the shell offers.
    """

    name: str
    panel: str
    help: str
    default: str | None = None
    metavar: str | None = None
    takes: Any = None
    parse: Callable[[Any], Any] | None = None
    complete: Callable[[str], list[str]] | None = None

    @property
    def flag(self) -> str:
        """`--style-layer` for the setting `style_layers`, which is given layer by layer."""
        name = self.name.removesuffix("s") if self.takes == list[str] else self.name
        return "--" + name.replace("_", "-")


def parse_size(word: str) -> int | tuple[int, int]:
    """`640` (the long side) or `640x480`.

    Raises:
        UsageError: anything else.
    """
    sides = word.lower().replace("×", "x").split("x")
    if len(sides) > 2 or not all(side.isascii() and side.isdigit() for side in sides):
        raise UsageError(
            f"The size {word!r} can't be understood.", hint="Give the long side (--size 640) or both (--size 640x480)."
        )
    return int(sides[0]) if len(sides) == 1 else (int(sides[0]), int(sides[1]))


def parse_frame_size(word: str) -> tuple[int, int]:
    """`640x480`.

    Raises:
        UsageError: anything else.
    """
    size = parse_size(word)
    if not isinstance(size, tuple):
        raise UsageError(f"The size of a frame is {word!r}.", hint="Give both sides: --raw 1280x720")
    return size


OPTIONS = (
    SettingOption("size", PICTURES, "Long side in pixels, or both sides.", "the content's", "N|WxH", str, parse_size),
    SettingOption(
        "model",
        FAST_ALONE,
        "Another network than the usual: see `impasto models`.",
        "swift",
        "NAME|FILE.onnx",
        complete=complete_model,
    ),
    SettingOption("strength", FAST, "0 is the photograph, 1 the style in full; up to 1.5."),
    SettingOption("brush", FAST, "Size of the style's marks, 0.5 to 2."),
    SettingOption(
        "tile", FAST, "Large pictures are painted in parts of so many pixels a side: less takes less memory.", "by size"
    ),
    SettingOption("iterations", WORK, "Steps at the full size.", "by size"),
    SettingOption("coarse_iterations", BEST, "Steps at each smaller size."),
    SettingOption("seconds", WORK, "Time for the whole painting; it comes out as good as that allows.", "no limit"),
    SettingOption("patience", WORK, "A scale ends early after so many steps with little gain; 0: never."),
    SettingOption("tolerance", WORK, "How little that is: the share by which all those steps lower the loss."),
    SettingOption("scales", BEST, "From coarse to fine in so many scales; 1: at full size at once.", "by size"),
    SettingOption("coarsest", BEST, "No scale has a smaller long side than this."),
    SettingOption("margin", WORK, "Pixels painted beyond the border, and cut off."),
    SettingOption("style_scale", RECIPE, "Size of the style's marks; 2 makes strokes twice as large."),
    SettingOption("style_size", RECIPE, "What the size of the style picture follows."),
    SettingOption("content_weight", RECIPE, "How much the content counts; 0 leaves it out.", "the preset's"),
    SettingOption("style_weight", RECIPE, "How much the style counts.", "the preset's"),
    SettingOption("tv_weight", RECIPE, "How much calm counts (total variation).", "the preset's"),
    SettingOption(
        "content_layers",
        RECIPE,
        "Where content is compared; repeatable.",
        "the preset's",
        "NAME[:SHARE]",
        list[str],
        layer_shares,
    ),
    SettingOption(
        "style_layers",
        RECIPE,
        "Where style is compared; repeatable.",
        "the preset's",
        "NAME[:SHARE]",
        list[str],
        layer_shares,
    ),
    SettingOption("start", BEST, "What the painting starts from.", metavar="content|style|noise|FILE"),
    SettingOption(
        "encoder", RECIPE, "The loss network: see `impasto weights`.", metavar="NAME|FILE", complete=complete_encoder
    ),
    SettingOption("pooling", RECIPE, "Pooling of the encoder."),
    SettingOption("padding", RECIPE, "Padding of the encoder.", "as it was trained"),
    SettingOption("optimizer", RECIPE, "What moves the picture."),
    SettingOption("learning_rate", RECIPE, "Length of its steps."),
    SettingOption("schedule", RECIPE, "How the learning rate falls."),
    SettingOption("decay", RECIPE, "Factor of each step, with an exponential schedule."),
    SettingOption("domain", RECIPE, "How pixels are kept in their range."),
    SettingOption("device", MACHINE, "auto, cpu, cuda; for best also cuda:1, mps."),
    SettingOption("precision", MACHINE, "Of the encoder's arithmetic; auto: bfloat16 where the processor has it."),
    SettingOption("checkpointing", MACHINE, "Less memory for more time."),
    SettingOption("seed", MACHINE, "Of all chance: another one, other strokes in plain areas."),
)


def takes_settings(command: Callable[..., None]) -> Callable[..., None]:
    """A command whose `**given` becomes the options of `OPTIONS`; it is called with those alone that were typed."""
    signature = inspect.signature(command, eval_str=True)
    own = [p for p in signature.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
    # The help shows panels in the order in which they first appear: what every user needs, our options, the rest.
    first = [p for p in own if not p.annotation.__metadata__[0].rich_help_panel]
    parameters = [*first, *(_parameter(option) for option in OPTIONS), *(p for p in own if p not in first)]
    parameters = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in parameters]

    @functools.wraps(command)
    def wrapper(**values: Any) -> None:
        typed = {o: values.pop(o.name) for o in OPTIONS}
        given = {o.name: o.parse(value) if o.parse else value for o, value in typed.items() if value not in (None, [])}
        command(**values, **given)

    wrapper.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    wrapper.__annotations__ = {p.name: p.annotation for p in parameters}
    return wrapper


def _parameter(option: SettingOption) -> inspect.Parameter:
    setting = _types()[option.name]
    kind = option.takes or _plain(setting)
    info = typer.Option(
        f"{option.flag}/--no-{option.flag[2:]}" if kind is bool else option.flag,
        help=option.help,
        metavar=option.metavar or "|".join(_choices(setting)) or None,
        rich_help_panel=option.panel,
        show_default=option.default or _default(option.name),
        autocompletion=option.complete or _offer(_choices(setting)),
    )
    # None for "not typed", so that a preset's own value is only replaced on demand.
    return inspect.Parameter(
        option.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind | None, info]
    )


def _alternatives(kind: Any) -> tuple[Any, ...]:
    return get_args(kind) if get_origin(kind) in (Union, types.UnionType) else (kind,)


def _choices(kind: Any) -> list[str]:
    return [choice for part in _alternatives(kind) if get_origin(part) is Literal for choice in get_args(part)]


def _plain(kind: Any) -> Any:
    """The type that typer reads: int, float, bool or str (choices are checked by `Settings`, which knows near ones)."""
    first = next(part for part in _alternatives(kind) if part is not type(None))
    return first if first in (int, float, bool) else str


@cache
def _types() -> dict[str, Any]:
    return {**setting_types(), **fine_setting_types(), **fast_setting_types()}


@cache
def _defaults() -> dict[str, Any]:
    from impasto.runtime.fast import FastSettings

    return {**field_defaults(FastSettings), **field_defaults(Settings)}


def _default(name: str) -> str | bool:
    default = _defaults()[name]
    return False if default is False else str(default)


def _offer(choices: list[str]) -> Callable[[str], list[str]] | None:
    return (lambda incomplete: [choice for choice in choices if choice.startswith(incomplete)]) if choices else None
