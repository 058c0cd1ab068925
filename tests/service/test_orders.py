from __future__ import annotations

from typing import Any

import pytest

from impasto.errors import ImpastoError, UnknownNameError, UsageError
from impasto.service.orders import OrderedStyle, OrderRequest, accepted, new_id

CONTENT = "0" * 64
DRAWN = (OrderedStyle(name="mosaic"),)
NAMED = (OrderedStyle(name="starry-night"),)


def test_requests_survive_json() -> None:
    styles = (OrderedStyle(name="mosaic", weight=0.3), OrderedStyle(file="1" * 64))
    request = OrderRequest(CONTENT, styles, settings={"strength": 0.8}, format="webp", jpeg_quality=80)
    again = OrderRequest.from_json(request.as_json())
    assert again == request
    assert again.fingerprint == request.fingerprint
    assert OrderRequest(CONTENT, NAMED).fingerprint != request.fingerprint


def test_orders_get_the_quality_that_knows_all_that_is_asked_for() -> None:
    asked = {"fast": {"strength": 0.5}, "best": {"iterations": 10}}
    for quality, settings in asked.items():
        assert accepted(OrderRequest(CONTENT, DRAWN, settings=settings)).quality == quality


def test_what_is_in_the_book_is_not_refused() -> None:
    """A release may know less than the one before it."""
    old = OrderRequest(CONTENT, NAMED, settings={"gone": 1})
    assert OrderRequest.from_json(old.as_json()) == old


def test_ids_are_long_and_never_the_same() -> None:
    ids = {new_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert {len(one) for one in ids} == {28}


@pytest.mark.parametrize(
    ("asked", "error", "says"),
    [
        ({"settings": {"device": "cuda"}}, UsageError, "device can't be chosen"),
        ({"settings": {"encoder": "/etc/passwd"}}, UsageError, "encoder can't be chosen"),
        ({"settings": {"model": "../secret.onnx"}}, UnknownNameError, "no model"),
        ({"settings": {"start": "/etc/passwd"}}, UnknownNameError, "no start"),
        ({"settings": {"strength": 7}}, UsageError, "strength"),
        ({"settings": {"strenght": 1}}, UnknownNameError, "strength"),
        ({"settings": {"strength": "much"}}, UsageError, "strength"),
        ({"settings": {"iterations": -1}, "styles": DRAWN}, UsageError, "iterations"),
        ({"quality": "fine", "settings": {"brush": 9}, "styles": DRAWN}, UsageError, "brush"),
        ({"quality": "best", "settings": {"strength": 1}, "styles": DRAWN}, UsageError, "has no strength"),
        ({"preset": "gatis"}, UnknownNameError, "gatys"),
        ({"quality": "best"}, UsageError, "needs a picture"),
        ({"quality": "bets"}, UnknownNameError, "best"),
        ({"format": "pgn"}, UnknownNameError, "png"),
        ({"format": "jpeg", "bit_depth": 16}, ImpastoError, "16 bits"),
        ({"styles": (OrderedStyle(name="starri-night"),)}, UnknownNameError, "starry-night"),
        ({"styles": (OrderedStyle(name="/etc/passwd"),)}, UnknownNameError, "no style"),
        ({"styles": (OrderedStyle(name="x" * 10_000),)}, UnknownNameError, "x…"),
        ({"styles": (OrderedStyle(),)}, UsageError, "either a name or a file"),
        ({"styles": (OrderedStyle(name="mosaic", weight=-1),)}, UsageError, "weight"),
        ({"styles": (OrderedStyle(name="mosaic", weight=float("nan")),)}, UsageError, "weight"),
        ({"styles": NAMED * 9}, UsageError, "More than 8"),
    ],
)
def test_what_does_not_fit_is_refused(asked: dict[str, Any], error: type[ImpastoError], says: str) -> None:
    with pytest.raises(error) as refused:
        accepted(OrderRequest(CONTENT, **{"styles": NAMED, **asked}))
    assert says in str(refused.value)
    assert len(str(refused.value)) < 2500
