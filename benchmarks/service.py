#!/usr/bin/env python3
"""The studio under load: real servers on loopback.

    python benchmarks/service.py pace [--orders 2000] [--pace 2] [--clients 8] [--database URL]
    python benchmarks/service.py kill [--orders 500] [--kills 20] [--workers 2] [--database URL]

`pace` sends orders of 1024 × 768 pixels evenly, so many a second, and tells the times from order to result, and how the
memory of the process that paints has grown after the first 100.

`kill` sends all orders at once, kills a worker (SIGKILL) at random moments, and sees that each order is done, once, and
that orders of one photograph and style, of which there are many, have one and the same painting.
"""

from __future__ import annotations

import argparse
import collections
import io
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
from PIL import Image

_STYLES = ("starry-night", "mosaic", "watercolour", "great-wave")
_SIZE = 1024, 768


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("pace", "kill"))
    parser.add_argument("--orders", type=int)
    parser.add_argument("--pace", type=float, default=2.0, help="orders a second")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--threads", type=int, help="of each worker")
    parser.add_argument("--database", help="postgresql://…; an empty one")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if arguments.what == "pace":
            pace(arguments, Path(folder))
        else:
            kill(arguments, Path(folder))


# -- pace


def pace(arguments: argparse.Namespace, data: Path) -> None:
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


# -- kill


def kill(arguments: argparse.Namespace, data: Path) -> None:
    count, chance = arguments.orders or 500, random.Random(0)
    photos = [photo(seed) for seed in range(10)]
    with studio(arguments, data, 0) as url, httpx.Client(base_url=url, timeout=60) as client:
        with ThreadPoolExecutor(arguments.clients) as clients:
            ids = list(clients.map(lambda n: place(client, photos[n % len(photos)], n), range(count)))
        workers = [worker(arguments, data) for _ in range(arguments.workers)]
        killed = 0
        while killed < arguments.kills and open_orders(client):
            time.sleep(chance.uniform(0.2, 3.0))
            place_ = chance.randrange(len(workers))
            workers[place_].kill()
            workers[place_].wait()
            workers[place_] = worker(arguments, data)
            killed += 1
        found = [ended(client, order_id) for order_id in ids]
        results = [client.get(f"/v1/orders/{order_id}/result") for order_id in ids]
        for process in workers:
            process.send_signal(signal.SIGTERM)
            process.wait()
    kinds = collections.defaultdict(set)  # the same photograph and style must give the same painting, whenever
    broken = 0
    for n, result in enumerate(results):
        kinds[n % len(photos), _STYLES[n % len(_STYLES)]].add(result.content)
        broken += result.status_code != 200 or Image.open(io.BytesIO(result.content)).size != _SIZE
    differing = sum(len(paintings) > 1 for paintings in kinds.values())
    states = collections.Counter(order["state"] for order in found)
    print(f"{count} orders, {killed} kills: {dict(states)}, {broken} broken, {differing} of {len(kinds)} kinds differ")


# -- a studio


@contextmanager
def studio(arguments: argparse.Namespace, data: Path, workers: int) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [*impasto("serve", arguments, data), "--port", str(port), "--workers", str(workers)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    wait_for(url, "/readyz" if workers else "/healthz")
    try:
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def worker(arguments: argparse.Namespace, data: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(impasto("worker", arguments, data), stderr=subprocess.DEVNULL)


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


def place(client: httpx.Client, content: bytes, n: int) -> str:
    files, data = {"content": ("photo.jpg", content)}, {"style": _STYLES[n % len(_STYLES)]}
    while True:
        answer = client.post("/v1/orders", files=files, data=data, headers={"Idempotency-Key": f"order {n}"})
        if answer.status_code in (200, 202):
            return str(answer.json()["id"])
        if answer.status_code != 429:
            raise SystemExit(answer.text)
        time.sleep(float(answer.headers["retry-after"]))


def ended(client: httpx.Client, order_id: str) -> dict[str, float]:
    while True:
        order: dict[str, float] = client.get(f"/v1/orders/{order_id}").json()
        if order["state"] not in ("queued", "painting"):
            return order
        time.sleep(0.2)


def open_orders(client: httpx.Client) -> bool:
    return any(client.get("/v1/orders", params={"state": s, "most": 1}).json() for s in ("queued", "painting"))


def bench_memory(data: Path) -> int:
    """Bytes of the process that paints, by its parents: a worker of this folder. 0 if there is none."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if b"spawn_main" not in (process / "cmdline").read_bytes():
                continue
            about = (process / "status").read_text().splitlines()
            parent = next(line for line in about if line.startswith("PPid:")).split()[1]
            if str(data).encode() in Path(f"/proc/{parent}/cmdline").read_bytes():
                return int((process / "statm").read_text().split()[1]) * 4096
        except (OSError, StopIteration):
            continue
    return 0


def photo(seed: int) -> bytes:
    """A picture with forms and noise, as JPEG."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(256, size=(12, 16, 3), dtype=np.uint8)).resize(
        _SIZE, Image.Resampling.BICUBIC
    )
    pixels = np.asarray(coarse, np.int16) + rng.integers(-12, 12, size=(_SIZE[1], _SIZE[0], 3))
    stream = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(stream, "JPEG", quality=90)
    return stream.getvalue()


if __name__ == "__main__":
    main()
