"""Records (dataclasses) from what a user gave: names checked with did-you-mean, values against the fields' own
types."""

from __future__ import annotations

import math
import numbers
import types
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, fields
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from impasto.errors import UnknownNameError, UsageError, shortened

_WORDS = {int: "a whole number", float: "a number", str: "a text", bool: "true or false", type(None): "nothing"}
_UNIONS = (Union, types.UnionType)


def field_types(record: type, **names: Any) -> dict[str, Any]:
    """The annotations of a dataclass, resolved; `names` stand in for those that only type checkers import."""
    return get_type_hints(record, localns=names)


def field_defaults(record: type) -> dict[str, Any]:
    """Default by field name; fields whose default is made by a factory, or that have none, are left out."""
    return {f.name: f.default for f in fields(record) if f.default is not MISSING}


def checked(
    hints: Mapping[str, Any], given: Mapping[str, Any], *, kind: str, others: Iterable[str] = ()
) -> dict[str, Any]:
    """`given` with every value brought to the type that `hints` name for it (a list to a tuple, an int to a float).

    Args:
        hints: annotations by name, as of `field_types`.
        given: values by name.
        kind: what messages call such a name: "setting".
        others: names that are allowed too; their values pass as they are.

    Raises:
        UnknownNameError: for a name that is in neither.
        UsageError: for a value of another type.
    """
    known = {*hints, *others}
    for name in given:
        if name not in known:
            raise UnknownNameError(kind, name, known)
    return {name: conform(value, hints[name], name) if name in hints else value for name, value in given.items()}


def check_ranges(record: Any, ranges: Mapping[str, tuple[float, float]]) -> None:
    """See that the fields of a dataclass instance that `ranges` names lie between the two bounds, or are None; of a
    tuple, every number in it.

    Raises:
        UsageError: the first that does not.
    """
    defaults = field_defaults(type(record))
    for name, (low, high) in ranges.items():
        for value in flat(getattr(record, name)):
            # `not (low <= value <= high)` also refuses NaN.
            if value is not None and not low <= value <= high:
                bounds = f"at least {low:g}" if high == math.inf else f"between {low:g} and {_plain(high)}"
                default = defaults.get(name)
                hint = "Leave it out if in doubt" + ("." if default is None else f": the default is {default}.")
                what = f"{name.replace('_', ' ')} is {shortened(str(value))}"
                raise UsageError(f"{what}; it must be {bounds}.", hint=hint)


def flat(value: Any) -> Iterator[Any]:
    """All that tuples within tuples hold; a value that is none, itself."""
    if isinstance(value, tuple):
        for item in value:
            yield from flat(item)
    else:
        yield value


def _plain(number: float) -> str:
    return str(int(number)) if number == int(number) else f"{number:g}"


def conform(value: Any, kind: Any, name: str) -> Any:
    """`value` as an instance of the annotation `kind`: of int, float, str, bool, None, Literal, unions and tuples of
    these.

    What any other annotation says is not looked at.

    Raises:
        UnknownNameError: a word that is none of the choices, with near ones.
        UsageError: it cannot be one for another reason.
    """
    parts = get_args(kind) if get_origin(kind) in _UNIONS else (kind,)
    for part in parts:
        fits, result = _fit(value, part)
        if fits:
            return result
    words = [word for part in parts if get_origin(part) is Literal for word in get_args(part)]
    if words and isinstance(value, str):
        raise UnknownNameError(name.replace("_", " "), value, words)
    raise UsageError(
        f"{name.replace('_', ' ')} is {shortened(repr(value))}; it must be {describe(kind)}.",
        hint="Leave it out if in doubt.",
    )


def describe(kind: Any) -> str:
    """An annotation in words: "a whole number or nothing"."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin in _UNIONS:
        return " or ".join(describe(choice) for choice in inner)
    if origin is Literal:
        return " or ".join(repr(choice) for choice in inner)
    if origin is tuple:
        return f"a list, each {describe(inner[0])}" if inner[-1] is ... else f"a list of {len(inner)}"
    return _WORDS.get(kind, "something else")


def _fit(value: Any, kind: Any) -> tuple[bool, Any]:
    """Whether `value` can stand for `kind`, and as what."""
    if get_origin(kind) is Literal:
        return value in get_args(kind), value
    if get_origin(kind) is tuple:
        return _fit_tuple(value, get_args(kind))
    if kind in (int, float):
        # bool is a number to Python, but `iterations = true` is a mistake. NumPy's numbers are welcome.
        number = numbers.Integral if kind is int else numbers.Real
        fits = isinstance(value, number) and not isinstance(value, bool)
        try:
            return fits, kind(value) if fits else value
        except OverflowError:  # a whole number beyond all floats
            return False, value
    return kind not in _WORDS or isinstance(value, kind), value


def _fit_tuple(value: Any, inner: tuple[Any, ...]) -> tuple[bool, Any]:
    if not isinstance(value, list | tuple):
        return False, value
    kinds = inner[:1] * len(value) if inner[-1] is ... else inner
    if len(kinds) != len(value):
        return False, value
    fitted = [_fit(item, kind) for item, kind in zip(value, kinds, strict=True)]
    return all(fits for fits, _ in fitted), tuple(item for _, item in fitted)
