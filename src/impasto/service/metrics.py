"""What Prometheus is told: read from the book, so that it is the same whichever process is asked."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from impasto.service.book import OrderBook


def as_prometheus(book: OrderBook, *, since: float) -> bytes:
    """
    Args:
        since: a worker that has told of itself since this time lives.
    """
    registry = CollectorRegistry()
    orders = Gauge("impasto_orders", "Orders in the book.", ["state", "lane"], registry=registry)
    for (state, lane), count in book.counts_by_lane().items():
        orders.labels(state, lane).set(count)
    Gauge("impasto_workers", "Workers that live.", registry=registry).set(len(book.workers(since=since)))
    return generate_latest(registry)
