"""Turns of orders in their lane: start-time fair queueing between owners (Goyal, Vin and Cheng, 1996).

Who has one order goes ahead of another's two hundredth, nobody waits for ever, and an owner's own orders keep their
sequence. An order's turn is where the lane is now, or where the owner's last order ends, if that is later; it ends as
much later as it costs.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, func, select, update

from impasto.service.lanes import Lane
from impasto.service.orders import OPEN
from impasto.service.tables import ORDERS, lock

_LAST = (1 << 31) - 2  # the queue's priorities end there; from then on, first come, first served


def take_turn(connection: Connection, order_id: str) -> tuple[Lane, int]:
    """Give an order, which this transaction has written, its turn after all that wait; its lane, and the turn."""
    row = connection.execute(select(ORDERS.c.owner, ORDERS.c.lane).where(ORDERS.c.id == order_id)).one()
    lane: Lane = row.lane
    lock(connection, f"{lane} {row.owner}")  # two of an owner's at once would get the same
    turn = min(_now(connection, lane, row.owner, but=order_id), _LAST)
    connection.execute(update(ORDERS).where(ORDERS.c.id == order_id).values(turn=turn))
    return lane, turn


def _now(connection: Connection, lane: Lane, owner: str, *, but: str) -> int:
    its, state = ORDERS.c, ORDERS.c.state
    columns: list[Any] = [
        func.max(its.turn).filter(state == "painting"),  # begun last: where the lane is
        func.min(its.turn).filter(state == "queued"),
        func.max(its.turn + its.cost).filter(its.owner == owner),
    ]
    others = (its.lane == lane, state.in_(OPEN), its.id != but)
    painting, queued, own = connection.execute(select(*columns).where(*others)).one()
    lane_at = next((turn for turn in (painting, queued) if turn is not None), 0)
    return int(max(lane_at, own or 0))
