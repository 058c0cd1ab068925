"""What clients see of orders and styles."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field

from impasto.qualities import DEFAULT_QUALITY
from impasto.service.orders import Order, State


class OrderView(BaseModel):
    """An order, as its owner sees it. Times are seconds since 1970."""

    id: str
    state: State
    styles: list[str] = Field(description="Names; empty for a picture or a code that came with the order.")
    quality: str
    created: float
    started: float | None
    finished: float | None
    fraction: float = Field(description="How much of it is painted, 0 to 1.")
    problem: dict[str, Any] | None = Field(description="Why it failed (RFC 9457).")
    facts: dict[str, Any] | None = Field(description="Size, seconds, and what the painter tells.")
    preview: str | None = Field(description="Where it can be seen small, once there is something to see.")
    result: str | None = Field(description="Where the painting is, once it is done.")


class StyleView(BaseModel):
    """A style that has a name."""

    name: str
    title: str = ""
    artist: str = ""
    year: str = ""
    own: bool = False
    code_only: Annotated[
        bool, Field(description="Of the studio's: there is no picture of it; for quality fast alone.")
    ] = False


class Problem(BaseModel):
    """What was wrong, and what to do (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    hint: str


def view(order: Order) -> OrderView:
    return OrderView(
        id=order.id,
        state=order.state,
        styles=[style.name or "" for style in order.request.styles],
        quality=order.request.quality or DEFAULT_QUALITY,
        created=order.created,
        started=order.started,
        finished=order.finished,
        fraction=order.fraction,
        problem=None if order.problem is None else dict(order.problem),
        facts=None if order.facts is None else dict(order.facts),
        preview=f"/v1/orders/{order.id}/preview" if order.preview else None,
        result=f"/v1/orders/{order.id}/result" if order.result else None,
    )
