#!/usr/bin/env python3
"""The studio under load: real servers on loopback.

    python benchmarks/service.py pace [--orders 2000] [--pace 2] [--clients 8] [--database URL | --postgres]
    python benchmarks/service.py kill [--orders 500] [--kills 20] [--workers 2] [--victim worker|service|database]
    python benchmarks/service.py overload [--times 5] [--seconds 60]

`pace` sends orders of 1024 × 768 pixels evenly, so many a second, and tells the times from order to result, and how the
memory of the process that paints has grown after the first 100.

`kill` sends all orders at once, kills (SIGKILL) workers, or the whole service, or the database, at random moments, and
sees that each order is done, that its client is told once, and that its painting is that of an undisturbed run. Each
tenth is so large that it has the slow lane.

`overload` finds out how many orders a second are painted, sends so many times as many, and sees that those beyond the
queue are told so at once, that all that were taken are done, and how long an order takes just afterwards.
"""

from __future__ import annotations

import argparse
import collections
import io
import json
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tests.service.postgres import Postgres

_STYLES = ("starry-night", "mosaic", "watercolour", "great-wave")
_SIZE = 1024, 768
_LARGE = 2048, 1536  # of the slow lane


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("pace", "kill", "overload"))
    parser.add_argument("--orders", type=int)
    parser.add_argument("--pace", type=float, default=2.0, help="orders a second")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--victim", choices=("worker", "service", "database"), default="worker")
    parser.add_argument("--times", type=float, default=5.0, help="as many orders as can be painted")
    parser.add_argument("--seconds", type=float, default=60.0, help="of overload")
    parser.add_argument("--waiting", type=int, default=1000, help="orders that may wait")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--threads", type=int, help="of each worker")
    parser.add_argument("--database", help="postgresql://…; an empty one")
    parser.add_argument("--postgres", action="store_true", help="with a PostgreSQL of its own")
    arguments = parser.parse_args()
    server = Postgres() if arguments.postgres or arguments.victim == "database" else None
    run = {"pace": pace, "kill": kill, "overload": overload}[arguments.what]
    with tempfile.TemporaryDirectory() as folder:
        try:
            if server is not None:
                server.start()
                arguments.database = server.database()
            run(arguments, Path(folder), server)
        finally:
            if server is not None:
                server.remove()


# -- pace


