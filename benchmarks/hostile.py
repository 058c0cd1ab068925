#!/usr/bin/env python3
"""The studio under attack: what orders of a shop take meanwhile, and whether anything breaks, hangs or leaks.

    python benchmarks/hostile.py [uploads bombs large quick slow tricks webhooks schema] [--uploads 10000]
        [--seconds 60] [--pace 2] [--schemathesis PATH] [--database URL]

A real server on loopback with one worker of one thread, and two keys: an attacker's, with limits as an operator would
set them, and that of a shop that orders a painting of 1024 × 768 pixels every two seconds. Each answer that the
attacker gets is looked at: below 500, a problem as JSON if it is none of success, without a word of the machine's
inside, within some seconds. `large` are pictures as large as is allowed, `quick` as large as is allowed in the lane of
the shop's own orders: orders as others are, which take their time.
"""

from __future__ import annotations

import argparse
import collections
import json
import math
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

import impasto as library
import mutants
import tricks
from impasto.service.settings import ServiceSettings
from service import bench_memory, impasto, photo, wait_for

# Whoever sends on and on after the answer is cut off, and may find the connection gone.
_CUT = (httpx.WriteError, httpx.ReadError, httpx.RemoteProtocolError)
_LIMIT = 15.0  # seconds that an answer may take; `paint` waits 30 for its painting
_INSIDE = ("Traceback", 'File "', "site-packages", "sqlalchemy", "sqlite", "dbos", "starlette", "pydantic.", ".py")


@dataclass
class Scene:
    """A studio, its attacker and what has been seen of it."""

    url: str
    data: Path
    attacker: dict[str, str]
    process: int
    inside: tuple[str, ...]
    seen: collections.Counter[str] = field(default_factory=collections.Counter)
    faults: collections.Counter[str] = field(default_factory=collections.Counter)
    slowest: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def look(self, what: str, answer: httpx.Response, seconds: float, *, limit: float = _LIMIT) -> None:
        """See whether an answer is as all should be."""
        is_text = not answer.headers.get("content-type", "").startswith("image/")
        wrong = [f"{answer.status_code}"] if answer.status_code >= 500 else []
        wrong += [f"{seconds:.0f} s"] if seconds > limit else []
        wrong += [f"tells {word!r}" for word in self.inside if is_text and word in answer.text + str(answer.headers)]
        if answer.status_code >= 400 and answer.headers.get("content-type") != "application/problem+json":
            wrong.append(f"{answer.status_code} as {answer.headers.get('content-type')}")
        with self.lock:
            self.seen[str(answer.status_code)] += 1
            self.slowest = max(self.slowest, seconds)
            self.faults.update(f"{what}: {one}" for one in wrong)

    def missed(self, what: str, error: Exception) -> None:
        with self.lock:
            self.seen[type(error).__name__] += 1
            self.faults[f"{what}: {type(error).__name__}"] += not isinstance(error, _CUT)

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, headers=self.attacker, timeout=60)


