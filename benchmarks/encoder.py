#!/usr/bin/env python3
"""How good an encoder is as a loss network, by outcome, and how fast.

    python benchmarks/encoder.py speed
    python benchmarks/encoder.py quality --data DIR --teacher FILE --out DIR [--encoder lite] [--default-objective]

`speed` times forward and backward at 512×512 up to relu5_1 against VGG-19 (random weights: they don't change the time).
`quality` paints every pair at a long side of 512 px twice, on the encoder and on the teacher, by the same schedule
(150 steps of L-BFGS from the content picture, one scale, 0.1 content + 1 style), into OUT/encoder and OUT/teacher, to
be scored on the teacher. With `--default-objective` the schedule and the objective are those of `impasto paint`.
"""

from __future__ import annotations

import argparse
import statistics
import time
from dataclasses import replace
from pathlib import Path

import torch

from fixtures import pairs
from impasto.features import load_encoder
from impasto.features.architectures import VGG19
from impasto.features.encoder import Encoder
from impasto.losses.content import ContentLoss
from impasto.losses.style import GramLoss
from impasto.optimize.hardware import has_fast_bfloat16
from impasto.optimize.painter import OptimizationPainter
from impasto.optimize.settings import Settings
from impasto.painters import WeightedStyle
from impasto.pictures import write_picture

LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")


def seconds(encoder: Encoder, dtype: torch.dtype, size: int, runs: int) -> float:
    """Median time of one forward and backward pass to the picture's gradient."""
    encoder = encoder.to(memory_format=torch.channels_last).requires_grad_(False)
    picture = torch.rand(1, 3, size, size).to(memory_format=torch.channels_last).requires_grad_(True)
    times = []
    for _ in range(runs + 1):
        began = time.perf_counter()
        with torch.autocast("cpu", dtype, enabled=dtype != torch.float32):
            features = encoder(picture, LAYERS)
        torch.autograd.grad(sum(f.float().square().mean() for f in features.values()), picture)
        times.append(time.perf_counter() - began)
    return statistics.median(times[1:])


def speed(arguments: argparse.Namespace) -> None:
    dtypes = [torch.float32] + ([torch.bfloat16] if has_fast_bfloat16(torch.device("cpu")) else [])
    for dtype in dtypes:
        vgg = seconds(Encoder(VGG19, layers=LAYERS), dtype, arguments.size, 5)
        ours = seconds(load_encoder(arguments.encoder, layers=LAYERS), dtype, arguments.size, 15)
        again = seconds(Encoder(VGG19, layers=LAYERS), dtype, arguments.size, 5)
        vgg = min(vgg, again)
        name = str(dtype).removeprefix("torch.")
        times = f"VGG-19 {vgg * 1000:.0f} ms, {arguments.encoder} {ours * 1000:.0f} ms"
        print(f"{name}: {times}: {vgg / ours:.1f} times as fast")


def quality(arguments: argparse.Namespace) -> None:
    for kind, encoder in (("teacher", str(arguments.teacher)), ("encoder", arguments.encoder)):
        if kind in arguments.skip:
            continue
        settings = Settings(encoder=encoder, size=512)
        if not arguments.default_objective:
            losses = (ContentLoss(weight=0.1), GramLoss())
            settings = replace(settings, losses=losses, scales=1, iterations=150, patience=0, margin=0, history=10)
        painter = OptimizationPainter(settings)
        folder: Path = arguments.out / kind
        folder.mkdir(parents=True, exist_ok=True)
        for pair in pairs(arguments.data):
            painting = painter.paint(pair.content, painter.prepare([WeightedStyle(pair.style)]))
            write_picture(painting.picture, folder / f"{pair.name}.png", overwrite=True)
            print(f"{kind:8} {pair.name:44} loss {painting.facts['loss']:.5f} in {painting.seconds:.1f} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("speed", "quality"))
    parser.add_argument("--encoder", default="lite")
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--teacher", type=Path)
    parser.add_argument("--out", type=Path, default=Path("runs/encoder-quality"))
    parser.add_argument("--default-objective", action="store_true")
    parser.add_argument("--skip", nargs="*", default=(), choices=("teacher", "encoder"))
    arguments = parser.parse_args()
    if arguments.what == "quality" and arguments.teacher is None:
        parser.error("quality needs --teacher")
    (speed if arguments.what == "speed" else quality)(arguments)


if __name__ == "__main__":
    main()
