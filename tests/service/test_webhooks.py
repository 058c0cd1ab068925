from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpcore
import pytest
from tests.service.conftest import StartWorker, picture, until

from impasto.errors import UsageError, WebhookError
from impasto.service.book import OrderBook, delivery_of
from impasto.service.keys import Keys
from impasto.service.orders import Order, OrderedStyle, OrderRequest
from impasto.service.settings import ServiceSettings
from impasto.service.store import PictureStore
from impasto.service.webhooks import SIGNATURE, Courier, _TimedStream, check_target, is_public

ORDER = Order("ord_x", "a", "done", OrderRequest("0" * 64, (OrderedStyle(name="mosaic"),)), 1.0, result="1" * 64)


class Listener:
    """Somebody who wants to be told."""

    def __init__(self) -> None:
        self.answer, self.told = 200, list[tuple[dict[str, str], bytes]]()
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                listener.told.append((dict(self.headers), body))
                self.send_response(listener.answer)
                self.send_header("location", "http://169.254.169.254/")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://told.example:{self.server.server_port}/hook?x=1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.server.shutdown()
    listener.server.server_close()


def _at_home(host: str, port: int) -> list[str]:
    assert host == "told.example"
    return ["127.0.0.1"]


def test_what_is_told_is_signed(listener: Listener) -> None:
    Courier(private=True, resolve=_at_home).tell(listener.url, ORDER, key="abc", delivery="ord_x#1")
    ((headers, body),) = listener.told
    assert json.loads(body)["result"] == "/v1/orders/ord_x/result"
    assert headers["Impasto-Delivery"] == "ord_x#1"
    time, code = (part.partition("=")[2] for part in headers[SIGNATURE].split(","))
    assert code == hmac.new(b"abc", f"{time}.".encode() + body, hashlib.sha256).hexdigest()
    assert headers["Host"].startswith("told.example")


def test_what_came_without_a_key_is_told_unsigned(listener: Listener) -> None:
    Courier(private=True, resolve=_at_home).tell(listener.url, ORDER, key=None, delivery="ord_x#1")
    ((headers, _),) = listener.told
    assert SIGNATURE not in headers


def test_each_end_of_an_order_is_a_delivery_of_its_own(book: OrderBook) -> None:
    order, _ = book.place(ORDER.request, owner="a", webhook="https://shop.example/done")
    book.fail(order.id, {"title": "x"})
    book.retry(order.id)
    book.cancel(order.id)
    first, second = (one.workflow_id for one in book._client.list_workflows() if one.name == "deliver_webhook")
    book.tell_later(first, order, 1, delay=3600)
    book.tell_later(f"{first}-1", order, 2, delay=3600)
    its = {delivery_of(one.workflow_id) for one in book._client.list_workflows() if one.name == "deliver_webhook"}
    assert its == {delivery_of(first), delivery_of(second)}
    assert len(its) == 2


@pytest.mark.parametrize("answer", [302, 404, 500])
def test_other_answers_are_failures_and_redirects_are_not_followed(listener: Listener, answer: int) -> None:
    listener.answer = answer
    with pytest.raises(WebhookError, match=str(answer)):
        Courier(private=True, resolve=_at_home).tell(listener.url, ORDER, key=None, delivery="ord_x#1")
    assert len(listener.told) == 1


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.0.0.1", "172.16.5.4", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1"),
        *("224.0.0.1", "255.255.255.255", "240.0.0.1", "198.18.0.1", "192.0.2.1"),
        *("::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "ff02::1", "2001:db8::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:a9fe:a9fe", "64:ff9b::7f00:1", "64:ff9b::169.254.169.254"),
        *("fec0::1", "3fff::1", "5f00::1", "4000::1", "64:ff9b:1::7f00:1", "192.88.99.1", "2620:4f:8000::1"),
        *("2001:4860::5efe:7f00:1", "2001:4860::200:5efe:a00:1", "::ffff:0:127.0.0.1"),
        *("2002:7f00:1::", "2002:a9fe:a9fe::1", "::127.0.0.1", "::10.1.2.3", "2001:0:a9fe:a9fe::1"),
    ],
)
def test_addresses_of_the_house_are_not_reached(listener: Listener, address: str) -> None:
    assert not is_public(address)
    with pytest.raises(WebhookError):
        Courier(resolve=lambda host, port: [address]).tell(listener.url, ORDER, key=None, delivery="ord_x#1")
    with pytest.raises(WebhookError):  # one good address among them does not help
        Courier(resolve=lambda host, port: ["93.184.216.34", address]).tell(
            listener.url, ORDER, key=None, delivery="ord_x#1"
        )
    assert listener.told == []


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_addresses_of_the_world_are(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        *("http://[", "http://℀.example/", "http://a\0.example/", "http://a b/", "http://a.example:0/", "http://a..b/"),
        *("", "x", "file:///etc/passwd", "ftp://a.example/", "http://", "gopher://a.example", "//a.example"),
        *("http://user:word@a.example/", "http://a.example:99999/", "http://a.example/" + "x" * 3000),
    ],
)
def test_targets_must_be_addresses_of_the_web(url: str) -> None:
    with pytest.raises(UsageError):
        check_target(url, private=True)
    check_target("https://shop.example/done?order=1")


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "127.1", "2130706433", "0x7f.1", "0177.0.0.1", "localhost", "[::1]", "[fe80::1%25eth0]"),
        *("[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[fec0::1]"),
    ],
)
def test_targets_of_the_house_are_refused_at_once(host: str) -> None:
    with pytest.raises(UsageError, match="open internet"):
        check_target(f"http://{host}:8000/x")
    check_target(f"http://{host}:8000/x", private=True)


def test_an_answer_of_a_letter_at_a_time_is_not_waited_for() -> None:
    class Dripping(httpcore.NetworkStream):
        def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
            assert timeout is not None
            assert timeout < 10
            return b"x"

    assert _TimedStream(Dripping(), time.monotonic() + 5).read(1, 10.0) == b"x"
    with pytest.raises(httpcore.ReadTimeout):
        _TimedStream(Dripping(), time.monotonic() - 1).read(1, 10.0)


def test_the_next_attempt_waits_where_it_keeps_nobody_waiting(book: OrderBook) -> None:
    order, _ = book.place(ORDER.request, owner="a", webhook="https://shop.example/done")
    for _ in range(2):  # a worker that is killed comes by again
        book.tell_later("first", order, 1, delay=3600)
    (later,) = (one for one in book._client.list_workflows() if one.name == "deliver_webhook")
    assert (later.status, later.workflow_id, later.queue_name) == ("DELAYED", "first-1", "webhooks")
    assert later.queue_partition_key == "a"


@pytest.mark.slow
def test_a_client_is_told_once_by_a_real_worker(
    settings: ServiceSettings, book: OrderBook, start_worker: StartWorker, listener: Listener
) -> None:
    client, secret = Keys(book.engine, needed=True).add("shop")
    store = PictureStore(settings.files_url)
    request = OrderRequest(store.put(picture()), (OrderedStyle(name="mosaic"),))
    url = listener.url.replace("told.example", "127.0.0.1")
    order, _ = book.place(request, owner=client.id, webhook=url)
    start_worker(replace(settings, private_webhooks=True))
    until(lambda: len(listener.told) > 0)
    ((headers, body),) = listener.told
    assert json.loads(body)["id"] == order.id
    time, code = (part.partition("=")[2] for part in headers[SIGNATURE].split(","))
    key = hashlib.sha256(secret.encode()).hexdigest()
    assert code == hmac.new(key.encode(), f"{time}.".encode() + body, hashlib.sha256).hexdigest()
