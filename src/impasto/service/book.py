"""The book in which all orders stand, and the queue behind it, in one database."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from dbos import DBOS, DBOSClient
from sqlalchemy import Engine, Row, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from impasto.errors import BusyError, ConflictingOrderError, NoSuchOrderError, OrderStateError
from impasto.service.orders import OPEN, Order, OrderRequest, State, new_id
from impasto.service.settings import ServiceSettings
from impasto.service.tables import ORDERS, WORKERS, open_database

QUEUE, WORKFLOW, APPLICATION, VERSION = "painting", "paint_order", "impasto", "1"


class OrderBook:
    """
    Orders and their way through the queue stand in the same database, and change in the same transactions: an order is
    in the book if and only if it is in the queue.

    Args:
        settings: of the service.
    """

    def __init__(self, settings: ServiceSettings) -> None:
        self.settings = settings
        settings.data.mkdir(parents=True, exist_ok=True)
        DBOS.migrate(settings.database_url)
        self.engine: Engine = open_database(settings.database_url)
        self._client = DBOSClient(
            system_database_url=settings.database_url,
            system_database_engine=self.engine,
            application_name=APPLICATION,
        )
        self._client.register_queue(QUEUE, worker_concurrency=1, polling_interval_sec=0.1, on_conflict="always_update")

    def close(self) -> None:
        self._client.destroy()
        self.engine.dispose()

    # -- clients

    def place(
        self, request: OrderRequest, *, owner: str, idempotency: str | None = None, webhook: str | None = None
    ) -> tuple[Order, bool]:
        """A new order, or the one that came before with the same idempotency key, and whether it is new.

        Raises:
            BusyError: too many orders wait.
            ConflictingOrderError: the key came before with another request.
        """
        order = Order(new_id(), owner, "queued", request, time.time(), idempotency=idempotency, webhook=webhook)
        try:
            with self.engine.begin() as connection:
                if idempotency is not None:
                    before = self._by_key(connection, owner, idempotency)
                    if before is not None:
                        return _same(before, request), False
                waiting = connection.scalar(select(func.count()).where(ORDERS.c.state.in_(OPEN)))
                if waiting is not None and waiting >= self.settings.waiting:
                    raise BusyError(waiting)
                connection.execute(insert(ORDERS), _as_row(order))
                self._enqueue(connection, order)
        except IntegrityError:
            # Two requests with one key at once: the other one was sooner.
            with self.engine.connect() as connection:
                before = self._by_key(connection, owner, str(idempotency))
            if before is None:
                raise
            return _same(before, request), False
        return order, True

    def get(self, order_id: str, *, owner: str | None = None) -> Order:
        """
        Args:
            owner: None sees all.

        Raises:
            NoSuchOrderError: there is none of that id, or it is somebody else's.
        """
        with self.engine.connect() as connection:
            row = connection.execute(select(ORDERS).where(ORDERS.c.id == order_id)).first()
        if row is None or owner not in (None, row.owner):
            raise NoSuchOrderError()
        return _as_order(row)

    def orders(self, *, owner: str | None = None, state: State | None = None, most: int = 100) -> list[Order]:
        """The newest first."""
        query = select(ORDERS).order_by(ORDERS.c.created.desc()).limit(most)
        if owner is not None:
            query = query.where(ORDERS.c.owner == owner)
        if state is not None:
            query = query.where(ORDERS.c.state == state)
        with self.engine.connect() as connection:
            return [_as_order(row) for row in connection.execute(query)]

    def counts(self) -> dict[str, int]:
        """How many orders there are in each state."""
        with self.engine.connect() as connection:
            rows = connection.execute(select(ORDERS.c.state, func.count()).group_by(ORDERS.c.state))
            return {str(state): int(count) for state, count in rows}

    def cancel(self, order_id: str, *, owner: str | None = None) -> Order:
        """An open order is painted no further; one that has ended stays as it is.

        Raises:
            NoSuchOrderError
        """
        self.get(order_id, owner=owner)
        self._end(order_id, "cancelled", {})
        return self.get(order_id)

    def retry(self, order_id: str) -> Order:
        """Put an order that failed, or was cancelled, into the queue again.

        Raises:
            NoSuchOrderError: there is none of that id.
            OrderStateError: it is open, or done.
        """
        order = self.get(order_id)
        again = {"state": "queued", "problem": None, "attempts": 0, "fraction": 0.0, "started": None, "finished": None}
        with self.engine.begin() as connection:
            ended = ORDERS.c.state.in_(("failed", "cancelled"))
            changed = connection.execute(update(ORDERS).where(ORDERS.c.id == order_id, ended).values(**again))
            if not changed.rowcount:
                raise OrderStateError(
                    f"The order is {order.state}.", hint="Only failed and cancelled ones can be tried again."
                )
            self._enqueue(connection, order, f"{order_id}#{time.time_ns()}")
        return self.get(order_id)

    def purge(self, *, before: float) -> list[Order]:
        """Forget the orders that ended before a time, and return them."""
        old = (ORDERS.c.state.not_in(OPEN), ORDERS.c.finished < before)
        with self.engine.begin() as connection:
            gone = [_as_order(row) for row in connection.execute(select(ORDERS).where(*old))]
            connection.execute(delete(ORDERS).where(*old))
        return gone

    # -- workers

    def begin(self, order_id: str) -> Order | None:
        """The order, which is being painted from now on; None if it is no longer open."""
        with self.engine.begin() as connection:
            values = {"state": "painting", "started": time.time(), "attempts": ORDERS.c.attempts + 1}
            is_open = ORDERS.c.state.in_(OPEN)
            connection.execute(update(ORDERS).where(ORDERS.c.id == order_id, is_open).values(**values))
            row = connection.execute(select(ORDERS).where(ORDERS.c.id == order_id, is_open)).first()
        return None if row is None else _as_order(row)

    def advance(self, order_id: str, fraction: float, preview: str | None = None) -> bool:
        """Tell how far it is; whether it is still wanted."""
        values: dict[str, Any] = {"fraction": fraction} | ({} if preview is None else {"preview": preview})
        with self.engine.begin() as connection:
            wanted = connection.execute(
                update(ORDERS).where(ORDERS.c.id == order_id, ORDERS.c.state == "painting").values(**values)
            )
        return bool(wanted.rowcount)

    def is_wanted(self, order_id: str) -> bool:
        """Whether it is open still."""
        with self.engine.connect() as connection:
            return connection.scalar(select(ORDERS.c.state).where(ORDERS.c.id == order_id)) in OPEN

    def finish(self, order_id: str, result: str, media_type: str, facts: Mapping[str, Any]) -> None:
        """The painting is there. An order that has ended meanwhile stays as it is."""
        self._end(
            order_id, "done", {"result": result, "result_type": media_type, "facts": dict(facts), "fraction": 1.0}
        )

    def fail(self, order_id: str, problem: Mapping[str, Any]) -> None:
        """It can't be painted. An order that has ended meanwhile stays as it is."""
        self._end(order_id, "failed", {"problem": dict(problem)})

    def _end(self, order_id: str, state: State, values: Mapping[str, Any]) -> None:
        with self.engine.begin() as connection:
            connection.execute(
                update(ORDERS)
                .where(ORDERS.c.id == order_id, ORDERS.c.state.in_(OPEN))
                .values(state=state, finished=time.time(), **values)
            )

    def beat(self, worker: str) -> None:
        """This worker is alive."""
        with self.engine.begin() as connection:
            changed = connection.execute(update(WORKERS).where(WORKERS.c.id == worker).values(beat=time.time()))
            if not changed.rowcount:
                connection.execute(insert(WORKERS), {"id": worker, "beat": time.time()})

    def workers(self, *, since: float) -> list[str]:
        """Those that have been alive since a time."""
        with self.engine.connect() as connection:
            return list(connection.scalars(select(WORKERS.c.id).where(WORKERS.c.beat >= since)))

    def take_back(self, *, since: float) -> list[str]:
        """Put the orders of workers that have not been alive since a time back into the queue, and return their ids.

        DBOS gives an order that a worker had begun to nobody else until that worker is back.
        """
        taken = []
        living: set[str] = set(self.workers(since=since))
        for status in self._client.list_workflows(status="PENDING", load_input=False, load_output=False):
            if status.executor_id not in living and status.name == WORKFLOW:
                self._client.resume_workflow(status.workflow_id, queue_name=QUEUE)
                taken.append(status.workflow_id)
        return taken

    # -- rows

    def _enqueue(self, connection: Any, order: Order, workflow: str | None = None) -> None:
        options: Any = {
            "queue_name": QUEUE,
            "workflow_name": WORKFLOW,
            "workflow_id": workflow or order.id,
            "app_version": VERSION,
            "application_name": APPLICATION,
        }
        self._client.enqueue_in_transaction(connection, options, order.id)

    def _by_key(self, connection: Any, owner: str, key: str) -> Order | None:
        row = connection.execute(select(ORDERS).where(ORDERS.c.owner == owner, ORDERS.c.idempotency == key)).first()
        return None if row is None else _as_order(row)

    def needed(self) -> set[str]:
        """Digests of all pictures that orders name."""
        found: set[str] = set()
        with self.engine.connect() as connection:
            for row in connection.execute(select(ORDERS.c.request, ORDERS.c.result, ORDERS.c.preview)):
                request = OrderRequest.from_json(row.request)
                found |= {request.content, *(style.file for style in request.styles if style.file)}
                found |= {digest for digest in (row.result, row.preview) if digest}
        return found


def _same(before: Order, request: OrderRequest) -> Order:
    if before.request.fingerprint != request.fingerprint:
        raise ConflictingOrderError()
    return before


def _as_row(order: Order) -> dict[str, Any]:
    row = {column.name: getattr(order, column.name) for column in ORDERS.columns if column.name != "fingerprint"}
    return row | {"request": order.request.as_json(), "fingerprint": order.request.fingerprint}


def _as_order(row: Row[Any]) -> Order:
    values = {name: value for name, value in row._mapping.items() if name != "fingerprint"}
    return Order(**{**values, "request": OrderRequest.from_json(row.request)})
