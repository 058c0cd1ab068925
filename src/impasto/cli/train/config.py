"""Settings of trainings: from a TOML file, with flags in place of what it says."""

from __future__ import annotations

import tomllib
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from impasto.errors import UsageError
from impasto.records import checked, field_types

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

S = TypeVar("S", bound="DataclassInstance")


def make_settings(kind: type[S], config: Path | None, flags: dict[str, Any]) -> S:
    """Settings of a kind from a TOML file, with those `flags` that are not None in place of what it says.

    Raises:
        UsageError: the file cannot be read or is not TOML; a value of the wrong type or out of range.
        UnknownNameError: a key that is no setting, with near ones.
    """
    given = _read_toml(config) if config else {}
    given |= {name: value for name, value in flags.items() if value is not None}
    return kind(**checked(field_types(kind), given, kind="training setting"))


def as_toml(settings: DataclassInstance) -> str:
    """All settings, one a line, as `--config` reads them."""
    values = asdict(settings)
    return "".join(f"{f.name} = {_toml(values[f.name])}\n" for f in fields(settings))


def _toml(value: Any) -> str:
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_toml, value))}]"
    return str(value).lower() if isinstance(value, bool) else repr(value)


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UsageError(
            f"The settings {str(path)!r} can't be read: {error.strerror}.", hint="See --config."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path.name} is not TOML: {error}.", hint="--print-config shows what it looks like."
        ) from error
