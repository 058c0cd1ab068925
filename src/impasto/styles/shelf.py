"""The shelf: style codes by name, those that ship with Impasto and those that users add."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from impasto.errors import OutputExistsError, UnknownNameError, UnwritableOutputError, UsageError, WeightsFormatError
from impasto.home import impasto_home
from impasto.paths import is_file, is_folder
from impasto.styles import registry
from impasto.styles.code import StyleCode, from_json, load, save

SHIPPED = Path(__file__).resolve().parent.parent / "models" / "swift-styles.json"

NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")  # of styles and models
_SUFFIX = ".json"


def canonical(name: str) -> str:
    """A name as the shelf has it: `Starry_Night` is `starry-night`."""
    return name.strip().lower().replace("_", "-").replace(" ", "-")


def names() -> list[str]:
    """All names on the shelf, in alphabetical order."""
    return sorted({*_shipped(), *own_names()})


def own_names() -> list[str]:
    """Names that the user has added."""
    folder = own_folder()
    if not is_folder(folder):
        return []
    return sorted(file.stem for file in folder.glob(f"*{_SUFFIX}") if NAME.fullmatch(file.stem) and is_file(file))


def own_folder() -> Path:
    """Where added codes are kept; it need not exist yet."""
    return impasto_home() / "styles"


def find(name: str) -> StyleCode:
    """The code of that name; the user's own comes first.

    Raises:
        UnknownNameError: there is none, with near names.
        WeightsFormatError: its file is damaged.
    """
    wanted = canonical(name)
    if wanted in own_names():
        return load(_own_file(wanted))
    shipped = _shipped()
    if wanted not in shipped:
        raise UnknownNameError("style", name, names(), hint="`impasto styles` lists them.")
    return from_json(shipped[wanted], wanted)


def check_name(name: str, *, overwrite: bool = False) -> str:
    """The name as the shelf has it, if a code may be added under it.

    Raises:
        UsageError: a name with other characters than letters of the English alphabet, digits and hyphens.
        OutputExistsError: the name is taken: by one that ships, or by the user's own and `overwrite` is not set.
    """
    wanted = canonical(name)
    if not NAME.fullmatch(wanted):
        raise UsageError(f"A style can't be called {name!r}.", hint="Use letters a to z, digits and hyphens.")
    if wanted in _shipped() or wanted in registry.names():
        raise OutputExistsError(f"Impasto has a style {wanted!r} already.", hint="Choose another --name.")
    if is_file(_own_file(wanted)) and not overwrite:
        raise OutputExistsError(f"You have a style {wanted!r} already.", hint="Choose another --name, or --overwrite.")
    return wanted


def add(name: str, code: StyleCode, *, overwrite: bool = False) -> Path:
    """Put a code on the shelf and return its file.

    Raises:
        UsageError, OutputExistsError: see `check_name`.
        UnwritableOutputError: the folder can't be written to.
    """
    file = _own_file(check_name(name, overwrite=overwrite))
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        save(code, file)
    except OSError as error:
        raise UnwritableOutputError(
            f"The style can't be kept in {file.parent}: {error.strerror}.", hint="Set IMPASTO_HOME to another folder."
        ) from error
    return file


def remove(name: str) -> None:
    """Take one of the user's own codes off the shelf.

    Raises:
        UnknownNameError: the user has none of that name.
        UnwritableOutputError: its file can't be removed.
    """
    wanted = canonical(name)
    if wanted not in own_names():
        raise UnknownNameError("style of your own", name, own_names())
    try:
        _own_file(wanted).unlink(missing_ok=True)
    except OSError as error:
        raise UnwritableOutputError(f"{_own_file(wanted)} can't be removed: {error.strerror}.") from error


def _own_file(name: str) -> Path:
    return own_folder() / f"{name}{_SUFFIX}"


@cache
def _shipped() -> Mapping[str, Any]:
    """Entries by name, not decoded yet; none where no codes ship."""
    if not is_file(SHIPPED):
        return {}
    try:
        entries = json.loads(SHIPPED.read_text("utf-8"))
    except ValueError as error:
        raise WeightsFormatError(f"{SHIPPED.name} is damaged.", hint="Install Impasto anew.") from error
    return entries if isinstance(entries, dict) else {}
