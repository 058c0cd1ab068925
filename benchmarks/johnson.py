#!/usr/bin/env python3
"""Painters of one style beside the optimisation engine, at equal content; and beside `swift`, in time.

    python benchmarks/johnson.py --data DIR --teacher FILE [--objective own|gram|none] [--model NAME|FILE.onnx …]
        [--out DIR]

Each model paints the photographs of DIR/fixtures/content at a long side of 512 px in the first of its styles. So does
the engine, in the picture of DIR/fixtures/style of that name, by 250 iterations: with its own objective, as in
`--quality best --iterations 250`; or, with `--objective gram`, on the teacher at one scale with the very losses that
are scored, weight · content + Gram; with `none` it rests, and `swift` is scored beside. It paints with one weight of
the content after another, until what it keeps lies on both sides of what the model keeps. Between the two nearest, its
style error and sliced Wasserstein distance are read off at the model's content, as straight lines between logarithms.
Without --model, all painters of one style that ship.

The time is that of 1024 × 768 pixels, style prepared, model and `swift` taking turns.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch

from families import times
from impasto.losses.content import ContentLoss
from impasto.losses.style import GramLoss
from impasto.optimize.painter import OptimizationPainter
from impasto.optimize.settings import Settings, default_losses
from impasto.painters import WeightedStyle
from impasto.pictures import Picture, read_picture, write_picture
from impasto.runtime.fast import SHIPPED, FastPainter, FastSettings
from impasto.runtime.registry import find_model, models
from scoring import Judge, Score, mean, reduced

# Of the content, beside 1 of the style; the first is tried first.
_WEIGHTS = {"own": (1.0, 0.0, 0.015, 0.05, 0.15, 0.4, 2.5, 6.0, 15.0), "gram": (0.01, 0.0, 0.001, 0.003, 0.03, 0.1)}
_ITERATIONS = 250

Contents = dict[str, Picture]
Engine = Callable[[float], Score]
"""What it does with a weight of the content."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with fixtures/")
    parser.add_argument("--teacher", required=True, help="weight file of the loss network")
    parser.add_argument("--objective", choices=(*_WEIGHTS, "none"), default="own", help="of the engine")
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
        print(f"{file.stem}: {ours}")
        if arguments.objective == "none":
            beside = _painted(FastPainter(SHIPPED), contents, style, judge, None)
            print(f"  swift: {beside}", flush=True)
            continue
        engine = partial(_optimised, arguments, contents, style, judge, out)
        first, *_ = weights = _WEIGHTS[arguments.objective]
        below, above = _bracket(ours.content, engine, sorted(weights), first)
        for weight, score in (below, above):
            print(f"  engine, content weight {weight:g}: {score}")
        if not above[1].content <= ours.content <= below[1].content:
            print("  no two weights that were tried lie on both sides of its content", flush=True)
            continue
        equal = _between(below[1], above[1], ours.content)
        ratios = f"style {ours.style / equal.style:.2f}, sliced Wasserstein {ours.sliced / equal.sliced:.2f}"
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
    code = painter.prepare([WeightedStyle(next(iter(painter.styles.values()), style))])
    found = []
    for name, content in contents.items():
        painting = painter.paint(content, code).picture
        _keep(painting, out, name)
        found.append(judge.score(painting, content, style))
    return mean(found)


# -- the engine


def _bracket(
    content: float, engine: Engine, weights: Sequence[float], first: float
) -> tuple[tuple[float, Score], tuple[float, Score]]:
    """Two weights next to each other of which one keeps less of the content than is asked for and the other more, each
    with its score; the two outermost, if all lie on one side.

    Args:
        weights: in rising order.
    """
    n = weights.index(first)
    known = {n: engine(first)}
    step = 1 if known[n].content > content else -1
    while 0 <= n + step < len(weights) and (known[n].content > content) == (step > 0):
        n += step
        known[n] = engine(weights[n])
    low, high = sorted((n, n - step))
    return (weights[low], known[low]), (weights[high], known[high])


def _optimised(
    arguments: argparse.Namespace, contents: Contents, style: Picture, judge: Judge, out: Path | None, weight: float
) -> Score:
    engine = OptimizationPainter(_settings(arguments, weight))
    prepared, found = engine.prepare([WeightedStyle(style)]), []
    for name, content in contents.items():
        folder = out and out / f"{arguments.objective}-{weight:g}"
        kept = folder and folder / f"{name}.png"
        if kept is not None and kept.exists():  # half a minute each: a run that was broken off goes on
            painting = read_picture(kept)
        else:
            painting = engine.paint(content, prepared).picture
            _keep(painting, folder, name)
        found.append(judge.score(painting, content, style))
    return mean(found)


def _settings(arguments: argparse.Namespace, weight: float) -> Settings:
    if arguments.objective == "own":
        content, *others = default_losses()
        assert isinstance(content, ContentLoss)
        kept = (replace(content, weight=weight),) if weight else ()
        return Settings(losses=(*kept, *others), iterations=_ITERATIONS)
    losses = (*((ContentLoss(weight=weight),) if weight else ()), GramLoss())
    return Settings(encoder=arguments.teacher, losses=losses, scales=1, iterations=_ITERATIONS, patience=0, margin=0)


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
