"""A worker: takes orders from the queues of both lanes, one of each at a time, and has them painted on its benches."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TypeVar

from dbos import DBOS, DBOSConfig

from impasto.errors import (
    DecompressionBombError,
    ImpastoError,
    NoSuchOrderError,
    OrderTimeoutError,
    PainterDiedError,
    PictureTooLargeError,
    StorageAwayError,
    WebhookError,
)
from impasto.service.at_hand import AtHand
from impasto.service.bench import Bench, Job, Made
from impasto.service.book import APPLICATION, DELIVERY, VERSION, WEBHOOKS, WORKFLOW, OrderBook, delivery_of
from impasto.service.claimed_name import ClaimedName
from impasto.service.clearing import keep_within
from impasto.service.keys import Keys
from impasto.service.lanes import QUEUES, Lane, is_quick
from impasto.service.orders import Order
from impasto.service.problems import problem_of
from impasto.service.settings import ServiceSettings
from impasto.service.store import PictureStore
from impasto.service.tables import AWAY
from impasto.service.webhooks import DELAYS, Courier

BEAT_EVERY = 2.0  # seconds
DEAD_AFTER = 10.0
CLEAR_EVERY = 3600.0
REST_AFTER = 60.0  # of the slow bench: what a large picture took is given back
_NICE = 10  # of the slow bench: on a busy core it gets a tenth of what the quick one does
_AWAY_AGAIN = 0.5

T = TypeVar("T")

_TOO_MUCH = (PictureTooLargeError, DecompressionBombError, OrderTimeoutError)
"""What the quick lane says of an order that is more than it seemed."""

logger = logging.getLogger(__name__)


class Worker:
    """
    Args:
        settings: of the service.
        threads: of the painter; None: one a core.

    What one of its name had begun when it died is what a worker begins with; see `ClaimedName`.
    """

    def __init__(self, settings: ServiceSettings, *, threads: int | None = None) -> None:
        self.settings = settings
        self._claim = ClaimedName(settings.data / "workers")
        self.name = self._claim.name
        self.book, self.store = OrderBook(settings), PictureStore(settings.files_url)
        self.benches: Mapping[Lane, Bench] = {
            "quick": Bench(memory=settings.memory, threads=threads),
            "slow": Bench(memory=settings.memory, threads=threads, nice=_NICE),
        }
        self._courier, self._keys = Courier(private=settings.private_webhooks), Keys(self.book.engine, needed=True)
        self._at_hand, self._ended = AtHand(DEAD_AFTER), threading.Event()

    def start(self) -> None:
        """Begin to take orders, in threads of their own."""
        self.book.beat(self.name)  # before any order is taken: nobody shall take it back
        config: DBOSConfig = {
            "name": APPLICATION,
            "system_database_url": self.settings.database_url,
            "system_database_engine": self.book.engine,
            "application_version": VERSION,
            "executor_id": self.name,
            "log_level": "ERROR",
            "enable_otlp": False,
            "notification_listener_polling_interval_sec": 0.5,
        }
        DBOS(config=config)

        def paint_order(order_id: str) -> None:  # a function, as DBOS writes on it
            with self._at_hand.hold(str(DBOS.workflow_id)):
                self._paint_order(order_id)

        def deliver(order_id: str, attempt: int = 0) -> None:
            with self._at_hand.hold(str(DBOS.workflow_id)):
                self._deliver(order_id, attempt)

        DBOS.workflow(name=WORKFLOW)(paint_order)
        DBOS.workflow(name=DELIVERY)(deliver)
        DBOS.listen_queues([*QUEUES.values(), WEBHOOKS])
        DBOS.launch()
        for work in (self._watch, self._clear):
            threading.Thread(target=work, name=f"impasto{work.__name__}", daemon=True).start()

    def stop(self) -> None:
        """Take no more orders, and let those at hand be finished, if that does not take long."""
        self._ended.set()
        DBOS.destroy(workflow_completion_timeout_sec=math.ceil(self.settings.patience))
        for bench in self.benches.values():
            bench.stop()
        self.book.close()
        self._claim.release()

    # -- an order

    def _paint_order(self, order_id: str) -> None:
        """The workflow: it may be begun anew at any point, here or by another worker; the painting is the same."""
        workflow = str(DBOS.workflow_id)
        order = self._patiently(lambda: self.book.begin(order_id, workflow))
        if order is None:
            return
        try:
            made = self._painted(order)
            kept = None if made is None else [self._kept(data) for data in (made.data, made.preview)]
        except PainterDiedError as error:
            if self._ended.is_set():  # it was killed by us: who comes next finds that the workflow has ended
                raise
            if order.attempts < self.settings.attempts:
                return self._paint_order(order_id)
            self._fail(order_id, error)
        except StorageAwayError:  # we were told to end while we waited: who comes next begins anew
            raise
        except ImpastoError as error:
            if order.lane == "quick" and isinstance(error, _TOO_MUCH):
                self._patiently(lambda: self.book.move(order_id, workflow))
            else:
                self._fail(order_id, error)
        else:
            if made is not None and kept is not None:
                media_type, facts, (result, preview) = made.media_type, made.facts, kept
                self._patiently(lambda: self.book.finish(order_id, result, media_type, facts, preview=preview))

    def _fail(self, order_id: str, error: ImpastoError) -> None:
        problem = problem_of(error)
        self._patiently(lambda: self.book.fail(order_id, problem))

    def _patiently(self, act: Callable[[], T]) -> T:
        """What the book or the store answers, even if it must come back first."""
        told = False
        while True:
            try:
                return act()
            except (*AWAY, StorageAwayError) as error:
                if not told:
                    logger.warning("waiting: %s (%s)", error, type(error.__cause__ or error).__name__)
                told = True
                if self._ended.wait(_AWAY_AGAIN):
                    raise

    def _painted(self, order: Order) -> Made | None:
        request = order.request
        pixels, seconds = self._limits(order)
        options = {"quality": request.quality, "preset": request.preset, **request.settings}
        job = Job(
            content=self._picture(request.content),
            styles=[(self._picture(s.file) if s.file else str(s.name), s.weight) for s in request.styles],
            options={name: value for name, value in options.items() if value is not None},
            format=request.format,
            jpeg_quality=request.jpeg_quality,
            bit_depth=request.bit_depth,
            max_pixels=pixels,
            seconds=seconds,
        )

        def told(fraction: float, preview: bytes | None) -> None:
            with suppress(*AWAY, StorageAwayError):
                self.book.advance(order.id, fraction, None if preview is None else self.store.put(preview))

        def wanted() -> bool:
            return self._patiently(lambda: self.book.is_wanted(order.id))

        return self.benches[order.lane].paint(job, told=told, wanted=wanted)

    def _picture(self, digest: str) -> bytes:
        return self._patiently(lambda: self.store.get(digest))

    def _kept(self, data: bytes) -> str:
        return self._patiently(lambda: self.store.put(data))

    def _limits(self, order: Order) -> tuple[int, float]:
        """Pixels and seconds: headers may lie, so the quick lane looks for itself."""
        chosen = self.settings
        seconds = chosen.seconds if is_quick(order.request.quality) else chosen.slow_seconds
        if order.lane == "slow":
            return chosen.max_pixels, seconds
        return min(chosen.quick_pixels, chosen.max_pixels), min(chosen.quick_seconds, seconds)

    # -- webhooks

    def _deliver(self, order_id: str, attempt: int) -> None:
        """The workflow that tells a client of an order's end.

        It is tried for half a day, by a workflow each time: one that waits would keep a place in the queue from others.
        """
        workflow = str(DBOS.workflow_id)
        try:
            order = self._patiently(lambda: self.book.get(order_id))
            key = self._patiently(lambda: self._keys.digest(order.owner))
            if order.webhook is not None and not order.is_open:  # one that is tried again is told of at its new end
                self._courier.tell(order.webhook, order, key=key, delivery=delivery_of(workflow))
        except NoSuchOrderError:
            return
        except WebhookError as error:
            logger.info("order %s: %s", order_id, error.message)
            if attempt < len(DELAYS):
                self._patiently(lambda: self.book.tell_later(workflow, order, attempt + 1, delay=DELAYS[attempt]))

    # -- the watch

    def _watch(self) -> None:
        """Says that this worker is alive, and takes back the orders of those that are not, and those it has lost."""
        while not self._ended.wait(BEAT_EVERY):
            self.benches["slow"].rest(after=REST_AFTER)
            with suppress(Exception):  # a database that is away comes back; DBOS waits for it too
                self.book.beat(self.name)
                dead = time.time() - DEAD_AFTER
                for workflow in self.book.take_back(since=dead, by=self.name, lost=self._at_hand.lost):
                    logger.warning("%s is begun anew: nobody was at it any more", workflow)

    def _clear(self) -> None:
        while not self._ended.wait(CLEAR_EVERY):
            try:
                keep_within(self.book)
            except Exception as error:  # it is done again in an hour
                logger.warning("clearing up: %s: %s", type(error).__name__, error)
