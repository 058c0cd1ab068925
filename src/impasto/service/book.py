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
from impasto.service.tables import METADATA, ORDERS, STYLES, WORKERS, open_database

_INTERNAL = ("fingerprint", "workflow")  # what of a row is not the order's
_ENDED = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
WEBHOOKS, DELIVERY = "webhooks", "deliver_webhook"
QUEUE, WORKFLOW, APPLICATION, VERSION = "painting", "paint_order", "impasto", "1"


class OrderBook:
    """
    Orders and their way through the queue stand in the same database, and change in the same transactions: an order is
    in the book if and only if it is in the queue.

    Args:
        settings: of the service.

    Raises:
        UsageError, DatabaseAwayError: see `open_database`.
    """

    def __init__(self, settings: ServiceSettings) -> None:
        self.settings = settings
        settings.data.mkdir(parents=True, exist_ok=True)
        self.engine: Engine = open_database(settings.database_url)
        DBOS.migrate(settings.database_url)
        METADATA.create_all(self.engine, checkfirst=True)
        self._client = DBOSClient(
            system_database_url=settings.database_url,
            system_database_engine=self.engine,
            application_name=APPLICATION,
        )
        self._client.register_queue(QUEUE, worker_concurrency=1, polling_interval_sec=0.1, on_conflict="always_update")
        self._client.register_queue(
            WEBHOOKS,
            worker_concurrency=8,
            partition_worker_concurrency=4,  # by owner: whoever's addresses are slow keeps half of the places at most
            polling_interval_sec=1.0,
            on_conflict="always_update",
        )

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
                    raise BusyError(f"{waiting} orders are waiting already.", retry_after=waiting / 5)
                connection.execute(insert(ORDERS), _as_row(order))
                self._enqueue(connection, order.id, order.id)
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

    def forget(self, order_id: str, *, owner: str | None = None) -> Order:
        """Remove an order, which is cancelled first if it is open; its pictures go when the studio clears up.

        Raises:
            NoSuchOrderError
        """
        order = self.cancel(order_id, owner=owner)
        with self.engine.begin() as connection:
            connection.execute(delete(ORDERS).where(ORDERS.c.id == order_id))
        return order

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
            self._enqueue(connection, order_id, _again(order_id))
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

    def finish(
        self, order_id: str, result: str, media_type: str, facts: Mapping[str, Any], *, preview: str | None = None
    ) -> None:
        """The painting is there. An order that has ended meanwhile stays as it is."""
        painting = {"result": result, "result_type": media_type, "preview": preview}
        self._end(order_id, "done", {**painting, "facts": dict(facts), "fraction": 1.0})

    def fail(self, order_id: str, problem: Mapping[str, Any]) -> None:
        """It can't be painted. An order that has ended meanwhile stays as it is."""
        self._end(order_id, "failed", {"problem": dict(problem)})

    def _end(self, order_id: str, state: State, values: Mapping[str, Any]) -> None:
        with self.engine.begin() as connection:
            changed = connection.execute(
                update(ORDERS)
                .where(ORDERS.c.id == order_id, ORDERS.c.state.in_(OPEN))
                .values(state=state, finished=time.time(), **values)
            )
            row = connection.execute(select(ORDERS.c.webhook, ORDERS.c.owner).where(ORDERS.c.id == order_id)).first()
            if changed.rowcount and row is not None and row.webhook:
                self._tell(connection, f"{_again(order_id)}-told", order_id, row.owner)

    def tell_later(self, workflow: str, order: Order, attempt: int, *, delay: float) -> None:
        """Put the next attempt at a webhook into the queue, once, however often this is called.

        Args:
            workflow: the name of this attempt's.
            delay: seconds.
        """
        with self.engine.begin() as connection:
            self._tell(connection, f"{workflow}-{attempt}", order.id, order.owner, attempt, delay_seconds=delay)

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
        """Put the orders of workers that have not been alive since a time back into the queue, and return the ids of
        their workflows.

        DBOS gives an order that a worker had begun to nobody else until that worker is back.
        """
        taken = self._mend()
        living: set[str] = set(self.workers(since=since))
        for status in self._client.list_workflows(status="PENDING", load_input=False, load_output=False):
            queue = {WORKFLOW: QUEUE, DELIVERY: WEBHOOKS}.get(status.name)
            if status.executor_id not in living and queue is not None:
                self._client.resume_workflow(status.workflow_id, queue_name=queue)
                taken.append(status.workflow_id)
        return taken

    def _mend(self) -> list[str]:
        """Give open orders whose workflow has ended, which an error of ours can do, a new one."""
        with self.engine.connect() as connection:
            rows = connection.execute(select(ORDERS.c.id, ORDERS.c.workflow).where(ORDERS.c.state.in_(OPEN))).all()
        ended = self._client.list_workflows(
            workflow_ids=[row.workflow for row in rows], status=_ENDED, load_input=False, load_output=False
        )
        lost = {status.workflow_id for status in ended} if rows else set()
        mended = []
        for row in (row for row in rows if row.workflow in lost):
            with self.engine.begin() as connection:
                same = (ORDERS.c.id == row.id, ORDERS.c.workflow == row.workflow, ORDERS.c.state.in_(OPEN))
                if connection.execute(update(ORDERS).where(*same).values(state="queued")).rowcount:
                    self._enqueue(connection, row.id, _again(row.id))
                    mended.append(row.workflow)
        return mended

    # -- rows

    def _enqueue(self, connection: Any, order_id: str, workflow: str) -> None:
        self._send(connection, WORKFLOW, QUEUE, workflow, order_id)
        connection.execute(update(ORDERS).where(ORDERS.c.id == order_id).values(workflow=workflow))

    def _tell(self, connection: Any, workflow: str, order_id: str, owner: str, *attempt: int, **options: Any) -> None:
        options["queue_partition_key"] = owner
        self._send(connection, DELIVERY, WEBHOOKS, workflow, order_id, *attempt, **options)

    def _send(self, connection: Any, kind: str, queue: str, workflow: str, *given: Any, **more: Any) -> None:
        options: Any = {
            "queue_name": queue,
            "workflow_name": kind,
            "workflow_id": workflow,
            "app_version": VERSION,
            "application_name": APPLICATION,
        }
        self._client.enqueue_in_transaction(connection, options | more, *given)

    def _by_key(self, connection: Any, owner: str, key: str) -> Order | None:
        row = connection.execute(select(ORDERS).where(ORDERS.c.owner == owner, ORDERS.c.idempotency == key)).first()
        return None if row is None else _as_order(row)

    def needed(self) -> set[str]:
        """Digests of all pictures that orders name, or clients' styles."""
        with self.engine.connect() as connection:
            found: set[str] = set(connection.scalars(select(STYLES.c.file)))
            for row in connection.execute(select(ORDERS.c.request, ORDERS.c.result, ORDERS.c.preview)):
                request = OrderRequest.from_json(row.request)
                found |= {request.content, *(style.file for style in request.styles if style.file)}
                found |= {digest for digest in (row.result, row.preview) if digest}
        return found


def _again(order_id: str) -> str:
    """The name of one more workflow for an order."""
    return f"{order_id}#{time.time_ns()}"


def _same(before: Order, request: OrderRequest) -> Order:
    if before.request.fingerprint != request.fingerprint:
        raise ConflictingOrderError()
    return before


def _as_row(order: Order) -> dict[str, Any]:
    row = {column.name: getattr(order, column.name) for column in ORDERS.columns if column.name not in _INTERNAL}
    return row | {
        "request": order.request.as_json(),
        "fingerprint": order.request.fingerprint,
        "workflow": order.id,
    }


def _as_order(row: Row[Any]) -> Order:
    values = {name: value for name, value in row._mapping.items() if name not in _INTERNAL}
    return Order(**{**values, "request": OrderRequest.from_json(row.request)})