Attack = Callable[[Scene, argparse.Namespace, threading.Event], None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("attacks", nargs="*", default=["uploads", "bombs", "slow", "tricks", "webhooks"])
    parser.add_argument("--uploads", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=60.0, help="of each attack, at least")
    parser.add_argument("--pace", type=float, default=2.0, help="seconds between the shop's orders")
    parser.add_argument("--per-minute", type=int, default=1200, help="requests of the attacker")
    parser.add_argument("--open-orders", type=int, default=2, help="of the attacker")
    parser.add_argument("--schemathesis", help="its command")
    parser.add_argument("--examples", type=int, default=100, help="of each operation, by schemathesis")
    parser.add_argument("--database", help="postgresql://…; an empty one")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, studio(arguments, Path(folder)) as (scene, shop):
        print(f"{'attack':10} {'p95':>7} {'median':>7} {'orders':>6} {'answers':>8} {'slowest':>8}  what was answered")
        with httpx.Client(base_url=scene.url, headers=shop, timeout=120) as client:
            for n in range(len(_PHOTOS)):  # what is loaded once counts for none
                bought(client, n, scene)
        calm = measured("none", scene, shop, lambda *_: None, arguments)
        before = held(scene)
        for name in arguments.attacks:
            high = measured(name, scene, shop, ATTACKS[name], arguments)
            print(f"{'':10} {high / calm:6.2f} ×")
        settle(scene)
        after = held(scene)
        for what in before:
            print(f"{what}: {before[what]:,} before, {after[what]:,} after")
        print("/readyz:", httpx.get(scene.url + "/readyz").text.strip())
    for fault, count in (+scene.faults).most_common():
        print(f"FAULT {count:5} × {fault}")
    sys.exit(1 if +scene.faults else 0)


def measured(name: str, scene: Scene, shop: dict[str, str], attack: Attack, arguments: argparse.Namespace) -> float:
    """The p95 of a shop's orders while it is attacked, in seconds; the table's line is printed."""
    scene.seen.clear()
    scene.slowest = 0.0
    ended = threading.Event()
    began = time.monotonic()

    def run() -> None:
        try:
            attack(scene, arguments, ended)
        except Exception as error:
            scene.faults[f"{name}: the attack itself: {error!r}"] += 1

    attacker = threading.Thread(target=run)
    attacker.start()
    waits: list[float] = []
    # Else it closes connections that another thread is about to use (github.com/encode/httpcore/issues/1110).
    limits = httpx.Limits(max_keepalive_connections=None)
    with (
        ThreadPoolExecutor(32) as orders,
        httpx.Client(base_url=scene.url, headers=shop, timeout=120, limits=limits) as client,
    ):
        n = 0
        while attacker.is_alive() or time.monotonic() - began < arguments.seconds:
            if time.monotonic() - began >= arguments.seconds:
                ended.set()
            orders.submit(lambda n=n: waits.append(bought(client, n, scene)))
            n += 1
            time.sleep(max(0.0, began + arguments.pace * n - time.monotonic()))
    attacker.join()
    waits.sort()
    high = waits[int(0.95 * len(waits))]
    told = ", ".join(f"{count} × {what}" for what, count in scene.seen.most_common())
    row = f"{name:10} {high:6.2f}s {waits[len(waits) // 2]:6.2f}s {len(waits):6} {sum(scene.seen.values()):8}"
    print(f"{row} {scene.slowest:7.2f}s  {told}", flush=True)
    return high


_PHOTOS = [photo(seed) for seed in range(5)]


def bought(client: httpx.Client, n: int, scene: Scene) -> float:
    """Seconds from before an order is sent until its painting is there."""
    began = time.monotonic()
    try:
        files = {"content": ("photo.jpg", _PHOTOS[n % len(_PHOTOS)])}
        order = client.post("/v1/orders", files=files, data={"style": "mosaic"}).json()
        while order["state"] in ("queued", "painting"):
            time.sleep(0.1)
            order = client.get(f"/v1/orders/{order['id']}").json()
        if order["state"] != "done" or client.get(order["result"]).status_code != 200:
            scene.faults[f"the shop's order is {order['state']}"] += 1
    except (httpx.TransportError, KeyError, ValueError) as error:
        scene.faults[f"the shop's order: {error!r}"] += 1
    return time.monotonic() - began


# -- attacks


def uploads(scene: Scene, arguments: argparse.Namespace, ended: threading.Event) -> None:
    """Damaged pictures as photographs, as styles, and as styles to be kept."""
    turn, source = threading.Lock(), mutants.mutants(0)

    def send(n: int) -> None:
        with turn:
            name, data = next(source)
        file = ("x.bin", data)
        path, files = (
            ("/v1/orders", {"content": file}),
            ("/v1/paint", {"content": file}),
            ("/v1/orders", {"content": ("photo.png", small), "style_file": file}),
            ("/v1/styles", {"picture": file}),
        )[n % 4]
        form = {"name": f"s{n % 50}"} if path == "/v1/styles" else {} if n % 4 == 2 else {"style": "mosaic"}
        kept = post(scene, client, f"{path} of {name}", path, files=files, data=form, limit=45)
        if kept is not None and kept.status_code == 202:
            problem_of(scene, client, name, kept.json()["id"])

    small = mutants.seeds()["rgb.png"]
    with scene.client() as client, ThreadPoolExecutor(4) as attackers:
        list(attackers.map(send, range(arguments.uploads)))


def bombs(scene: Scene, _: argparse.Namespace, ended: threading.Event, source: object = None) -> None:
    """Each sent in turn, again and again, and its order followed to its end."""
    whole = list(source or mutants.bombs())  # type: ignore[call-overload]
    with scene.client() as client:
        while True:
            for name, data in whole:
                content = mutants.seeds()["rgb.png"] if data[:1] == b"{" else data
                files = {"content": ("x", content)} | ({"style_file": ("x", data)} if data[:1] == b"{" else {})
                kept = post(scene, client, name, "/v1/orders", files=files, data={"style": "mosaic"})
                if kept is not None and kept.status_code == 202:
                    problem_of(scene, client, name, kept.json()["id"])
                post(scene, client, name, "/v1/styles", files={"picture": ("x", data)}, data={"name": "bomb"})
            if ended.is_set():
                return


def large(scene: Scene, arguments: argparse.Namespace, ended: threading.Event) -> None:
    """As large as is allowed."""
    bombs(scene, arguments, ended, mutants.large())


def quick(scene: Scene, arguments: argparse.Namespace, ended: threading.Event) -> None:
    """As large as is allowed in the quick lane."""
    bombs(scene, arguments, ended, mutants.large(math.isqrt(ServiceSettings.quick_pixels)))


def slow(scene: Scene, arguments: argparse.Namespace, ended: threading.Event) -> None:
    """Connections of which a third each send a head, or a body, a letter a second, or never read their answer."""
    with scene.client() as client:
        order = post(scene, client, "an order", "/v1/orders", files={"content": _PHOTOS[0]}, data={"style": "mosaic"})
    result = f"/v1/orders/{order.json()['id'] if order is not None and order.is_success else 'x'}"
    tricks.slow_loris(scene.url, scene.attacker, result, ended)


def several_tricks(scene: Scene, _: argparse.Namespace, ended: threading.Event) -> None:
    """Strange words in all places where there are words, and strange requests."""
    with scene.client() as client:
        while True:
            for what, method, path, more in tricks.requests(mutants.seeds()["rgb.png"]):
                send(scene, client, what, method, path, **more)
            for what, raw in tricks.raw_requests(scene.attacker["Authorization"]):
                began = time.monotonic()
                for status, kind, text in tricks.exchange(scene.url, raw):
                    answer = httpx.Response(status, headers={"content-type": kind}, text=text)
                    scene.look(what, answer, time.monotonic() - began)
            if ended.is_set():
                return


def webhooks(scene: Scene, _: argparse.Namespace, ended: threading.Event) -> None:
    """Orders whose ends are to be told to addresses of the house, where somebody listens and must hear nothing."""
    with tricks.listening() as (port, heard), scene.client() as client:
        while not ended.is_set():
            for url in tricks.private_addresses(port):
                files, form = {"content": mutants.seeds()["rgb.png"]}, {"style": "mosaic", "webhook": url}
                kept = post(scene, client, "webhook", "/v1/orders", files=files, data=form)
                if kept is not None and kept.status_code == 202:
                    problem_of(scene, client, url, kept.json()["id"])
        time.sleep(3.0)
        scene.faults["a webhook was told to an address of the house"] += len(heard)


def schema(scene: Scene, arguments: argparse.Namespace, ended: threading.Event) -> None:
    """What schemathesis makes of the description of the API."""
    checks = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
    command = [arguments.schemathesis or "schemathesis", "run", f"{scene.url}/v1/openapi.json", "--checks", checks]
    command += [
        "--header",
        f"Authorization: {scene.attacker['Authorization']}",
        "--max-examples",
        str(arguments.examples),
    ]
    command += ["--request-timeout", "45", "--seed", "1", "--continue-on-failure"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    print(done.stdout[-6000:] if done.returncode else "\n".join(done.stdout.splitlines()[-14:]))
    scene.faults["schemathesis"] += done.returncode != 0


ATTACKS: dict[str, Attack] = {
    "uploads": uploads,
    "bombs": bombs,
    "large": large,
    "quick": quick,
    "slow": slow,
    "tricks": several_tricks,
    "webhooks": webhooks,
    "schema": schema,
}


def post(scene: Scene, client: httpx.Client, what: str, path: str, **more: object) -> httpx.Response | None:
    return send(scene, client, what, "POST", path, **more)


def send(
    scene: Scene, client: httpx.Client, what: str, method: str, path: str, *, limit: float = _LIMIT, **more: object
) -> httpx.Response | None:
    """The answer, which is looked at; asked again where it is to come later. None: there is none."""
    for _ in range(1000):
        began = time.monotonic()
        try:
            answer = client.request(method, path, **more)  # type: ignore[arg-type]
        except (httpx.TransportError, httpx.InvalidURL, httpx.LocalProtocolError) as error:
            scene.missed(what, error)
            return None
        scene.look(what, answer, time.monotonic() - began, limit=limit)
        if answer.status_code != 429:
            return answer
        time.sleep(random.uniform(0.1, 0.4))
    return None


def problem_of(scene: Scene, client: httpx.Client, what: str, order_id: str) -> None:
    """See how an order of the attacker's ends, and that what is told of it is told well."""
    until = time.monotonic() + 150
    while time.monotonic() < until:
        found = client.get(f"/v1/orders/{order_id}")
        if found.status_code == 200 and found.json()["state"] not in ("queued", "painting"):
            break
        time.sleep(0.2)
    else:
        scene.faults[f"{what}: its order does not end"] += 1
        return
    send(scene, client, f"the order of {what}", "GET", f"/v1/orders/{order_id}")
    if found.json()["state"] == "failed":
        send(scene, client, f"the result of {what}", "GET", f"/v1/orders/{order_id}/result")


# -- a studio


@contextmanager
def studio(arguments: argparse.Namespace, data: Path) -> Iterator[tuple[Scene, dict[str, str]]]:
    limits = ["--open-orders", str(arguments.open_orders), "--per-minute", str(arguments.per_minute)]
    attacker, shop = key(arguments, data, "attacker", *limits), key(arguments, data, "shop")
    (data / "tmp").mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [*impasto("serve", arguments, data), "--port", str(port), "--keys"]
    process = subprocess.Popen(command, env={**os.environ, "TMPDIR": str(data / "tmp")})
    url = f"http://127.0.0.1:{port}"
    wait_for(url, "/readyz")
    places = {str(data), str(Path(library.__file__).parents[2]), sys.prefix, str(Path.home()), tempfile.gettempdir()}
    try:
        # The host's name may be as short as any word; workers have it with a number.
        yield Scene(url, data, attacker, process.pid, (*_INSIDE, *places, f"{socket.gethostname()}-1")), shop
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def key(arguments: argparse.Namespace, data: Path, name: str, *limits: str) -> dict[str, str]:
    command = [sys.executable, "-m", "impasto", "keys", "add", name, "--data", str(data), "--json", *limits]
    command += [] if arguments.database is None else ["--database", arguments.database]
    told = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return {"Authorization": f"Bearer {told['key']}"}


def held(scene: Scene) -> dict[str, int]:
    """What the processes hold."""
    about = Path(f"/proc/{scene.process}")
    files = [str(file.readlink()) for file in (about / "fd").iterdir()]
    return {
        "kB of the process that listens": int((about / "statm").read_text().split()[1]) * 4,
        "kB of the process that paints": bench_memory(scene.data) // 1024,
        "files open": len(files),
        "of them connections": sum(name.startswith("socket:") for name in files),
        "of them the database's": sum("orders.sqlite" in name for name in files),
        "temporary files and folders": len(list((scene.data / "tmp").iterdir())),
    }


def settle(scene: Scene) -> None:
    """Let what is under way end: connections that are kept, orders that wait, the process of the slow lane."""
    time.sleep(75)
    with suppress(httpx.TransportError):
        httpx.get(scene.url + "/readyz")


if __name__ == "__main__":
    main()
