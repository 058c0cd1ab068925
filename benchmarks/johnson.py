#!/usr/bin/env python3
"""Painters of one style beside the optimisation engine, at equal content; and beside `swift`, in time.

    python benchmarks/johnson.py --data DIR --teacher FILE [--model NAME|FILE.onnx …] [--out DIR]

Each model paints the photographs of DIR/fixtures/content at a long side of 512 px in the first of its styles. So does
the engine, in the picture of DIR/fixtures/style of that name, by 250 iterations of L-BFGS on the teacher at one scale,
with the loss weight · content(relu4_1) + Gram: from weight to weight, until the content that it keeps lies on both
sides of what the model keeps. Between the two nearest, its style error and sliced Wasserstein distance are read off at
the model's content, as straight lines between logarithms. Without --model, all painters of one style that ship.

The time is that of 1024 × 768 pixels, style prepared, model and `swift` taking turns.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import replace
from pathlib import Path

import torch

from families import times
from impasto.losses.content import ContentLoss
from impasto.losses.style import GramLoss
from impasto.optimize.painter import OptimizationPainter
from impasto.optimize.settings import Settings
from impasto.painters import WeightedStyle
from impasto.pictures import Picture, read_picture, write_picture
from impasto.runtime.fast import SHIPPED, FastPainter, FastSettings
from impasto.runtime.registry import find_model, models
from scoring import SIDE, Judge, Score, mean, reduced

_WEIGHTS = (0.0, 0.003, 0.01, 0.03, 0.1, 0.3)  # of the content, beside 1 of the style
_FIRST = 0.01
_ITERATIONS = 250

Contents = dict[str, Picture]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with fixtures/")
    parser.add_argument("--teacher", required=True, help="weight file of the loss network")
    parser.add_argument("--model", action="append", default=[], help="repeatable")
    parser.add_argument("--out", type=Path, help="folder for the paintings, which are not made again")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    files = [find_model(name).path for name in arguments.model or _shipped()]
    contents = {
        file.stem: reduced(read_picture(file)) for file in sorted((arguments.data / "fixtures" / "content").iterdir())
    }
    judge = Judge(arguments.teacher)
    for file in files:
        painter = FastPainter(file, FastSettings(threads=arguments.threads))
        style = _style(arguments.data, next(iter(painter.styles)))
        out = None if arguments.out is None else arguments.out / file.stem
        ours = _painted(painter, contents, style, judge, out and out / "johnson")
        below, above = _bracket(ours.content, arguments.teacher, contents, style, judge, out)
        print(f"{file.stem}: {ours}")
        for weight, score in (below, above):
            print(f"  engine, content weight {weight:g}: {score}")
        engine = _between(below[1], above[1], ours.content)
        ratios = f"style {ours.style / engine.style:.2f}, sliced Wasserstein {ours.sliced / engine.sliced:.2f}"
        print(f"  at equal content, times the engine's: {ratios}", flush=True)
    settings = FastSettings(threads=arguments.threads)
    took = times({its.stem: FastPainter(its, settings) for its in (SHIPPED, *files)})
    for name, seconds in took.items():
        print(f"{name}: {1000 * seconds:.0f} ms, {seconds / took[SHIPPED.stem]:.2f} of swift's")


def _shipped() -> list[str]:
    return [entry.name for entry in models() if entry.name.startswith("johnson-")]


def _style(data: Path, name: str) -> Picture:
    files = {file.stem.replace("_", "-"): file for file in (data / "fixtures" / "style").iterdir()}
    return reduced(read_picture(files[name]))


def _painted(painter: FastPainter, contents: Contents, style: Picture, judge: Judge, out: Path | None) -> Score:
    code = painter.prepare([WeightedStyle(next(iter(painter.styles.values())))])
    found = []
    for name, content in contents.items():
        painting = painter.paint(content, code).picture
        _keep(painting, out, name)
        found.append(judge.score(painting, content, style))
    return mean(found)


# -- the engine


def _bracket(
    content: float, teacher: str, contents: Contents, style: Picture, judge: Judge, out: Path | None
) -> tuple[tuple[float, Score], tuple[float, Score]]:
    """Weights of the engine's that keep less and more of the content than is asked for, next to each other, each with
    the mean score of its paintings; the two outermost, if all lie on one side.
    """
    known: dict[int, Score] = {}

    def at(n: int) -> Score:
        if n not in known:
            known[n] = _optimised(_WEIGHTS[n], teacher, contents, style, judge, out)
        return known[n]

    n = _WEIGHTS.index(_FIRST)
    step = 1 if at(n).content > content else -1
    while 0 <= n + step < len(_WEIGHTS) and (at(n).content > content) == (step > 0):
        n += step
        at(n)
    first, second = sorted((n, n - step))
    return (_WEIGHTS[first], at(first)), (_WEIGHTS[second], at(second))


def _optimised(
    weight: float, teacher: str, contents: Contents, style: Picture, judge: Judge, out: Path | None
) -> Score:
    losses = (*((ContentLoss(weight=weight),) if weight else ()), GramLoss())
    settings = Settings(encoder=teacher, size=SIDE, losses=losses, scales=1, iterations=_ITERATIONS, patience=0)
    engine = OptimizationPainter(replace(settings, margin=0))
    prepared, found = engine.prepare([WeightedStyle(style)]), []
    for name, content in contents.items():
        folder = out and out / f"engine-{weight:g}"
        kept = folder and folder / f"{name}.png"
        if kept is not None and kept.exists():  # half a minute each: a run that was broken off goes on
            painting = read_picture(kept)
        else:
            painting = engine.paint(content, prepared).picture
            _keep(painting, folder, name)
        found.append(judge.score(painting, content, style))
    return mean(found)


def _between(first: Score, second: Score, content: float) -> Score:
    """On the straight line through both, where its content is that asked for."""
    share = math.log(content / first.content) / math.log(second.content / first.content)
    return Score(*(a * (b / a) ** share for a, b in zip(first, second, strict=True)))


def _keep(painting: Picture, folder: Path | None, name: str) -> None:
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        write_picture(painting, folder / f"{name}.png", overwrite=True)


if __name__ == "__main__":
    main()
