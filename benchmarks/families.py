#!/usr/bin/env python3
"""The families of painters side by side: what they make of the same pairs, how good it is, and what it costs.

    python benchmarks/families.py --model NAME=FILE.onnx … [--data DIR] [--teacher FILE] [--out DIR]

Each painter paints all pairs (those of DIR, or the benchmarks' own) at a long side of 512 px; painters of styles of
their own paint the photographs in the first of these, and are scored on the pairs of that style alone. Told are means
over the pairs: content (relative error of relu4_1 to the photograph), style (of the Gram matrices of five layers to the
style picture's), similarity with the photograph; and the median time of 1024 × 768 pixels, style prepared, the painters
taking turns, as a multiple of `swift`'s, which is always among them. OUT gets the paintings, and a sheet of some.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path
from typing import NamedTuple

import torch

from fixtures import Pair, pairs
from impasto.features import load_encoder
from impasto.features.encoder import Encoder
from impasto.features.layers import STYLE_LAYERS
from impasto.losses.content import content_error
from impasto.losses.gram import gram_matrix
from impasto.losses.scores import CONTENT_LAYER, ssim
from impasto.losses.style import style_error
from impasto.painters import WeightedStyle
from impasto.pictures import Picture, write_picture
from impasto.pictures.sheet import contact_sheet
from impasto.runtime.fast import SHIPPED, FastPainter, FastSettings
from impasto.styles.shelf import canonical
from impasto.training.crops import to_tensor

_SIDE = 512
_TIMED = 1024, 768
_ROUNDS = 7
_ON_SHEET = 5


class Score(NamedTuple):
    """Of a painting; see the head of this file."""

    content: float
    style: float
    similarity: float


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
    judge = load_encoder(arguments.teacher, layers=(CONTENT_LAYER, *STYLE_LAYERS))
    told: dict[str, list[Score]] = {name: [] for name in painters}
    rows = []
    for pair in pairs(arguments.data):
        content = _reduced(pair.content)
        row = [(content, pair.content_name), (_reduced(pair.style), pair.style_name)]
        for name, painter in painters.items():
            if painter.styles and canonical(pair.style_name) not in painter.styles:
                continue
            painting = painter.paint(content, painter.prepare([_style(painter, pair)])).picture
            told[name].append(_score(judge, painting, content, _reduced(pair.style)))
            row.append((painting, name))
            if arguments.out:
                (arguments.out / name).mkdir(parents=True, exist_ok=True)
                write_picture(painting, arguments.out / name / f"{pair.name}.png", overwrite=True)
        rows.append(row)
    if arguments.out:
        write_picture(contact_sheet(rows[:_ON_SHEET], cell=300), arguments.out / "sheet.jpg", overwrite=True)
    times = _times(painters)
    for name, scores in told.items():
        content_, style, similarity = (statistics.mean(values) for values in zip(*scores, strict=True))
        cost = times[name] / times["swift"]
        figures = f"content {content_:.3f}, style {style:.4f}, similarity {similarity:.3f}"
        print(f"{name:20} {figures} ({len(scores)} pairs); {1000 * times[name]:.0f} ms, {cost:.2f} of swift's")


def _style(painter: FastPainter, pair: Pair) -> WeightedStyle:
    own = painter.styles.get(canonical(pair.style_name))
    return WeightedStyle(pair.style if own is None else own)


def _reduced(picture: Picture) -> Picture:
    factor = min(1.0, _SIDE / max(picture.size))
    width, height = (max(1, round(side * factor)) for side in picture.size)
    return picture.resized((width, height))


@torch.no_grad()
def _score(judge: Encoder, painting: Picture, content: Picture, style: Picture) -> Score:
    painted, photo, wanted = (to_tensor(its.over())[None] for its in (painting, content, style))
    found, at_style = judge(painted, (CONTENT_LAYER, *STYLE_LAYERS)), judge(wanted, STYLE_LAYERS)
    errors = [style_error(gram_matrix(found[its]), gram_matrix(at_style[its])).item() for its in STYLE_LAYERS]
    kept = content_error(found[CONTENT_LAYER], judge(photo, (CONTENT_LAYER,))[CONTENT_LAYER]).item()
    return Score(kept, statistics.mean(errors), ssim(painted, photo).item())


def _times(painters: dict[str, FastPainter]) -> dict[str, float]:
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