def pace(arguments: argparse.Namespace, data: Path, _: Postgres | None) -> None:
    count = arguments.orders or 2000
    photos = [photo(seed) for seed in range(20)]
    with studio(arguments, data, arguments.workers) as url, httpx.Client(base_url=url, timeout=60) as client:
        began = time.monotonic()
        memory: list[tuple[int, int]] = []

        def send(n: int) -> str:
            time.sleep(max(0.0, began + n / arguments.pace - time.monotonic()))
            if n % 50 == 0:
                memory.append((n, bench_memory(data)))
            return place(client, photos[n % len(photos)], n)

        with ThreadPoolExecutor(arguments.clients) as clients:
            ids = list(clients.map(send, range(count)))
        found = [ended(client, order_id) for order_id in ids]
    waits = sorted(order["finished"] - order["created"] for order in found)
    states = collections.Counter(order["state"] for order in found)
    early, late = (
        [size for n, size in memory if low <= n < high and size] for low, high in ((100, 300), (count - 200, count))
    )
    grown = f"{statistics.median(late) / statistics.median(early) - 1:+.1%}" if early and late else "not measured"
    middle, high = waits[len(waits) // 2], waits[int(0.95 * len(waits))]
    print(f"{count} orders at {arguments.pace:g} a second: {dict(states)}")
    print(f"from order to result: median {middle:.2f} s, p95 {high:.2f} s, longest {waits[-1]:.2f} s")
    print(f"memory of the process that paints: {grown} since the first 100")
    print("MB on the way:", *(f"{size / 1e6:.0f}" for _, size in memory[:: max(1, len(memory) // 20)]))


# -- kill


def kill(arguments: argparse.Namespace, data: Path, server: Postgres | None) -> None:
    count = arguments.orders or 500
    photos = [photo(seed, _LARGE if seed == 9 else _SIZE) for seed in range(10)]
    expected = undisturbed(arguments, data / "undisturbed", photos)
    with (
        told() as (webhook, calls),
        Victims(arguments, data / "studio", server) as studio_,
        httpx.Client(base_url=studio_.url, timeout=60) as client,
    ):
        with ThreadPoolExecutor(arguments.clients) as clients:
            send = partial(place, client, webhook=webhook)
            ids = list(clients.map(lambda n: send(photos[n % len(photos)], n), range(count)))
        studio_.begin()
        chance, killed = random.Random(0), 0
        while killed < arguments.kills and open_orders(client):
            time.sleep(chance.uniform(0.2, 3.0))
            studio_.kill(chance)
            killed += 1
        found = [ended(client, order_id) for order_id in ids]
        results = [client.get(f"/v1/orders/{order_id}/result") for order_id in ids]
        until = time.monotonic() + 60
        while set(calls) < set(ids) and time.monotonic() < until:
            time.sleep(0.5)
    differing = sum(answer.content != expected[kind(n)] for n, answer in enumerate(results))
    states = collections.Counter(order["state"] for order in found)
    slow = sum(n % len(photos) == 9 for n in range(count))
    twice = sum(number > 1 for number in calls.values())
    print(f"{count} orders, {killed} kills of the {arguments.victim}: {dict(states)}, {slow} in the slow lane")
    print(f"{differing} paintings differ from those of an undisturbed run")
    print(f"clients told of {len(calls)} orders, of {twice} of them more than once")


def kind(n: int) -> tuple[int, int]:
    """Which photograph, and which style, order n is of."""
    return n % 10, n % len(_STYLES)


def undisturbed(arguments: argparse.Namespace, data: Path, photos: list[bytes]) -> dict[tuple[int, int], bytes]:
    """The painting of each kind of order."""
    alone = argparse.Namespace(**{**vars(arguments), "database": None})
    with studio(alone, data, 1) as url, httpx.Client(base_url=url, timeout=60) as client:
        ids = {kind(n): place(client, photos[n % len(photos)], n) for n in range(20)}
        for order_id in ids.values():
            ended(client, order_id)
        return {its: client.get(f"/v1/orders/{order_id}/result").content for its, order_id in ids.items()}


class Victims:
    """A studio of which something is killed, and brought back as whoever operates it would."""

    def __init__(self, arguments: argparse.Namespace, data: Path, server: Postgres | None) -> None:
        self._arguments, self._data, self._server = arguments, data, server
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self._own = arguments.workers if arguments.victim == "service" else 0
        self._workers: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Victims:
        self._service = serve(self._arguments, self._data, self._port, 0)
        return self

    def begin(self) -> None:
        """Start to paint."""
        if self._own:  # one that has workers of its own takes the place of the one that only takes orders
            end(self._service)
            self._service = serve(self._arguments, self._data, self._port, self._own)
        else:
            self._workers = [worker(self._arguments, self._data) for _ in range(self._arguments.workers)]

    def kill(self, chance: random.Random) -> None:
        self._workers = [its if its.poll() is None else worker(self._arguments, self._data) for its in self._workers]
        if self._arguments.victim == "worker":
            n = chance.randrange(len(self._workers))
            self._workers[n].kill()
            self._workers[n].wait()
            self._workers[n] = worker(self._arguments, self._data)
        elif self._arguments.victim == "service":
            self._service.kill()
            self._service.wait()
            self._service = serve(self._arguments, self._data, self._port, self._own)
        else:
            assert self._server is not None
            self._server.kill()
            self._server.start()

    def __exit__(self, *_: object) -> None:
        for process in (*self._workers, self._service):
            end(process)


@contextmanager
def told() -> Iterator[tuple[str, collections.Counter[str]]]:
    """The address of a webhook, and how often each order was told there."""
    calls: collections.Counter[str] = collections.Counter()

    class Called(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            calls[str(body["id"])] += 1
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Called)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", calls
    finally:
        server.shutdown()


# -- overload


def overload(arguments: argparse.Namespace, data: Path, _: Postgres | None) -> None:
    photos = [photo(seed) for seed in range(20)]
    with studio(arguments, data, arguments.workers) as url, httpx.Client(base_url=url, timeout=60) as client:
        capacity = painted_a_second(client, photos)
        rate, count = arguments.times * capacity, round(arguments.times * capacity * arguments.seconds)
        answers: list[tuple[int, float]] = []
        taken: list[str] = []
        began = time.monotonic()

        def send(n: int) -> None:
            time.sleep(max(0.0, began + n / rate - time.monotonic()))
            asked = time.monotonic()
            form = {"style": _STYLES[n % len(_STYLES)]}
            answer = client.post("/v1/orders", files={"content": photos[n % len(photos)]}, data=form)
            answers.append((answer.status_code, time.monotonic() - asked))
            if answer.status_code == 202:
                taken.append(answer.json()["id"])

        with ThreadPoolExecutor(32) as clients:
            list(clients.map(send, range(count)))
        seconds = time.monotonic() - began
        last = [ended(client, order_id) for order_id in taken]
        drained = time.monotonic() - began - seconds
        after = ended(client, place(client, photos[0], -1))
    refused = [wait for status, wait in answers if status == 429]
    codes = collections.Counter(status for status, _ in answers)
    print(f"{capacity:.1f} orders a second can be painted; {rate:.1f} were sent for {seconds:.0f} s: {dict(codes)}")
    longest = f"the slowest refusal came after {max(refused):.2f} s" if refused else "none was refused"
    print(f"taken: {dict(collections.Counter(order['state'] for order in last))}; {longest}")
    print(
        f"the queue was empty {drained:.0f} s later; the next order took {after['finished'] - after['created']:.2f} s"
    )


def painted_a_second(client: httpx.Client, photos: list[bytes], count: int = 40) -> float:
    ids = [place(client, photos[n % len(photos)], -2 - n) for n in range(count)]
    orders = [ended(client, order_id) for order_id in ids]
    return (count - 1) / (max(o["finished"] for o in orders) - min(o["finished"] for o in orders))


# -- a studio


@contextmanager
def studio(arguments: argparse.Namespace, data: Path, workers: int) -> Iterator[str]:
    port = free_port()
    process = serve(arguments, data, port, workers)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        end(process)


def serve(arguments: argparse.Namespace, data: Path, port: int, workers: int) -> subprocess.Popen[bytes]:
    """A service that answers."""
    command = [*impasto("serve", arguments, data), "--port", str(port), "--workers", str(workers)]
    command += ["--private-webhooks", "--waiting", str(arguments.waiting)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    wait_for(f"http://127.0.0.1:{port}", "/readyz" if workers else "/healthz")
    return process


def end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    process.wait()


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def worker(arguments: argparse.Namespace, data: Path) -> subprocess.Popen[bytes]:
    command = [*impasto("worker", arguments, data), "--private-webhooks"]
    return subprocess.Popen(command, stderr=subprocess.DEVNULL)


def impasto(verb: str, arguments: argparse.Namespace, data: Path) -> list[str]:
    command = [sys.executable, "-m", "impasto", verb, "--data", str(data)]
    for option, value in (("--database", arguments.database), ("--threads", arguments.threads)):
        command += [] if value is None else [option, str(value)]
    return command


def wait_for(url: str, path: str) -> None:
    for _ in range(600):
        try:
            if httpx.get(url + path).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise SystemExit("the studio does not answer")


def place(client: httpx.Client, content: bytes, n: int, webhook: str = "") -> str:
    """Order number n; it is asked for until it is taken."""
    files, data = {"content": ("photo.jpg", content)}, {"style": _STYLES[n % len(_STYLES)], "webhook": webhook}
    while True:
        answer = patiently(client.post, "/v1/orders", files=files, data=data, headers={"Idempotency-Key": f"order {n}"})
        if answer.status_code in (200, 202):
            return str(answer.json()["id"])
        if answer.status_code != 429:
            raise SystemExit(answer.text)
        time.sleep(float(answer.headers["retry-after"]))


def ended(client: httpx.Client, order_id: str) -> dict[str, float]:
    while True:
        answer = patiently(client.get, f"/v1/orders/{order_id}")
        order: dict[str, float] = answer.json()
        if answer.status_code == 200 and order["state"] not in ("queued", "painting"):
            return order
        time.sleep(0.2)


def patiently(ask: Callable[..., httpx.Response], *words: Any, **more: Any) -> httpx.Response:
    """The answer of a service that may be away for a while, or whose database may."""
    while True:
        try:
            answer = ask(*words, **more)
            if answer.status_code < 500:
                return answer
        except httpx.TransportError:
            pass
        time.sleep(0.3)


def open_orders(client: httpx.Client) -> bool:
    asked = ({"state": state, "most": 1} for state in ("queued", "painting"))
    return any(patiently(client.get, "/v1/orders", params=params).json() for params in asked)


def bench_memory(data: Path) -> int:
    """Bytes of the processes that paint, by their parents: workers of this folder. 0 if there is none."""
    found = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if b"spawn_main" not in (process / "cmdline").read_bytes():
                continue
            about = (process / "status").read_text().splitlines()
            parent = next(line for line in about if line.startswith("PPid:")).split()[1]
            if str(data).encode() in Path(f"/proc/{parent}/cmdline").read_bytes():
                found += int((process / "statm").read_text().split()[1]) * 4096
        except (OSError, StopIteration):
            continue
    return found


def photo(seed: int, size: tuple[int, int] = _SIZE) -> bytes:
    """A picture with forms and noise, as JPEG."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(256, size=(12, 16, 3), dtype=np.uint8)).resize(size, Image.Resampling.BICUBIC)
    pixels = np.asarray(coarse, np.int16) + rng.integers(-12, 12, size=(size[1], size[0], 3))
    stream = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(stream, "JPEG", quality=90)
    return stream.getvalue()


if __name__ == "__main__":
    main()
