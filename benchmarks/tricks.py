"""Requests of hostile make: strange words, strange forms, strange HTTP, and clients that take their time."""

from __future__ import annotations

import json
import selectors
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import quote, urlsplit

_WORDS = (
    *("../../../etc/passwd", "..\\..\\windows\\win.ini", "/etc/passwd", "file:///etc/passwd", "C:\\", "~root"),
    *("\0", "mosaic\0.png", "a\r\nX-Injected: 1", "\ud7ff\uffff", "‮gnp.exe", "%2e%2e%2f", "$(id)", "`id`"),
    *("' OR 1=1 --", "{{7*7}}", "<script>alert(1)</script>", "${jndi:ldap://x/y}", "x" * 5000, "x" * 70_000, " ", "."),
    *("nan", "-1", "1e400", "9" * 400, "٣", "CON", "orders.db", "."),
)
_OPTIONS = (
    *('{"strength": NaN}', '{"strength": -Infinity}', '{"strength": 1e999}', '{"strength": ' + "1" * 4000 + "}"),
    *('{"model": "\\u0000"}', '{"start": "\\ud800"}', '{"preset": []}', '{"quality": 5}', '{"quality": {}}', "null"),
    *('{"size": 99999999999999999999}', '{"iterations": -1}', '{"a": ' * 5000 + "1" + "}" * 5000, "[" * 60_000),
    *('{"start": "/etc/passwd"}', '{"model": "../../x.onnx"}', '{"device": "cuda"}', '{"encoder": "/etc/passwd"}'),
    *('{"__class__": 1}', '{"strength": 1, "strength": 2}', '{"style_layers": ["\\ud800"]}', '{"brush": 1e308}'),
    *(
        json.dumps({f"name{i}": i for i in range(4000)}),
        json.dumps({"x" * 60_000: 1}),
        '{"preset": "' + "x" * 60_000 + '"}',
    ),
)


def requests(picture: bytes) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """What each is, its method, its path, and what goes with it."""
    file = {"content": ("x.png", picture)}
    for word in _WORDS:
        shown = repr(word[:20])
        for name in ("style", "webhook", "format", "jpeg_quality", "bit_depth", "options"):
            form = {"style": "mosaic", name: word}
            yield f"{name} {shown}", "POST", "/v1/orders", {"files": file, "data": form}
        yield f"paint {shown}", "POST", "/v1/paint", {"files": file, "data": {"style": word}}
        yield f"own style {shown}", "POST", "/v1/styles", {"files": {"picture": ("x", picture)}, "data": {"name": word}}
        yield (
            f"file {shown}",
            "POST",
            "/v1/orders",
            {"files": {"content": (word, picture)}, "data": {"style": "mosaic"}},
        )
        in_path = quote(word[:3000], safe="")
        for method, path in (
            *(("GET", "/v1/orders/{}"), ("GET", "/v1/orders/{}/result"), ("DELETE", "/v1/orders/{}")),
            *(
                ("GET", "/v1/styles/{}/picture"),
                ("DELETE", "/v1/styles/{}"),
                ("GET", "/{}"),
                ("GET", "/styles/{}.webp"),
            ),
            *(("GET", "/v1/orders?state={}"), ("GET", "/v1/orders?most={}")),
        ):
            yield f"{method} {path} {shown}", method, path.format(in_path), {}
        header = word[:300].encode("utf-8", "replace")
        for name in ("Idempotency-Key", "Accept", "If-None-Match", "X-Forwarded-For", "Host"):
            if not any(letter < 32 for letter in header) and header.strip():
                more = {"files": file, "data": {"style": "mosaic"}, "headers": {name: header}}
                yield f"header {name} {shown}", "POST", "/v1/orders", more
    for options in _OPTIONS:
        form = {"style": "mosaic", "options": options}
        yield f"options {options[:30]}", "POST", "/v1/orders", {"files": file, "data": form}
    yield from _forms(picture)
    for method in ("HEAD", "OPTIONS", "PUT", "PATCH", "TRACE", "FOO"):
        for path in ("/", "/v1/orders", "/v1/openapi.json", "/metrics", "/v1/styles/x"):
            yield f"{method} {path}", method, path, {}
    for path in (
        "/v1/orders/",
        "//v1/orders",
        "/v1/../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/x" * 3000,
        "/docs",
    ):
        yield f"GET {path[:30]}", "GET", path, {}


