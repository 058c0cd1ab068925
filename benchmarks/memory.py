#!/usr/bin/env python3
"""Peak memory of a painting by optimisation, the whole process of `impasto paint` counted.

    python benchmarks/memory.py [--size 1024] [--precision auto] [--iterations N]

Both pictures are drawn by Impasto, square, of that size. Once L-BFGS has filled its memory of steps (seven at 1024
px) the peak stays: 14 are enough. Without --iterations the default settings are run to their end.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=1024, help="both sides, in pixels")
    parser.add_argument("--precision", default="auto", choices=("auto", "float32", "bfloat16"))
    parser.add_argument("--iterations", type=int)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        impasto = [sys.executable, "-m", "impasto"]
        content, style, out = (Path(folder) / f"{name}.png" for name in ("content", "style", "out"))
        side = str(arguments.size)
        for name, path in (("ink-wash", content), ("mosaic", style)):
            subprocess.run([*impasto, "styles", "draw", name, "-o", path, "--size", side, "--quiet"], check=True)
        words = ["--precision", arguments.precision, "--quality", "best", "--quiet"]
        if arguments.iterations:
            words += ["--iterations", str(arguments.iterations), "--coarse-iterations", str(arguments.iterations)]
        began = time.perf_counter()
        subprocess.run([*impasto, "paint", content, "--style", style, "-o", out, *words], check=True)
        seconds = time.perf_counter() - began
    # Of the children, the painting is the largest by far; Linux counts in kB, macOS in bytes.
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
    print(f"{side}×{side}, precision {arguments.precision}: peak {peak:.0f} MB, {seconds:.0f} s")


if __name__ == "__main__":
    main()
