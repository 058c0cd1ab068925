"""Fair turns, taken from the real queue; the oracle is what start-time fair queueing promises (Goyal et al., 1996)."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from tests.service.conftest import placed

from impasto.service import turns
from impasto.service.book import VERSION, OrderBook
from impasto.service.lanes import QUEUES, Lane, cost_of, lane_of
from impasto.service.orders import OrderedStyle, OrderRequest
from impasto.service.tables import ORDERS

REQUEST = OrderRequest("0" * 64, (OrderedStyle(name="mosaic"),))

Take = Callable[[], str | None]


def _taker(book: OrderBook, lane: Lane = "quick") -> Take:
    """Takes the next order out of the queue as a worker does, and begins it."""
    base: Any = book._client._sys_db
    queue = base.get_queue(QUEUES[lane], client_system_database=base)

    def take() -> str | None:
        while True:
            workflows, _ = base.start_queued_workflows(queue, "w-1", VERSION, None)
            if not workflows:
                return None
            order_id = str(workflows[0]).partition("#")[0]
            if book.begin(order_id, workflows[0]) is not None:  # else it was cancelled
                return order_id

    return take


def _finish(book: OrderBook, order_id: str) -> None:
    book.finish(order_id, "2" * 64, "image/png", {})


def _all(book: OrderBook, lane: Lane = "quick") -> list[str]:
    """The sequence in which all that wait are painted."""
    take, found = _taker(book, lane), []
    while (order_id := take()) is not None:
        found.append(order_id)
        _finish(book, order_id)
    return found


def test_who_comes_last_with_one_order_is_next(either_book: OrderBook) -> None:
    book = either_book
    take = _taker(book)
    many = [placed(book, REQUEST, owner="many").id for _ in range(20)]
    assert take() == many[0]
    one = placed(book, REQUEST, owner="one").id
    other = placed(book, REQUEST, owner="other").id
    again = placed(book, REQUEST, owner="one").id
    _finish(book, many[0])
    rest = _all(book)
    assert set(rest[:2]) == {one, other}
    assert rest.index(again) <= 3
    assert [order for order in rest if order in many] == many[1:]


def test_one_owner_is_served_as_they_come(book: OrderBook) -> None:
    orders = [placed(book, REQUEST, owner="", pixels=1 + n * 77_777 % 1_000_000).id for n in range(40)]
    assert _all(book) == orders


def test_equal_orders_go_round(either_book: OrderBook) -> None:
    book = either_book
    owners = {placed(book, REQUEST, owner=owner).id: owner for owner in "aaaaabbbbbccccc"}
    served = [owners[order_id] for order_id in _all(book)]
    for start in range(0, 15, 3):
        assert set(served[start : start + 3]) == set("abc")


def test_who_orders_small_ones_gets_more_of_them(book: OrderBook) -> None:
    """While both wait, no one is ahead by more than the largest of each: theorem 1 of the paper."""
    chance = random.Random(0)
    sizes = {"small": (1, 150_000), "large": (500_000, 1_000_000)}
    owners, costs = {}, {}
    for n in range(80):
        owner = ("small", "large")[n >= 60]
        pixels = chance.randint(*sizes[owner])
        order = placed(book, REQUEST, owner=owner, pixels=pixels).id
        owners[order], costs[order] = owner, cost_of("fast", pixels)
    most = sum(max(costs[order] for order in costs if owners[order] == owner) for owner in sizes)
    left, served = Counter(owners.values()), Counter({"small": 0, "large": 0})
    for order in _all(book):
        if not all(left.values()):
            break
        served[owners[order]] += costs[order]
        left[owners[order]] -= 1
        assert abs(served["small"] - served["large"]) <= most
    assert min(left.values()) == 0


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_newcomers_wait_for_one_of_each_and_own_order_is_kept(book: OrderBook, seed: int) -> None:
    """Orders come, are painted, cancelled and tried again at random."""
    chance, take = random.Random(seed), _taker(book)
    course: list[tuple[str, str]] = []  # (what, order), in the sequence of time
    owner_of: dict[str, str] = {}
    open_: list[str] = []
    at_hand: str | None = None

    def come(order_id: str, owner: str) -> None:
        newcomer = all(owner_of[other] != owner for other in open_)
        course.append(("newcomer" if newcomer else "comes", order_id))
        owner_of[order_id] = owner
        open_.append(order_id)

    cancelled: list[str] = []
    for _ in range(150):
        match chance.choices(("place", "serve", "cancel", "retry"), (6, 4, 1, 1))[0]:
            case "place":
                owner = chance.choice("aaaabbcde")
                come(placed(book, REQUEST, owner=owner, pixels=chance.choice((1, 300_000, 1_000_000))).id, owner)
            case "serve":
                if at_hand is not None:
                    _finish(book, at_hand)
                    open_.remove(at_hand)
                at_hand = take()
                course += [] if at_hand is None else [("begun", at_hand)]
            case "cancel" if waiting := [order for order in open_ if order != at_hand]:
                cancelled.append(chance.choice(waiting))
                book.cancel(cancelled[-1])
                open_.remove(cancelled[-1])
                course.append(("gone", cancelled[-1]))
            case "retry" if cancelled:
                again = cancelled.pop()
                book.retry(again)
                come(again, owner_of[again])
    if at_hand is not None:
        _finish(book, at_hand)
    course += [("begun", order) for order in _all(book)]

    came: dict[str, int] = {}
    last: dict[str, int] = {}  # of each owner: when that came which was begun last
    for place, (what, order) in enumerate(course):
        if what in ("comes", "newcomer"):
            came[order] = place
        if what == "begun":
            assert came[order] > last.get(owner_of[order], -1), "an own order was overtaken"
            last[owner_of[order]] = came[order]
        if what == "newcomer":
            waited: Counter[str] = Counter()
            for then, other in course[place + 1 :]:
                if other == order:
                    break
                waited[owner_of[other]] += then == "begun"
            assert all(count <= 1 for count in waited.values()), "a newcomer waited for two of another's"


def test_lanes_have_turns_of_their_own(book: OrderBook) -> None:
    for _ in range(5):
        placed(book, REQUEST, pixels=None)
    assert _turn(book, placed(book, REQUEST).id) == 0
    assert _turn(book, placed(book, REQUEST, owner="b", pixels=None).id) == 0


def test_turns_do_not_end(book: OrderBook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "_LAST", 3)
    orders = []
    for _ in range(8):
        orders.append(placed(book, REQUEST).id)
        time.sleep(0.002)  # the queue knows milliseconds
    assert _turn(book, orders[-1]) == 3
    assert _all(book) == orders


@pytest.mark.parametrize(
    ("quality", "pixels", "lane"),
    [
        ("fast", 2_000_000, "quick"),
        (None, 2_000_000, "quick"),
        ("fast", 2_000_001, "slow"),
        ("fast", None, "slow"),
        ("best", 1, "slow"),
        ("fine", 1, "slow"),
    ],
)
def test_what_is_small_and_fast_is_quick(quality: str | None, pixels: int | None, lane: Lane) -> None:
    assert lane_of(quality, pixels, quick_pixels=2_000_000) == lane


def test_costs_grow_with_pixels_and_quality() -> None:
    costs = [cost_of("fast", pixels) for pixels in (0, 300_000, 1024 * 768, 1920 * 1080, 36_000_000)]
    assert costs == sorted(set(costs))
    assert costs[0] >= 1
    assert cost_of("best", 300_000) > cost_of("fast", 36_000_000)


def _turn(book: OrderBook, order_id: str) -> int:
    with book.engine.connect() as connection:
        return int(connection.execute(ORDERS.select().where(ORDERS.c.id == order_id)).one().turn)
