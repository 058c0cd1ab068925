"""What an order is: what was asked for, checked, and how far it has come."""

from __future__ import annotations

import hashlib
import json
import math
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, get_args

from impasto.errors import MissingExtraError, UnknownNameError, UsageError, shortened
from impasto.pictures import QUALITY, format_of_name
from impasto.pictures.encode import check_encoding
from impasto.qualities import Quality, choose_quality
from impasto.records import checked
from impasto.service.lanes import Lane
from impasto.styles.shelf import canonical

State = Literal["queued", "painting", "done", "failed", "cancelled"]
OPEN: tuple[State, ...] = ("queued", "painting")

# Settings that are the studio's own business: files and devices of its machines, and how it divides its work.
_NOT_FOR_CLIENTS = {"device", "threads", "tile", "encoder", "losses", "checkpointing"}
_MOST_STYLES = 8


@dataclass(frozen=True)
class OrderedStyle:
    """A style and its weight: of a name, or of a picture or a code in the store.

    Exactly one of `name` and `file` is given.
    """

    name: str | None = None
    file: str | None = None
    weight: float = 1.0


@dataclass(frozen=True)
class OrderRequest:
    """What is to be painted; see `accepted` for what may be.

    Attributes:
        content: digest of the content picture.
        styles: of which at least one, unless the model has only one.
        quality, preset: see `impasto.paint`.
        settings: the rest of what `impasto.paint` takes, as far as clients may choose it.
        format: of the painting's file: a name or suffix of `FORMATS`; None: that of the content picture.
        jpeg_quality, bit_depth: see `write_picture`.
    """

    content: str
    styles: Sequence[OrderedStyle] = ()
    quality: str | None = None
    preset: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    format: str | None = None
    jpeg_quality: int = QUALITY
    bit_depth: int | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> OrderRequest:
        """What `as_json` gave."""
        styles = tuple(OrderedStyle(**style) for style in data["styles"])
        return cls(**{**data, "styles": styles})

    @property
    def fingerprint(self) -> str:
        """The same for the same request."""
        return hashlib.sha256(json.dumps(self.as_json(), sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Order:
    """An order as it stands in the book. Times are seconds since 1970.

    Attributes:
        id: long and random: who knows it may have been told it.
        owner: whose key it came with.
        problem: why it failed: `type`, `title`, `status`, `detail`, `hint`.
        fraction: how much of it is painted, 0 to 1.
        preview: digest of what it looks like so far.
        result, result_type: digest and media type of the painting.
        lane: in which it is painted.
    """

    id: str
    owner: str
    state: State
    request: OrderRequest
    created: float
    idempotency: str | None = None
    webhook: str | None = None
    result: str | None = None
    result_type: str | None = None
    facts: Mapping[str, Any] | None = None
    problem: Mapping[str, Any] | None = None
    attempts: int = 0
    fraction: float = 0.0
    preview: str | None = None
    started: float | None = None
    finished: float | None = None
    lane: Lane = "quick"

    @property
    def is_open(self) -> bool:
        return self.state in OPEN


def new_id() -> str:
    """Of an order: nobody guesses it."""
    return f"ord_{secrets.token_urlsafe(18)}"


def accepted(request: OrderRequest) -> OrderRequest:
    """A request of a client's, with the quality that it will be painted with.

    Only what clients ask for is checked, never what is in the book: an order lasts, whatever is refused tomorrow.

    Raises:
        UsageError, UnknownNameError: what does not fit, is not for clients to choose, or needs what is not installed.
    """
    check_count(len(request.styles))
    for kind, word in (("quality", request.quality), ("preset", request.preset)):
        if not isinstance(word, str | None):
            raise UsageError(f"The {kind} is no text.", hint="Leave it out if in doubt.")
    try:
        quality = _check_settings(request.quality, request.preset, request.settings)
    except MissingExtraError as error:  # the studio's business: clients can't install anything
        raise UsageError("This studio does not paint like that.", hint="Order the quality fast.") from error
    known = _style_names(request.settings.get("model"), codes=quality.takes_codes)
    for style in request.styles:
        _check_style(style, known, quality)
    if request.format is not None:
        form = format_of_name(shortened(request.format))
        check_encoding(form, quality=request.jpeg_quality, bit_depth=request.bit_depth)
    return replace(request, quality=quality.name)


def check_count(styles: int) -> None:
    """
    Raises:
        UsageError: these are too many styles.
    """
    if styles > _MOST_STYLES:
        raise UsageError(f"More than {_MOST_STYLES} styles.", hint="Blend fewer.")


def _check_settings(quality: str | None, preset: str | None, settings: Mapping[str, Any]) -> Quality:
    """The quality for settings that clients may choose, that go together and are in their ranges."""
    for name in settings:
        if name in _NOT_FOR_CLIENTS:
            raise UsageError(f"{name} can't be chosen here.", hint="Leave it out: the studio decides.")
    chosen = choose_quality(quality, preset=preset, settings=settings)
    values = checked(chosen.settings(), settings, kind="setting")
    chosen.check(preset, {name: value for name, value in values.items() if name != "start"})
    if settings.get("model") is not None:
        _check_model(str(settings["model"]))
    if isinstance(settings.get("start"), str):
        from impasto.optimize.settings import Start

        if settings["start"] not in get_args(Start):
            raise UnknownNameError("start", settings["start"], get_args(Start))
    return chosen


def _style_names(model: str | None, *, codes: bool) -> set[str]:
    """Names by which its painter knows styles: a model's own, or the drawn ones, and, if it takes codes, those of the
    shelf.
    """
    from impasto.runtime.registry import find_model
    from impasto.styles import registry, shelf

    own = [] if model is None else json.loads(find_model(model).metadata.get("styles", "[]"))
    return {str(name) for name in own} or {*(shelf.names() if codes else ()), *registry.names()}


def _check_style(style: OrderedStyle, known: Collection[str], quality: Quality) -> None:
    """Names only: a path would be one of the studio's own disk."""
    if (style.name is None) == (style.file is None):
        raise UsageError("A style is either a name or a file.", hint="Give one of them.")
    if style.name is not None and canonical(style.name) not in known:
        from impasto.styles import shelf

        if canonical(style.name) in shelf.names() and not quality.takes_codes:
            raise UsageError(
                f"The quality {quality.name} needs a picture of the style; of {canonical(style.name)} there is none.",
                hint="Send a picture of it, or order the quality fast.",
            )
        raise UnknownNameError("style", style.name, known)
    if not 0 < style.weight < math.inf:
        raise UsageError(f"The weight of a style is {style.weight}.", hint="It must be a positive number.")


def _check_model(name: str) -> None:
    """Names only: a path would be one of the studio's own disk."""
    from impasto.runtime.registry import models

    known = [entry.name for entry in models()]
    if name not in known:
        raise UnknownNameError("model", name, known)
