"""The options of `impasto paint` are the painters' settings: no default and no type of their own."""

from __future__ import annotations

import inspect
from typing import Literal, get_args, get_origin, get_type_hints

import pytest
import typer

from impasto.cli.paint import paint
from impasto.cli.settings_options import BEST, FAST, FAST_ALONE, OPTIONS, RECIPE, WORK, SettingOption, parse_size
from impasto.errors import UsageError
from impasto.optimize.settings import Settings
from impasto.qualities import QUALITIES, fast_setting_types
from impasto.recipe import LOSS_SETTINGS, setting_types
from impasto.records import field_defaults
from impasto.runtime.fast import FastSettings

PARAMETERS = inspect.signature(paint).parameters
DEFAULTS = {**field_defaults(FastSettings), **field_defaults(Settings)}
TYPES = {**get_type_hints(FastSettings), **get_type_hints(Settings, localns={"Loss": object})}


def option_of(name: str) -> typer.models.OptionInfo:
    return PARAMETERS[name].annotation.__metadata__[0]  # type: ignore[no-any-return]


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_no_option_has_a_default_of_its_own(option: SettingOption) -> None:
    # None means "not typed": then the preset's value, or that of Settings, holds.
    assert PARAMETERS[option.name].default is None
    assert option.name in DEFAULTS or option.name in {*LOSS_SETTINGS, "model"}


@pytest.mark.parametrize("name", [o.name for o in OPTIONS if DEFAULTS.get(o.name) not in (None, False)])
def test_help_tells_the_default_of_settings(name: str) -> None:
    assert option_of(name).show_default == str(DEFAULTS[name])


@pytest.mark.parametrize("option", [o for o in OPTIONS if o.name in DEFAULTS], ids=lambda option: option.name)
def test_types_are_those_of_settings(option: SettingOption) -> None:
    setting = TYPES[option.name]
    typed = set(get_args(PARAMETERS[option.name].annotation.__origin__)) - {type(None)}
    parts = set(get_args(setting)) - {type(None)} if get_origin(setting) not in (None, Literal) else {setting}
    expected = {part if part in (int, float, bool) else str for part in parts}
    assert typed == ({str} if option.parse else expected)


def test_every_choice_is_offered() -> None:
    for name, hint in setting_types().items():
        if get_origin(hint) is Literal and name in PARAMETERS and name != "start":
            assert option_of(name).metavar == "|".join(get_args(hint))


def test_options_that_every_recipe_needs_are_there() -> None:
    # What is left out belongs to the recipes of presets: fine print of the optimisers.
    left_out = {*setting_types(), *fast_setting_types()} - set(PARAMETERS)
    assert left_out <= {"losses", "betas", "epsilon", "epsilon_hat", "history", "pixel_range"}


def test_size_is_a_long_side_or_both() -> None:
    assert parse_size("640") == 640
    assert parse_size("640x480") == parse_size("640X480") == parse_size("640×480") == (640, 480)
    for word in ("", "big", "640x", "640x480x3", "-5", "6.5"):
        with pytest.raises(UsageError, match="can't be understood"):
            parse_size(word)


def test_each_panel_holds_what_its_qualities_have() -> None:
    qualities = {
        FAST_ALONE: ("fast",),
        FAST: ("fast", "fine"),
        BEST: ("best",),
        WORK: ("fine", "best"),
        RECIPE: ("fine", "best"),
    }
    for option in OPTIONS:
        if option.panel in qualities:
            having = {name for name, quality in QUALITIES.items() if option.name in quality.settings()}
            assert having == set(qualities[option.panel]), option.name
