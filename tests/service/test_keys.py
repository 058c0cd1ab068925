from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from tests.service.conftest import picture

from impasto.errors import ForbiddenError, KeyRefusedError, QuotaError, UnknownNameError
from impasto.service import own_styles
from impasto.service.api import make_app
from impasto.service.book import OrderBook
from impasto.service.keys import Keys, _Pace, count_order
from impasto.service.orders import OrderedStyle, OrderRequest
from impasto.service.own_styles import OwnStyles
from impasto.service.settings import ServiceSettings
from impasto.service.tables import KEYS

REQUEST = OrderRequest("0" * 64, (OrderedStyle(name="mosaic"),))


@pytest.fixture
def keys(book: OrderBook) -> Keys:
    return Keys(book.engine, needed=True)


def test_a_key_is_known_until_it_is_revoked(keys: Keys, book: OrderBook) -> None:
    client, secret = keys.add("shop", scopes=["orders"])
    assert keys.find(secret) == client
    with book.engine.connect() as connection:
        stored = connection.execute(select(KEYS)).one()
    assert secret not in str(stored)
    client.may("orders")
    with pytest.raises(ForbiddenError, match="metrics"):
        client.may("metrics")
    keys.revoke(client.id)
    for gone in (secret, "", None, "imp_x", secret[:-1]):
        with pytest.raises(KeyRefusedError):
            keys.find(gone)
    with pytest.raises(UnknownNameError):
        keys.revoke(client.id)
    assert keys.all()[0].revoked is not None


def test_without_need_nobody_must_have_one(book: OrderBook) -> None:
    open_keys = Keys(book.engine, needed=False)
    assert open_keys.find(None).id == "local"
    with pytest.raises(KeyRefusedError):  # a wrong one is wrong all the same
        open_keys.find("imp_wrong")


def test_scopes_are_checked(keys: Keys) -> None:
    with pytest.raises(UnknownNameError, match="orders"):
        keys.add("x", scopes=["order"])


def test_the_pace_is_that_of_a_bucket() -> None:
    now = 0.0
    pace = _Pace(clock=lambda: now)
    assert [pace.take("a", 60) for _ in range(60)] == [0.0] * 60
    assert pace.take("a", 60) == pytest.approx(1.0)
    assert pace.take("b", 60) == 0.0
    now = 2.5
    assert [pace.take("a", 60), pace.take("a", 60)] == [0.0, 0.0]
    assert pace.take("a", 60) == pytest.approx(0.5)


def test_open_orders_and_orders_a_day_are_counted(keys: Keys, book: OrderBook) -> None:
    client, _ = keys.add("shop", open_orders=2, per_day=3)
    place = partial(book.place, REQUEST, owner=client.id, check=partial(count_order, client=client))
    first, _ = place(idempotency="k")
    second, _ = place()
    for refused in (place, partial(keys.check_orders, client)):
        with pytest.raises(QuotaError, match="2 orders of this key are open"):
            refused()
    assert place(idempotency="k") == (first, False)  # it was placed already
    for ended in (first, second, place):
        book.forget((ended()[0] if callable(ended) else ended).id)  # what is forgotten counts too
    for refused in (place, partial(keys.check_orders, client)):
        with pytest.raises(QuotaError, match="3 orders today") as full:
            refused()
    assert 0 < full.value.retry_after <= 86400
    keys.check_orders(replace(client, id="another"))


def test_a_new_day_begins_anew(keys: Keys, book: OrderBook, monkeypatch: pytest.MonkeyPatch) -> None:
    client, _ = keys.add("shop", per_day=1)
    check = partial(count_order, client=client)
    book.place(REQUEST, owner=client.id, check=check)
    with pytest.raises(QuotaError):
        keys.check_orders(client)
    tomorrow = time.time() + 86400
    monkeypatch.setattr(time, "time", lambda: tomorrow)
    book.place(REQUEST, owner=client.id, check=check)
    with pytest.raises(QuotaError):
        keys.check_orders(client)


def test_orders_at_once_are_counted_one_by_one(either_book: OrderBook) -> None:
    book, keys = either_book, Keys(either_book.engine, needed=True)
    client, _ = keys.add("shop", open_orders=2, per_day=9)

    def place(_: int) -> bool:
        try:
            return book.place(REQUEST, owner=client.id, check=partial(count_order, client=client))[1]
        except QuotaError:
            return False

    with ThreadPoolExecutor(8) as clients:
        assert sum(clients.map(place, range(16))) == 2


def test_own_styles_have_a_limit(book: OrderBook, monkeypatch: pytest.MonkeyPatch) -> None:
    styles = OwnStyles(book.engine)
    monkeypatch.setattr(own_styles, "_MOST_BYTES", 1 << 20)
    styles.keep("a", "mine", "1" * 64, 900_000)
    with pytest.raises(QuotaError, match="Styles take 1 MB already"):
        styles.keep("a", "another", "2" * 64, 200_000)
    styles.keep("a", "mine", "2" * 64, 1_000_000)  # in place of the first
    styles.keep("b", "mine", "1" * 64, 900_000)
    assert styles.of("a") == {"mine": "2" * 64}


def test_one_style_sent_twice_at_once(either_book: OrderBook) -> None:
    styles = OwnStyles(either_book.engine)
    with ThreadPoolExecutor(8) as clients:
        list(clients.map(lambda n: styles.keep("a", "mine", str(n) * 64, 9), range(8)))
    assert list(styles.of("a")) == ["mine"]


def test_over_http(settings: ServiceSettings) -> None:
    app = make_app(replace(settings, keys=True))
    studio = app.state.studio
    _, shop = studio.keys.add("shop", scopes=["orders"], per_minute=3)
    _, other = studio.keys.add("other")
    with TestClient(app, raise_server_exceptions=False) as client:

        def ask(method: str, path: str, key: str, **content: object) -> tuple[int, dict[str, str]]:
            headers = {"Authorization": f"Bearer {key}"} if key else {}
            answer = client.request(method, path, headers=headers, **content)  # type: ignore[arg-type]
            told = answer.json() if answer.headers["content-type"].endswith("json") else {}
            return answer.status_code, {**answer.headers, **(told if isinstance(told, dict) else {})}

        files = {"content": picture()}
        assert ask("POST", "/v1/orders", "", files=files, data={"style": "mosaic"})[0] == 401
        assert ask("GET", "/v1/orders", "imp_wrong")[0] == 401
        assert ask("GET", "/metrics", "")[0] == 401
        assert ask("GET", "/healthz", "")[0] == 200
        status, order = ask("POST", "/v1/orders", shop, files=files, data={"style": "mosaic"})
        assert status == 202
        assert ask("GET", f"/v1/orders/{order['id']}", other)[0] == 404
        assert ask("GET", f"/v1/orders/{order['id']}", shop)[0] == 200
        assert ask("GET", "/metrics", shop)[0] == 403
        assert ask("GET", "/metrics", other)[0] == 200
        assert ask("GET", "/v1/orders", shop)[0] == 200
        status, told = ask("GET", "/v1/orders", shop)
        assert status == 429
        assert 1 <= int(told["retry-after"]) <= 60
    studio.close()
