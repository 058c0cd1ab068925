"""Frames a second that the page of `impasto export --to web` paints of a camera, in headless Chromium.

    python benchmarks/web.py --runtime tests/web/node_modules/onnxruntime-web/dist

The camera is Chromium's own false one, at 60 frames a second, so that it is never what limits. One thread is what a
page has on a host that sends no headers, before its service worker has a say; two is what the headers give on two
cores. Needs playwright (`pip install playwright`; no `playwright install`) and a Chromium.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from impasto.runtime.registry import find_model
from impasto.web.export import export_page
from impasto.web.serving import serving

FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream=fps=60"),
]
SETTLE = 3.0  # seconds until the first frames, which are slower, are behind us


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runtime", type=Path, help="the dist folder of onnxruntime-web; fetched otherwise")
    parser.add_argument("--model", default="swift")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, nargs="+", choices=(1, 2), default=(1, 2))
    parser.add_argument("--chromium", default=shutil.which("chromium") or shutil.which("google-chrome"))
    parser.add_argument("--nice", type=int, help="of Chromium, such as -19 where other programs run; needs root, Linux")
    parser.add_argument("--screenshot", type=Path, help="of the page while it paints")
    asked = parser.parse_args()
    if not asked.chromium:
        parser.error("There is no Chromium here.")
    with TemporaryDirectory() as folder:
        page = Path(folder) / "page"
        export_page(find_model(asked.model), page, runtime=asked.runtime)
        for threads in asked.threads:
            rates, photo = measure(page, asked, threads)
            each = ", ".join(f"{rate:.1f}" for rate in rates)
            told = f"{statistics.median(rates):.1f} frames a second ({each}); the sample, 768 × 576, in {photo}"
            print(f"{threads} {'threads' if threads > 1 else 'thread'}: {told}")


def measure(page: Path, asked: argparse.Namespace, threads: int) -> tuple[list[float], str]:
    """Frames a second of each round, and what the page says of a photograph."""
    from playwright.sync_api import sync_playwright

    isolated = threads > 1
    with sync_playwright() as playwright, serving(page, isolated=isolated) as address:
        browser = playwright.chromium.launch(executable_path=asked.chromium, args=FLAGS)
        context = browser.new_context(service_workers="allow" if isolated else "block", locale="en")
        tab = context.new_page()
        tab.goto(address)
        tab.wait_for_selector("html[data-state=painted]", state="attached")
        assert tab.evaluate("crossOriginIsolated") == isolated
        photo = painted_again(tab)
        tab.click("#camera")
        tab.wait_for_selector("#stage[data-frames]")
        if asked.nice is not None:
            go_ahead(asked.nice)
        tab.wait_for_timeout(1000 * SETTLE)
        rates = [rate(tab, asked.seconds) for _ in range(asked.rounds)]
        if asked.screenshot:
            tab.screenshot(path=asked.screenshot)
        browser.close()
    return rates, photo


def painted_again(tab: Any) -> str:
    """Seconds for the sample, with all warmed up."""
    for style in ("great-wave", "mosaic"):
        if tab.query_selector(f"[data-name={style}]"):
            tab.click(f"[data-name={style}]")
            tab.wait_for_selector("html[data-state=painted]", state="attached")
    return f"{float(tab.get_attribute('#stage', 'data-seconds')):.2f} s"


def go_ahead(nice: int) -> None:
    """Set the priority of all threads of the processes that this one has started, and they."""
    parents = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parents[int(status.parent.name)] = int(status.read_text().rpartition(")")[2].split()[1])
    ours = {os.getpid()}
    while found := {process for process, parent in parents.items() if parent in ours} - ours:
        ours |= found
    for process in ours - {os.getpid()}:
        for thread in Path(f"/proc/{process}/task").glob("*"):
            with suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, int(thread.name), nice)


def rate(tab: Any, seconds: float) -> float:
    look = "[Number(document.getElementById('stage').dataset.frames), performance.now()]"
    frames, began = tab.evaluate(look)
    tab.wait_for_timeout(1000 * seconds)
    later, ended = tab.evaluate(look)
    return float(1000 * (later - frames) / (ended - began))


if __name__ == "__main__":
    main()
