#!/usr/bin/env python3
"""How much sooner the engine reaches what a recipe reaches, and what it makes of the same time.

    python benchmarks/optimize.py [--data DIR] [--size 512] [--encoder lite] [--iterations 250] [--default-objective]

The reference is written here as the recipes write it: one scale at full size, from the content picture,
`torch.optim.LBFGS` on the pixels themselves, float32, 250 evaluations, clipped once at the end. The engine runs with
its own defaults, on the same encoder and the same objective: 0.1 content + 1 Gram loss, as recipes have it, or with
`--default-objective` the engine's own losses. No margin is painted beyond the border: recipes have none, and with it
the encoder would see other pictures than the reference's. Every loss quoted is that of the picture as it would be
saved: clipped to [0, 1], rounded to 8 bits, in float32. Clocks stop while such a loss is computed. Loading the
encoder is in neither time; targets and the pyramid are in both.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from fixtures import Pair, pairs
from impasto.features import load_encoder
from impasto.losses.content import ContentLoss
from impasto.losses.style import GramLoss
from impasto.optimize.objective import BoundObjective, Objective, total
from impasto.optimize.painter import OptimizationPainter
from impasto.optimize.pyramid import painted_size, style_size
from impasto.optimize.settings import Settings
from impasto.painters import Progress, WeightedStyle
from impasto.pictures import resize


@dataclass(frozen=True)
class Moment:
    """At `seconds` of its own clock, a run had a picture whose loss, as saved, was `loss`."""

    seconds: float
    loss: float


class Clock:
    """Seconds since it was made, less the time spent inside `paused`."""

    def __init__(self) -> None:
        self._began, self._paused = time.perf_counter(), 0.0

    def now(self) -> float:
        return time.perf_counter() - self._began - self._paused

    def paused(self, work: Callable[[], float]) -> float:
        before = time.perf_counter()
        result = work()
        self._paused += time.perf_counter() - before
        return result


def as_saved(judge: BoundObjective, picture: Tensor) -> float:
    with torch.no_grad():
        return total(judge((picture.clamp(0, 1) * 255).round() / 255)).item()


def tensor(pixels: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(pixels)).permute(2, 0, 1)[None].contiguous()


def bind(pair: Pair, settings: Settings) -> tuple[BoundObjective, Tensor]:
    """The objective at full size in float32, and the content picture at that size."""
    size = painted_size(pair.content.size, settings)
    content = tensor(resize(pair.content.pixels, size))
    style = tensor(resize(pair.style.pixels, style_size(pair.style.size, size, settings)))
    objective = Objective(load_encoder(settings.encoder), settings.losses)
    return objective.bind(content, [(style, 1.0)]), content


def run_reference(pair: Pair, settings: Settings, evaluations: int) -> list[Moment]:
    judge, content = bind(pair, settings)
    clock, moments = Clock(), list[Moment]()
    bind(pair, settings)
    pixels = content.clone().requires_grad_(True)
    optimizer = torch.optim.LBFGS(
        [pixels], max_iter=evaluations, max_eval=evaluations, tolerance_change=0, tolerance_grad=0
    )

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = total(judge(pixels))
        loss.backward()
        if len(moments) % 5 == 0:
            now = clock.now()
            moments.append(Moment(now, clock.paused(lambda: as_saved(judge, pixels.detach()))))
        else:
            moments.append(Moment(clock.now(), float("nan")))
        return loss

    optimizer.step(closure)
    now = clock.now()
    return [*(m for m in moments if m.loss == m.loss), Moment(now, as_saved(judge, pixels.detach()))]


def run_engine(pair: Pair, settings: Settings) -> list[Moment]:
    judge, _ = bind(pair, settings)
    painter = OptimizationPainter(settings)
    full = painted_size(pair.content.size, settings)
    clock, moments = Clock(), list[Moment]()

    def watch(progress: Progress) -> None:
        if progress.iteration % 5 == 0 or progress.iteration == progress.iterations:
            now = clock.now()
            moments.append(Moment(now, clock.paused(lambda: as_saved(judge, tensor(resize(progress.preview(), full))))))

    painting = painter.paint(pair.content, painter.prepare([WeightedStyle(pair.style)]), progress=watch)
    now = clock.now()
    return [*moments, Moment(now, as_saved(judge, tensor(painting.picture.pixels)))]


def best_by(moments: list[Moment], seconds: float) -> float:
    return min((m.loss for m in moments if m.seconds <= seconds), default=float("inf"))


def compare(pair: Pair, settings: Settings, evaluations: int) -> dict[str, float]:
    reference, engine = run_reference(pair, settings, evaluations), run_engine(pair, settings)
    goal, end = reference[-1].loss, reference[-1].seconds
    reached = next((m.seconds for m in engine if m.loss <= goal), float("inf"))
    row = {
        "reference_seconds": end,
        "reference_loss": goal,
        "reached_seconds": reached,
        "sooner": end / reached,
        "engine_seconds": engine[-1].seconds,
        "engine_loss": engine[-1].loss,
    }
    for share in (0.1, 0.25, 0.5, 1.0):
        # Below 1: the engine's loss is lower than the reference's at that share of the reference's time.
        row[f"loss_ratio_at_{share:g}"] = best_by(engine, end * share) / best_by(reference, end * share)
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--data", type=Path, help="folder with pairs.csv and fixtures/; default: scikit-image's photos, own styles"
    )
    parser.add_argument("--size", type=int, default=512, help="long side in pixels")
    parser.add_argument("--encoder", default="lite", help="name or weight file")
    parser.add_argument("--iterations", type=int, default=250, help="evaluations of the reference")
    parser.add_argument("--pairs", type=int, help="only the first so many")
    parser.add_argument("--default-objective", action="store_true", help="that of `impasto paint`, for both")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    settings = replace(Settings(), size=arguments.size, encoder=arguments.encoder, margin=0)
    if not arguments.default_objective:
        settings = replace(settings, losses=(ContentLoss(weight=0.1), GramLoss()))
    rows = {}
    print(
        "loss ratios: engine / reference, at 10%, 25%, 50%, 100% of the reference's time; below 1 the engine is ahead"
    )
    print(f"{'pair':40} ref s  ref loss  reached s  sooner  end s   end loss  loss ratios")
    for pair in list(pairs(arguments.data))[: arguments.pairs]:
        row = rows[pair.name] = compare(pair, settings, arguments.iterations)
        ratios = " ".join(f"{row[f'loss_ratio_at_{s:g}']:.2f}" for s in (0.1, 0.25, 0.5, 1.0))
        print(
            f"{pair.name:40} {row['reference_seconds']:5.1f}  {row['reference_loss']:.5f}  "
            f"{row['reached_seconds']:9.1f}  {row['sooner']:5.1f}×  "
            f"{row['engine_seconds']:5.1f}   {row['engine_loss']:.5f}  {ratios}",
            flush=True,
        )
    print(f"median sooner: {statistics.median(row['sooner'] for row in rows.values()):.1f}×")
    for share in ("0.1", "0.25", "0.5", "1"):
        worst = max(row[f"loss_ratio_at_{share}"] for row in rows.values())
        median = statistics.median(row[f"loss_ratio_at_{share}"] for row in rows.values())
        print(f"loss ratio at {float(share):.0%} of the reference's time: median {median:.2f}, worst {worst:.2f}")
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
