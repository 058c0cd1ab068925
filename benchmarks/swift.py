#!/usr/bin/env python3
"""The fast painter: quality, time, memory, size.

    python benchmarks/swift.py                              all but the quality, on a quiet machine
    python benchmarks/swift.py time | cold | memory | wheel | large
    python benchmarks/swift.py quality --data DIR --out DIR

`quality` paints the pairs of DIR/pairs.csv at a long side of 512 pixels, for a scorer of one's own.

Times are told in yardsticks too, which survive a noisy machine: one is the median time of six 3×3 convolutions of 64
channels on a (1, 64, 192, 256) float32 tensor, channels last, in PyTorch on 2 threads.
"""

from __future__ import annotations

import argparse
import compileall
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import impasto
from fixtures import pairs, sample_photo
from impasto.pictures import Picture, write_picture
from impasto.runtime.fast import SHIPPED, FastPainter, FastSettings
from impasto.styles import shelf

_THREADS = 2
_STYLE = "starry-night"
_SIZES = ((1024, 768), (1280, 720), (4096, 2160))
_IMPORTS = "import numpy, PIL.Image, onnxruntime"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=("all", *PARTS, "quality", "yardstick", "paint"), default="all")
    parser.add_argument("--data", type=Path, help="folder with pairs.csv and fixtures/")
    parser.add_argument("--out", type=Path, help="folder for the paintings of `quality`")
    parser.add_argument("--size", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.what == "quality":
        paint_pairs(arguments.data, arguments.out)
    elif arguments.what == "yardstick":
        print(yardstick())
    elif arguments.what == "paint":
        width, height = map(int, arguments.size.split("x"))
        print(seconds_of_a_painting(width, height))
    else:
        for part in PARTS if arguments.what == "all" else [arguments.what]:
            PARTS[part]()


def paint_pairs(data: Path | None, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    painter = FastPainter(SHIPPED, FastSettings(size=512))
    for pair in pairs(data):
        style = painter.prepare([impasto.WeightedStyle(pair.style)])
        write_picture(painter.paint(pair.content, style).picture, out / f"{pair.name}.png", overwrite=True)


# -- time


def tell_times() -> None:
    """Each size in a process of its own, a yardstick before and after."""
    times = {}
    for width, height in _SIZES:
        before, own, after = (
            _own(*words) for words in (("yardstick",), ("paint", "--size", f"{width}x{height}"), ("yardstick",))
        )
        times[width, height] = own
        ratio = own / ((before + after) / 2)
        told = f"{own * 1000:.0f} ms, {ratio:.2f} yardsticks ({before * 1000:.0f}, {after * 1000:.0f} ms)"
        print(f"{width}×{height}: {told}")
    print(f"4096×2160 takes {times[4096, 2160] / times[1024, 768]:.1f} times as long as 1024×768")


def _own(*words: str) -> float:
    done = subprocess.run([sys.executable, __file__, *words], check=True, capture_output=True, text=True)
    return float(done.stdout)


def yardstick() -> float:
    import torch

    torch.set_num_threads(_THREADS)
    weight = (torch.randn(64, 64, 3, 3) * 0.04).contiguous(memory_format=torch.channels_last)
    start = torch.randn(1, 64, 192, 256).contiguous(memory_format=torch.channels_last)

    def six() -> None:
        x = start
        for _ in range(6):
            x = torch.conv2d(x, weight, padding=1)

    with torch.inference_mode():
        return _median(six, 15)


def seconds_of_a_painting(width: int, height: int) -> float:
    """A whole `paint`, picture in, picture out, the style prepared."""
    painter = FastPainter(SHIPPED, FastSettings(threads=_THREADS))
    content = _photo(width, height)
    style = painter.prepare([impasto.WeightedStyle(shelf.find(_STYLE))])
    return _median(lambda: painter.paint(content, style), 15 if width < 2000 else 5)


def tell_cold_start() -> None:
    """`impasto paint` from nothing, beside Python importing what it needs; both with their bytecode at hand, as pip
    leaves it.
    """
    compileall.compile_dir(Path(impasto.__file__).parent, quiet=1)
    with tempfile.TemporaryDirectory() as folder:
        photo, out = Path(folder) / "photo.jpg", Path(folder) / "out.jpg"
        write_picture(_photo(1024, 768), photo)
        paint = [_program(), "paint", str(photo), "--style", _STYLE, "-o", str(out), "--overwrite", "-q"]
        imports, whole = ([sys.executable, "-c", _IMPORTS], paint)
        base, own = (_median(lambda: subprocess.run(words, check=True), 9) for words in (imports, whole))  # noqa: B023
    print(f"cold: {own * 1000:.0f} ms, {own / base:.2f} times the imports ({base * 1000:.0f} ms)")


# -- memory and size


def tell_memory() -> None:
    _tell_peak(1024, 768)


def tell_large() -> None:
    for side in (8192, 16384):
        _tell_peak(side, side)


def _tell_peak(width: int, height: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        photo, out = Path(folder) / "photo.jpg", Path(folder) / "out.jpg"
        _write_large(photo, width, height)
        words = [
            _program(),
            "paint",
            str(photo),
            "--style",
            _STYLE,
            "-o",
            str(out),
            "-q",
            "--max-pixels",
            str(2 * width * height),
        ]
        began = time.perf_counter()
        process = subprocess.Popen(words)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
    # Linux counts in kB, macOS in bytes.
    peak = usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
    print(f"{width}×{height}: exit {os.waitstatus_to_exitcode(status)}, peak {peak:.0f} MB, {seconds:.1f} s")


def _write_large(path: Path, width: int, height: int) -> None:
    from PIL import Image

    tile = Image.fromarray(np.round(_photo(1024, 1024).pixels * 255).astype(np.uint8))
    sheet = Image.new("RGB", (width, height))
    for y in range(0, height, 1024):
        for x in range(0, width, 1024):
            sheet.paste(tile, (x, y))
    sheet.save(path, quality=92)


def tell_wheel() -> None:
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder]
        subprocess.run([*words, str(Path(__file__).resolve().parent.parent)], check=True)
        (wheel,) = Path(folder).glob("*.whl")
        print(f"wheel: {wheel.stat().st_size / 1e6:.1f} MB")


PARTS: dict[str, Callable[[], None]] = {
    "time": tell_times,
    "cold": tell_cold_start,
    "memory": tell_memory,
    "wheel": tell_wheel,
    "large": tell_large,
}


def _photo(width: int, height: int) -> Picture:
    return sample_photo("astronaut").resized((width, height))


def _program() -> str:
    return str(Path(sys.executable).with_name("impasto"))


def _median(work: Callable[[], object], runs: int) -> float:
    times = []
    for _ in range(runs + 2):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return statistics.median(times[2:])


if __name__ == "__main__":
    main()