def _forms(picture: bytes) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    def part(name: bytes, content: bytes, filename: bytes | None = None) -> bytes:
        file = b"" if filename is None else b'; filename="' + filename + b'"'
        return b'--b\r\nContent-Disposition: form-data; name="' + name + b'"' + file + b"\r\n\r\n" + content + b"\r\n"

    whole = part(b"style", b"mosaic") + part(b"content", picture, b"x") + b"--b--\r\n"
    kind = "multipart/form-data; boundary=b"
    many_files = b"".join(part(b"style_file", picture + b"%d" % n, b"x") for n in range(900))
    bodies = [
        *(
            (f"charset {name}", whole, f"{kind}; charset={name}")
            for name in ("punycode", "unicode_escape", "utf-16", "x")
        ),
        *(
            (f"as {name}", whole, name)
            for name in ("application/json", "text/xml", "multipart/form-data", "multipart/mixed")
        ),
        ("5000 fields", part(b"style", b"x") * 5000 + whole, kind),
        ("900 files", many_files + whole, kind),
        ("a field of 5 MB", part(b"options", b"1" * 5_000_000) + whole, kind),
        ("5000 headers of a part", b"--b\r\n" + b"X: y\r\n" * 5000 + b"\r\n\r\n", kind),
        ("a file that is nearly full of ends", part(b"content", b"\r\n--bx" * 1_000_000, b"x") + b"--b--\r\n", kind),
        ("a form without end", whole[:-20], kind),
        ("10 MB of &", b"&" * 10_000_000, "application/x-www-form-urlencoded"),
        ("50,000 words", b"a=b&" * 50_000, "application/x-www-form-urlencoded"),
        ("nothing", b"", kind),
        ("a style code of brackets", part(b"style_file", b'{"x":' * 100_000, b"x") + whole, kind),
        ("names that are not UTF-8", part(b"\xff\xfe", b"\xff") + part(b"style", b"\xff\xfe\x80") + whole, kind),
        ("65 MB", part(b"content", bytes(65 << 20), b"x") + b"--b--\r\n", kind),
    ]
    for what, body, form in bodies:
        for path in ("/v1/orders", "/v1/styles"):
            yield what, "POST", path, {"content": body, "headers": {"Content-Type": form}}
    yield (
        "65 MB in pieces",
        "POST",
        "/v1/orders",
        {
            "content": iter([b"--b\r\n", *[bytes(1 << 20)] * 65]),
            "headers": {"Content-Type": kind},
        },
    )


