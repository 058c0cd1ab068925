"""The book in which all orders stand, and the queue behind it, in one database."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from dbos import DBOS, DBOSClient
from sqlalchemy import ColumnElement, Connection, Engine, Row, delete, func, insert, select, update

from impasto.errors import BusyError, ConflictingOrderError, NoSuchOrderError, OrderStateError
from impasto.service.lanes import QUEUES, Lane, cost_of, lane_of
from impasto.service.orders import OPEN, Order, OrderRequest, State, new_id
from impasto.service.settings import ServiceSettings
from impasto.service.tables import ORDERS, WORKERS, lock, make_tables, open_database
from impasto.service.turns import take_turn

_INTERNAL = ("fingerprint", "workflow", "turn", "cost")  # what of a row is not the order's
_ENDED = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
WEBHOOKS, DELIVERY = "webhooks", "deliver_webhook"
WORKFLOW, APPLICATION, VERSION = "paint_order", "impasto", "1"
_POLL: Mapping[Lane, float] = {"quick": 0.03, "slow": 0.5}  # seconds
_TOLD = "-told"  # ends the names of workflows that tell a client, but for the number of the attempt
_BATCH = 1000
_ANEW = {"state": "queued", "problem": None, "attempts": 0, "fraction": 0.0, "started": None, "finished": None}

Lost = Callable[[Collection[str]], Collection[str]]
"""Which of the workflows that a worker was given it knows nothing of; see `AtHand.lost`."""


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
        make_tables(self.engine)
        self._client = DBOSClient(
            system_database_url=settings.database_url,
            system_database_engine=self.engine,
            application_name=APPLICATION,
        )
        for lane, queue in QUEUES.items():
            self._client.register_queue(
                queue, worker_concurrency=1, polling_interval_sec=_POLL[lane], on_conflict="always_update"
            )
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
        self,
        request: OrderRequest,
        *,
        owner: str,
        pixels: int | None = None,
        idempotency: str | None = None,
        webhook: str | None = None,
        check: Callable[[Connection], None] | None = None,
    ) -> tuple[Order, bool]:
        """A new order, or the one that came before with the same idempotency key, and whether it is new.

        Args:
            pixels: of its largest picture, as far as headers tell; None: unknown.
            check: refuses a new order by raising, in the transaction that would place it; no other of the same owner is
                placed meanwhile.

        Raises:
            BusyError: too many orders wait.
            ConflictingOrderError: the key came before with another request, or another webhook.
        """
        lane = lane_of(request.quality, pixels, quick_pixels=self.settings.quick_pixels)
        cost = cost_of(request.quality, self.settings.max_pixels if pixels is None else pixels)
        its: dict[str, Any] = {"idempotency": idempotency, "webhook": webhook, "lane": lane}
        order = Order(new_id(), owner, "queued", request, time.time(), **its)
        with self.engine.begin() as connection:
            lock(connection, f"orders of {owner}")
            if idempotency is not None:
                before = _by_key(connection, owner, idempotency)
                if before is not None:
                    return _same(before, order), False
            if check is not None:
                check(connection)
            waiting = connection.scalar(select(func.count()).where(ORDERS.c.state.in_(OPEN)))
            if waiting is not None and waiting >= self.settings.waiting:
                raise BusyError(f"{waiting} orders are waiting already.", retry_after=waiting / 5)
            connection.execute(insert(ORDERS), _as_row(order) | {"cost": cost})
            self._enqueue(connection, order.id, order.id)
        return order, True

    def is_known(self, owner: str, idempotency: str) -> bool:
        """Whether an order came with this idempotency key."""
        with self.engine.connect() as connection:
            return _by_key(connection, owner, idempotency) is not None

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
        counts: dict[str, int] = {}
        for (state, _), count in self.counts_by_lane().items():
            counts[state] = counts.get(state, 0) + count
        return counts

    def counts_by_lane(self) -> dict[tuple[str, str], int]:
        """How many orders there are in each state and lane."""
        by = (ORDERS.c.state, ORDERS.c.lane)
        with self.engine.connect() as connection:
            rows = connection.execute(select(*by, func.count()).group_by(*by))
            return {(str(state), str(lane)): int(count) for state, lane, count in rows}

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
        with self.engine.begin() as connection:
            ended = ORDERS.c.state.in_(("failed", "cancelled"))
            changed = connection.execute(update(ORDERS).where(ORDERS.c.id == order_id, ended).values(**_ANEW))
            if not changed.rowcount:
                raise OrderStateError(
                    f"The order is {order.state}.", hint="Only failed and cancelled ones can be tried again."
                )
            self._enqueue(connection, order_id, _again(order_id))
        return self.get(order_id)

    def purge(self, *, before: float) -> int:
        """Forget the orders that ended before a time (seconds since 1970), and what the queue knows of its work until
        then; how many orders that are.
        """
        old = (ORDERS.c.state.not_in(OPEN), ORDERS.c.finished < before)
        with self.engine.begin() as connection:
            gone = connection.execute(delete(ORDERS).where(*old)).rowcount
        ended = datetime.fromtimestamp(min(before, time.time()), UTC).isoformat()
        self._mend()  # an open order whose workflow is forgotten would never be missed
        list_some = partial(self._client.list_workflows, limit=_BATCH, load_input=False, load_output=False)
        while its := list_some(status=_ENDED, completed_before=ended):
            self._client.delete_workflows([status.workflow_id for status in its])
        return gone

    # -- workers

    def begin(self, order_id: str, workflow: str | None = None) -> Order | None:
        """The order, which is being painted from now on; None if it is no longer open, or has another workflow now.

        Args:
            workflow: that is to paint it; None: whichever.
        """
        with self.engine.begin() as connection:
            values = {"state": "painting", "started": time.time(), "attempts": ORDERS.c.attempts + 1}
            same = _same_open(order_id, workflow)
            connection.execute(update(ORDERS).where(*same).values(**values))
            row = connection.execute(select(ORDERS).where(*same)).first()
        return None if row is None else _as_order(row)

    def move(self, order_id: str, workflow: str | None = None) -> bool:
        """Give an order that is more than it seemed a place in the slow lane; whether it was this workflow's still."""
        cost = cost_of(None, self.settings.max_pixels)  # who knows
        with self.engine.begin() as connection:
            same = (*_same_open(order_id, workflow), ORDERS.c.lane == "quick")
            moved = connection.execute(update(ORDERS).where(*same).values(lane="slow", cost=cost, **_ANEW))
            if moved.rowcount:
                self._enqueue(connection, order_id, _again(order_id))
        return bool(moved.rowcount)

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
                self._tell(connection, f"{_again(order_id)}{_TOLD}", order_id, row.owner)

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

    def take_back(self, *, since: float, by: str | None = None, lost: Lost = lambda given: ()) -> list[str]:
        """Put the orders of workers that have not been alive since a time back into the queue, and return the ids of
        their workflows.

        Args:
            by: a worker that is alive, whatever the book says.
            lost: which of all workflows that this worker was given it knows nothing of: they are put back too.

        DBOS gives an order that a worker had begun to nobody else until that worker is back.
        """
        taken = self._mend()
        living = {*self.workers(since=since), by}
        begun = self._client.list_workflows(
            status="PENDING", name=[WORKFLOW, DELIVERY], load_input=False, load_output=False
        )
        gone = lost([status.workflow_id for status in begun if status.executor_id == by])
        for status in begun:
            if status.executor_id not in living or status.workflow_id in gone:
                self._client.resume_workflow(status.workflow_id, queue_name=status.queue_name)
                taken.append(status.workflow_id)
        return taken

    def _mend(self) -> list[str]:
        """Give open orders whose workflow has ended, which an error of ours can do, a new one."""
        with self.engine.connect() as connection:
            rows = connection.execute(select(ORDERS.c.id, ORDERS.c.workflow).where(ORDERS.c.state.in_(OPEN))).all()
        if not rows:  # no names would mean all workflows
            return []
        ended = self._client.list_workflows(
            workflow_ids=[row.workflow for row in rows], status=_ENDED, load_input=False, load_output=False
        )
        lost = {status.workflow_id for status in ended}
        mended = []
        for row in (row for row in rows if row.workflow in lost):
            with self.engine.begin() as connection:
                same = _same_open(row.id, row.workflow)
                if connection.execute(update(ORDERS).where(*same).values(state="queued")).rowcount:
                    self._enqueue(connection, row.id, _again(row.id))
                    mended.append(row.workflow)
        return mended

    # -- rows

    def _enqueue(self, connection: Any, order_id: str, workflow: str) -> None:
        """In a transaction that has written the order already."""
        lane, turn = take_turn(connection, order_id)
        connection.execute(update(ORDERS).where(ORDERS.c.id == order_id).values(workflow=workflow))
        self._send(connection, WORKFLOW, QUEUES[lane], workflow, order_id, priority=turn + 1)

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


def _again(order_id: str) -> str:
    """The name of one more workflow for an order."""
    return f"{order_id}#{time.time_ns()}"


def _same_open(order_id: str, workflow: str | None) -> tuple[ColumnElement[bool], ...]:
    """That an order is open, and this its workflow."""
    its = (ORDERS.c.id == order_id, ORDERS.c.state.in_(OPEN))
    return its if workflow is None else (*its, ORDERS.c.workflow == workflow)


def delivery_of(workflow: str) -> str:
    """What all attempts to tell of one end of an order have in common: a retried order ends more than once."""
    return workflow.partition(_TOLD)[0]


def _by_key(connection: Connection, owner: str, key: str) -> Row[Any] | None:
    return connection.execute(select(ORDERS).where(ORDERS.c.owner == owner, ORDERS.c.idempotency == key)).first()


def _same(before: Row[Any], order: Order) -> Order:
    if (before.fingerprint, before.webhook) != (order.request.fingerprint, order.webhook):
        raise ConflictingOrderError()
    return _as_order(before)


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
