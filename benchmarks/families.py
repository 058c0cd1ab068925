#!/usr/bin/env python3
"""The families of painters side by side: what they make of the same pairs, how good it is, and what it costs.

    python benchmarks/families.py --model NAME=FILE.onnx … [--data DIR] [--teacher FILE] [--out DIR]

Each painter paints all pairs (those of DIR, or the benchmarks' own) at a long side of 512 px; painters of styles of
their own paint the photographs in the first of these, and are scored on the pairs of that style alone. Told are means
over the pairs of what `scoring.py` measures; and the median time of 1024 × 768 pixels, style prepared, the painters
taking turns, as a multiple of `swift`'s, which is always among them. OUT gets the paintings, and a sheet of some.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

import torch

from fixtures import Pair, pairs
from impasto.painters import WeightedStyle
from impasto.pictures import write_picture
from impasto.pictures.sheet import contact_sheet
from impasto.runtime.fast import SHIPPED, FastPainter, FastSettings
from impasto.styles.shelf import canonical
from scoring import Judge, Score, mean, reduced

_TIMED = 1024, 768
_ROUNDS = 7
_ON_SHEET = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", action="append", default=[], metavar="NAME=FILE", help="repeatable")
    parser.add_argument("--data", type=Path, help="folder with pairs.csv and fixtures/")
    parser.add_argument("--teacher", default="lite", help="loss network: a name or a file")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, help="folder for the paintings")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    files = {"swift": SHIPPED} | {name: Path(file) for name, _, file in (m.partition("=") for m in arguments.model)}
    settings = FastSettings(threads=arguments.threads)
    painters = {name: FastPainter(file, settings) for name, file in files.items()}
    judge = Judge(arguments.teacher)
    told: dict[str, list[Score]] = {name: [] for name in painters}
    rows = []
    for pair in pairs(arguments.data):
        content = reduced(pair.content)
        row = [(content, pair.content_name), (reduced(pair.style), pair.style_name)]
        for name, painter in painters.items():
            if painter.styles and canonical(pair.style_name) not in painter.styles:
                continue
            painting = painter.paint(content, painter.prepare([_style(painter, pair)])).picture
            told[name].append(judge.score(painting, content, reduced(pair.style)))
            row.append((painting, name))
            if arguments.out:
                (arguments.out / name).mkdir(parents=True, exist_ok=True)
                write_picture(painting, arguments.out / name / f"{pair.name}.png", overwrite=True)
        rows.append(row)
    if arguments.out:
        write_picture(contact_sheet(rows[:_ON_SHEET], cell=300), arguments.out / "sheet.jpg", overwrite=True)
    took = times(painters)
    for name, scores in told.items():
        cost = took[name] / took["swift"]
        print(f"{name:20} {mean(scores)} ({len(scores)} pairs); {1000 * took[name]:.0f} ms, {cost:.2f} of swift's")


def _style(painter: FastPainter, pair: Pair) -> WeightedStyle:
    own = painter.styles.get(canonical(pair.style_name))
    return WeightedStyle(pair.style if own is None else own)


def times(painters: dict[str, FastPainter]) -> dict[str, float]:
    """Median seconds of a painting of 1024 × 768 pixels, style prepared, the painters taking turns."""
    pair = next(pairs(None))
    photo = pair.content.resized(_TIMED)
    styles = {}
    for name, painter in painters.items():
        own = next(iter(painter.styles.values()), None)
        styles[name] = painter.prepare([WeightedStyle(pair.style if own is None else own)])
    seen: dict[str, list[float]] = {name: [] for name in painters}
    for _ in range(_ROUNDS + 1):
        for name, painter in painters.items():
            began = time.perf_counter()
            painter.paint(photo, styles[name])
            seen[name].append(time.perf_counter() - began)
    return {name: statistics.median(seconds[1:]) for name, seconds in seen.items()}


if __name__ == "__main__":
    main()