def raw_requests(key: str) -> Iterator[tuple[str, bytes]]:
    """Such as no library would send."""
    head = f"Host: x\r\nAuthorization: {key}\r\n".encode()
    hidden = b"GET /v1/orders HTTP/1.1\r\n" + head + b"\r\n"
    post = b"POST /v1/orders HTTP/1.1\r\n" + head
    yield "two lengths", post + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde"
    yield "length and pieces", post + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden
    yield "pieces, twice told", post + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n"
    yield "pieces, told oddly", post + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"
    yield "a blank before the colon", post + b"Content-Length : 4\r\n\r\nabcd"
    yield (
        "a bad piece",
        post + b"Content-Type: multipart/form-data; boundary=b\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    )
    yield (
        "a piece of 2⁶⁴",
        post
        + b"Content-Type: multipart/form-data; boundary=b\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nab",
    )
    yield "a negative length", post + b"Content-Length: -1\r\n\r\n"
    yield "a length of 5000 digits", post + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n"
    yield "a line folded", b"GET /v1/orders HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n"
    yield "a NUL in a header", b"GET /v1/orders HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n"
    yield "a control character in a header", post + b"Idempotency-Key: \x01\x1b\r\nContent-Length: 0\r\n\r\n"
    yield "a NUL in the path", b"GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n"
    yield "no host", b"GET / HTTP/1.1\r\n\r\n"
    yield "two hosts", b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"
    yield "a whole address", b"GET http://169.254.169.254/ HTTP/1.1\r\nHost: x\r\n\r\n"
    yield "CONNECT", b"CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: x\r\n\r\n"
    yield "a version", b"GET / HTTP/9.9\r\nHost: x\r\n\r\n"
    yield "HTTP/1.0", b"GET /healthz HTTP/1.0\r\n\r\n"
    yield "HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    yield "TLS", bytes.fromhex("16030100c8010000c40303") + bytes(200)
    yield "nothing but lines", b"\r\n" * 20_000
    yield "a path of 70 kB", b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"
    yield "5000 headers", b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 5000 + b"\r\n"
    yield "100 requests at once", b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 100
    yield (
        "a web socket",
        b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n",
    )
    yield "expect", post + b"Expect: 200-maybe\r\nContent-Length: 3\r\n\r\nabc"


def exchange(url: str, raw: bytes) -> list[tuple[int, str, str]]:
    """Status, media type and text of the answers to a request, till they stop coming for a second."""
    parts = urlsplit(url)
    got = b""
    with suppress(OSError), socket.create_connection((str(parts.hostname), parts.port), timeout=30) as line:
        line.sendall(raw)
        line.settimeout(1.0)
        while piece := line.recv(1 << 16):
            got += piece
    return [_answer(one) for one in got.split(b"HTTP/1.1 ")[1:]]


def _answer(text: bytes) -> tuple[int, str, str]:
    head, _, body = text.partition(b"\r\n\r\n")
    kinds = [
        line.partition(b":")[2].strip() for line in head.split(b"\r\n") if line.lower().startswith(b"content-type")
    ]
    return int(text[:3]), kinds[0].decode() if kinds else "", (head + body).decode("utf-8", "replace")


# -- who takes their time


def slow_loris(url: str, key: dict[str, str], result: str, ended: threading.Event, *, count: int = 120) -> None:
    """Keep so many connections, opened anew when they are closed: heads and bodies of a letter a second, readers who
    never read.
    """
    parts = urlsplit(url)
    head = f"Host: x\r\nAuthorization: {key['Authorization']}\r\n"
    body = f"POST /v1/orders HTTP/1.1\r\n{head}Content-Length: 9999\r\n"
    body += "Content-Type: multipart/form-data; boundary=b\r\n\r\n"
    read = f"GET {result}/events HTTP/1.1\r\n{head}\r\n" + f"GET {result}/content HTTP/1.1\r\n{head}\r\n" * 40
    starts = ("GET / HTTP/1.1\r\n", body, read)
    lines: list[socket.socket | None] = [None] * count
    while not ended.is_set():
        for n, line in enumerate(lines):
            try:
                if line is None:
                    line = lines[n] = socket.create_connection((str(parts.hostname), parts.port), timeout=5)
                    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
                    line.sendall(starts[n % 3].encode())
                    line.settimeout(0.0)
                elif n % 3 < 2:
                    line.send(b"x")
            except (BlockingIOError, InterruptedError):
                continue
            except OSError:
                if line is not None:
                    line.close()
                lines[n] = None
        ended.wait(1.0)
    for line in lines:
        if line is not None:
            line.close()


# -- webhooks


def private_addresses(port: int) -> list[str]:
    hosts = (
        *("127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0.0.0.0", "localhost", "localhost."),
        *("10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "198.18.0.1", "224.0.0.1"),
        *("[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::7f00:1]"),
        *("[2002:7f00:1::]", "[2001:0:7f00:1::1]", "[fec0::1]", "[fe80::1]", "[fd00::1]", "[::127.0.0.1]"),
        *("[2001:db8::5efe:7f00:1]", "localhost.localdomain", "ip6-localhost", socket.gethostname()),
        *(
            "user:word@127.0.0.1",
            "example.com@127.0.0.1",
            "127.0.0.1#@example.com",
            "127.0.0.1%00.example.com",
            "[",
            "℀",
        ),
    )
    return [f"http://{host}:{port}/hook" for host in hosts] + [f"https://{host}/" for host in hosts]


@contextmanager
def listening() -> Iterator[tuple[int, list[bytes]]]:
    """A port on all addresses of this machine, and what it hears."""
    heard: list[bytes] = []
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as server:
        ended, chooser = threading.Event(), selectors.DefaultSelector()
        chooser.register(server, selectors.EVENT_READ)

        def listen() -> None:
            while not ended.is_set():
                if chooser.select(0.2):
                    line, address = server.accept()
                    heard.append(str(address).encode())
                    line.close()

        thread = threading.Thread(target=listen)
        thread.start()
        try:
            yield server.getsockname()[1], heard
        finally:
            time.sleep(1.0)
            ended.set()
            thread.join()
            chooser.close()
