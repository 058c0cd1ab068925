"""Webhooks: telling clients that their orders have ended, without being led to where clients have no business."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import json
import socket
import ssl
import time
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

import httpcore

from impasto.errors import UsageError, WebhookError
from impasto.service.orders import Order

DELAYS = (5, 30, 120, 600, 3600, 3 * 3600, 6 * 3600)  # seconds between attempts
SIGNATURE = "Impasto-Signature"
_TIMEOUT = 10.0
_LONGEST = 2000
_SCHEMES = {"https": 443, "http": 80}
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_UNICAST = ipaddress.ip_network("2000::/3")  # all that is given out; what is left of IPv6 is no place to go to
_NOT_OPEN = [  # that Python holds for open
    ipaddress.ip_network(net) for net in ("192.88.99.0/24", "3fff::/20", "2620:4f:8000::/48", "192.31.196.0/24")
]
_ISATAP = (0x00005EFE, 0x02005EFE)  # before an IPv4 address, in the lower half of an IPv6 one (RFC 5214)
_WHOLE = 30.0  # seconds for all of a delivery

Resolve = Callable[[str, int], list[str]]


def check_target(url: str, *, private: bool = False) -> None:
    """See that an address can be one of a webhook. Where a name leads to is checked at each delivery.

    Args:
        private: whether it may be one that is not of the open internet.

    Raises:
        UsageError
    """
    try:
        if len(url) > _LONGEST or not all("!" <= letter <= "~" for letter in url):
            raise ValueError("letters that no address has")
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
        if parts.scheme not in _SCHEMES or not host or port == 0 or parts.username is not None:
            raise ValueError("no address of the web")
        host.encode("idna")
        address = _literal(host)
        is_closed = host == "localhost" or (address is not None and not is_public(address))
    except ValueError as error:
        raise UsageError("The webhook is no address that can be told.", hint="Send an https:// address.") from error
    if is_closed and not private:
        raise UsageError("The webhook is not of the open internet.", hint="Send an address that is.")


def _literal(host: str) -> str | None:
    """The IP address that a host is written as, be it in a way that only old resolvers know (0x7f.1, 2130706433)."""
    if ":" in host:
        return str(ipaddress.ip_address(host.partition("%")[0]))
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except OSError:
        return None


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet, and embeds none that is not."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv4Address):
        return _is_open(ip)
    if ip.ipv4_mapped is not None or ip in _NAT64:  # another way to write an IPv4 address
        return _is_open(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF))
    embedded = [inner for inner in (ip.sixtofour, *(ip.teredo or ())) if inner is not None]
    if int(ip) >> 32 & 0xFFFFFFFF in _ISATAP:
        embedded.append(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF))
    return ip in _UNICAST and _is_open(ip) and all(map(_is_open, embedded))


def _is_open(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return ip.is_global and not ip.is_multicast and not ip.is_reserved and not any(ip in net for net in _NOT_OPEN)


def message(order: Order) -> bytes:
    """What is told of an order that has ended."""
    told = {
        "id": order.id,
        "state": order.state,
        "finished": order.finished,
        "result": f"/v1/orders/{order.id}/result" if order.result else None,
        "problem": None if order.problem is None else dict(order.problem),
    }
    return json.dumps(told, sort_keys=True).encode()


def signature(body: bytes, *, key: str, at: int) -> str:
    """`t=TIME,v1=HMAC`: HMAC-SHA256 of "TIME.BODY" in hexadecimal digits.

    Args:
        key: the SHA-256 of the API key that the order came with, in hexadecimal digits: both sides know it.
        at: seconds since 1970.
    """
    code = hmac.new(key.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={code}"


class Courier:
    """
    Args:
        private: whether addresses that are not of the open internet may be told too.
        resolve: from a host and port to IP addresses.
    """

    def __init__(self, *, private: bool = False, resolve: Resolve | None = None) -> None:
        self._backend = _CheckedBackend(private, resolve or _resolved)

    def tell(self, url: str, order: Order, *, key: str | None, delivery: str) -> None:
        """Tell an address of an order's end. Redirects are not followed.

        Args:
            key: see `signature`; None: what came without a key is told unsigned.
            delivery: the same each time that it is tried.

        Raises:
            WebhookError: it was not told.
        """
        body = message(order)
        headers: dict[str | bytes, str | bytes] = {
            "Content-Type": "application/json",
            "User-Agent": "impasto",
            "Impasto-Delivery": delivery,
        }
        if key is not None:
            headers[SIGNATURE] = signature(body, key=key, at=int(time.time()))
        timeout = dict.fromkeys(("connect", "read", "write", "pool"), _TIMEOUT)
        try:
            with (
                httpcore.ConnectionPool(ssl.create_default_context(), network_backend=self._backend) as pool,
                pool.stream("POST", url, headers=headers, content=body, extensions={"timeout": timeout}) as answer,
            ):
                status = answer.status
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, OSError, ValueError) as error:
            raise WebhookError(f"The webhook could not be told ({type(error).__name__}).") from error
        if not 200 <= status < 300:
            raise WebhookError(f"The webhook answered {status}.")


class _CheckedBackend(httpcore.SyncBackend):
    """Connects to addresses that have been looked at, not to names, which may lead elsewhere the next moment."""

    def __init__(self, private: bool, resolve: Resolve) -> None:
        self._private, self._resolve = private, resolve

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        addresses = self._resolve(host, port)
        if not addresses or not (self._private or all(is_public(address) for address in addresses)):
            raise httpcore.ConnectError("not a public address")
        stream = super().connect_tcp(addresses[0], port, timeout, local_address, socket_options)
        return _TimedStream(stream, time.monotonic() + _WHOLE)

    def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore.NetworkStream:
        raise httpcore.ConnectError("not a public address")


class _TimedStream(httpcore.NetworkStream):
    """Of which each step has its time, and all of them together have theirs: an answer may come a letter at a time."""

    def __init__(self, stream: httpcore.NetworkStream, until: float) -> None:
        self._stream, self._until = stream, until

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = self._left(timeout, httpcore.ConnectTimeout)
        return _TimedStream(self._stream.start_tls(ssl_context, server_hostname, left), self._until)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def _left(self, timeout: float | None, over: type[httpcore.TimeoutException]) -> float:
        left = self._until - time.monotonic()
        if left <= 0:
            raise over("the delivery takes too long")
        return left if timeout is None else min(left, timeout)


def _resolved(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]
