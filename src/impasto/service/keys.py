"""API keys: who may ask for what, and how much of it."""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any, get_args

from sqlalchemy import Connection, Engine, Row, delete, func, insert, select, update

from impasto.errors import ForbiddenError, KeyRefusedError, QuotaError, UnknownNameError
from impasto.service.orders import OPEN
from impasto.service.scopes import Scope
from impasto.service.tables import DAYS, KEYS, ORDERS

LOCAL = "local"  # who asks without a key, where none is needed
_PREFIX = "imp_"
_DAY = 86400.0


@dataclass(frozen=True)
class Client:
    """Who asks.

    Attributes:
        id: owner of the orders.
        name: for people.
        scopes: what it may do.
        per_minute: requests; None: any number, as for the others.
        open_orders: that may wait or be painted at once.
        per_day: orders.
    """

    id: str
    name: str
    scopes: tuple[Scope, ...] = get_args(Scope)
    per_minute: int | None = None
    open_orders: int | None = None
    per_day: int | None = None
    created: float = 0.0
    revoked: float | None = None

    def may(self, scope: Scope) -> None:
        """
        Raises:
            ForbiddenError: it may not.
        """
        if scope not in self.scopes:
            raise ForbiddenError(f"The key is not for {scope}.", hint="Ask the studio for another one.")


class Keys:
    """
    Args:
        engine: of the service's database.
        needed: whether requests without a key are refused.
    """

    def __init__(self, engine: Engine, *, needed: bool) -> None:
        self._engine, self.needed = engine, needed
        self._pace = _Pace()

    def add(
        self,
        name: str,
        *,
        scopes: Collection[str] | None = None,
        per_minute: int | None = None,
        open_orders: int | None = None,
        per_day: int | None = None,
    ) -> tuple[Client, str]:
        """A new key; what is returned beside is shown this once, and only its hash is kept.

        Args:
            name, scopes, per_minute, open_orders, per_day: see `Client`; no scopes: all.

        Raises:
            UnknownNameError: a scope that does not exist.
        """
        scopes = get_args(Scope) if scopes is None else scopes
        for scope in scopes:
            if scope not in get_args(Scope):
                raise UnknownNameError("scope", scope, get_args(Scope))
        secret = f"{_PREFIX}{secrets.token_urlsafe(32)}"
        identity = f"key_{secrets.token_hex(6)}"
        row = {
            "id": identity,
            "name": name,
            "digest": _digest(secret),
            "scopes": list(scopes),
            "per_minute": per_minute,
            "open_orders": open_orders,
            "per_day": per_day,
            "created": time.time(),
        }
        with self._engine.begin() as connection:
            connection.execute(insert(KEYS), row)
        return self.find(secret), secret

    def all(self) -> list[Client]:
        """All keys, the oldest first, revoked ones included."""
        with self._engine.connect() as connection:
            return [_as_client(row) for row in connection.execute(select(KEYS).order_by(KEYS.c.created))]

    def digest(self, identity: str) -> str | None:
        """The SHA-256 of a key in hexadecimal digits; None if there is none, as for `LOCAL`."""
        with self._engine.connect() as connection:
            found: str | None = connection.scalar(select(KEYS.c.digest).where(KEYS.c.id == identity))
        return found

    def revoke(self, identity: str) -> None:
        """From now on it is refused; its orders stay.

        Raises:
            UnknownNameError: no such key.
        """
        with self._engine.begin() as connection:
            live = (KEYS.c.id == identity, KEYS.c.revoked.is_(None))
            if not connection.execute(update(KEYS).where(*live).values(revoked=time.time())).rowcount:
                raise UnknownNameError("key", identity, [client.id for client in self.all() if client.revoked is None])

    def find(self, secret: str | None) -> Client:
        """Whose key it is.

        Raises:
            KeyRefusedError: nobody's, or none was given and one is needed.
        """
        if not secret:
            if self.needed:
                raise KeyRefusedError("An API key is needed.", hint="Send it: Authorization: Bearer imp_…")
            return Client(LOCAL, LOCAL)
        with self._engine.connect() as connection:
            row = connection.execute(select(KEYS).where(KEYS.c.digest == _digest(secret))).first()
        if row is None or row.revoked is not None:
            raise KeyRefusedError(
                "The API key is not known, or has been revoked.", hint="Ask the studio for a new one."
            )
        return _as_client(row)

    def count(self, client: Client) -> None:
        """One more request.

        Raises:
            QuotaError: too many in a minute.
        """
        if client.per_minute is not None:
            wait = self._pace.take(client.id, client.per_minute)
            if wait > 0:
                raise QuotaError(f"More than {client.per_minute} requests in a minute.", retry_after=wait)

    def check_orders(self, client: Client) -> None:
        """Whether one more order is within the client's limits now.

        Raises:
            QuotaError: it is not.
        """
        with self._engine.connect() as connection:
            _check_orders(connection, client)


def count_order(connection: Connection, client: Client) -> None:
    """One more order, in the transaction that places it, while no other of this client's is placed.

    Raises:
        QuotaError: it is beyond the client's limits.
    """
    ordered = _check_orders(connection, client)
    if client.per_day is not None:
        connection.execute(delete(DAYS).where(DAYS.c.owner == client.id))
        connection.execute(insert(DAYS), {"owner": client.id, "day": _day(time.time()), "orders": ordered + 1})


def _check_orders(connection: Connection, client: Client) -> int:
    """How many orders were counted today, if they are counted."""
    if client.open_orders is not None:
        own = (ORDERS.c.owner == client.id, ORDERS.c.state.in_(OPEN))
        count = connection.scalar(select(func.count()).select_from(ORDERS).where(*own)) or 0
        if count >= client.open_orders:
            raise QuotaError(f"{count} orders of this key are open already.", retry_after=5)
    if client.per_day is None:
        return 0
    now = time.time()
    counted = select(DAYS.c.orders).where(DAYS.c.owner == client.id, DAYS.c.day == _day(now))
    ordered = connection.scalar(counted) or 0
    if ordered >= client.per_day:
        wait = (_day(now) + 1) * _DAY - now
        raise QuotaError(f"{ordered} orders today: that is all for this key (UTC).", retry_after=wait)
    return ordered


def _day(now: float) -> int:
    """In days since 1970, UTC."""
    return int(now // _DAY)


@dataclass
class _Pace:
    """Buckets of requests, refilled evenly; in this process."""

    clock: Callable[[], float] = time.monotonic
    _left: dict[str, tuple[float, float]] = field(default_factory=dict)  # requests left, at that time
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, name: str, per_minute: int) -> float:
        """One request; how many seconds to wait for it, if the bucket is empty."""
        with self._lock:
            now = self.clock()
            left, then = self._left.get(name, (float(per_minute), now))
            left = min(per_minute, left + (now - then) * per_minute / 60)
            if left < 1:
                self._left[name] = left, now
                return (1 - left) * 60 / per_minute
            self._left[name] = left - 1, now
            return 0.0


def _digest(secret: str) -> str:
    # A plain hash: the secret is random and long, so that there is nothing to guess.
    return hashlib.sha256(secret.encode()).hexdigest()


def _as_client(row: Row[Any]) -> Client:
    values = {name: value for name, value in row._mapping.items() if name != "digest"}
    return Client(**{**values, "scopes": tuple(values["scopes"])})
