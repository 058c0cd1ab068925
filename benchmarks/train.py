#!/usr/bin/env python3
"""Training: how fast a step of the trainer is beside a plain loop.

    python benchmarks/train.py --data DIR --teacher FILE

The plain loop has the same losses, written down plainly (`plain_loss.py`): float32, contiguous memory, nothing kept
from step to step, so that photographs are decoded and style pictures looked at anew each time. The two take turns. How
good what comes out of a training is, tell `johnson.py`, `families.py`, `translate.py` and `distill.py`.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from impasto.features import load_encoder
from impasto.features.encoder import Encoder
from impasto.features.layers import STYLE_LAYERS
from impasto.networks.colour import colour_statistics
from impasto.networks.content_side import ContentDesign
from impasto.networks.johnson import JohnsonNetwork
from impasto.networks.swift import SwiftDesign, SwiftNetwork
from impasto.pictures import Picture, read_picture
from impasto.training.contents import content_crops, random_thumbnails
from impasto.training.crops import to_tensor
from impasto.training.data import PictureBank
from impasto.training.johnson import JohnsonTask
from impasto.training.johnson_settings import JohnsonTraining
from impasto.training.named_styles import NamedStyle
from impasto.training.painter_losses import painter_losses
from impasto.training.painter_settings import PainterTraining
from impasto.training.sources import PictureSource, find_pictures
from impasto.training.style_views import together, wanted_of
from impasto.training.swift import SwiftTask
from impasto.training.swift_settings import SwiftTraining
from impasto.training.trainer import Trainer
from plain_loss import plain_loss

_STEPS, _ROUNDS = 5, 3
_CPU = torch.device("cpu")

Sources = list[PictureSource]
Steps = tuple[Callable[[], object], Callable[[], object]]
Look = tuple[torch.Tensor, list[torch.Tensor]]  # codes of a batch, and their style pictures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with photos/, paintings/ and fixtures/")
    parser.add_argument("--teacher", type=Path, required=True, help="weight file of the loss network")
    arguments = parser.parse_args()
    speed(arguments.data, arguments.teacher)


def speed(data: Path, teacher: Path) -> None:
    torch.set_num_threads(2)
    photos, paintings = (find_pictures([data / name]) for name in ("photos", "paintings"))
    style = read_picture(next((data / "fixtures" / "style").glob("great_wave.*")))
    with tempfile.TemporaryDirectory() as folder:
        runs = [
            ("johnson", _johnson_steps(teacher, photos, style, Path(folder, "johnson"))),
            ("swift", _swift_steps(teacher, photos, paintings, Path(folder, "swift"))),
        ]
    for name, (ours, plain) in runs:
        times: dict[str, list[float]] = {"trainer": [], "plain loop": []}
        for _ in range(_ROUNDS):
            times["trainer"].append(_seconds(ours))
            times["plain loop"].append(_seconds(plain))
        middle = {kind: statistics.median(seconds) for kind, seconds in times.items()}
        told = ", ".join(f"{kind} {1000 * seconds:.0f} ms a step" for kind, seconds in middle.items())
        print(f"{name}: {told}: {middle['plain loop'] / middle['trainer']:.2f} times the throughput", flush=True)


def _seconds(step: Callable[[], object]) -> float:
    """Of a step: the mean of some, after one that does not count."""
    step()
    began = time.perf_counter()
    for _ in range(_STEPS):
        step()
    return (time.perf_counter() - began) / _STEPS


def _johnson_steps(teacher: Path, photos: Sources, style: Picture, run: Path) -> Steps:
    settings = JohnsonTraining(steps=1000, device="cpu")
    task = JohnsonTask(settings, load_encoder(teacher), PictureBank(photos), [NamedStyle("wave", style)])
    small = task.view(style)
    design = ContentDesign(settings.half, settings.quarter, settings.eighth, settings.blocks)
    network = JohnsonNetwork(design, ["wave"], colour_statistics(small))
    looks = itertools.repeat((torch.ones(settings.batch, 1), [small] * settings.batch))
    return _of(Trainer(task, run)), _plain(settings, load_encoder(teacher), network, looks, photos)


def _swift_steps(teacher: Path, photos: Sources, paintings: Sources, run: Path) -> Steps:
    settings = SwiftTraining(steps=1000, size=208, thumbnail=(104, 208), views=24, identity_every=10**9, device="cpu")
    task = SwiftTask(settings, load_encoder(teacher), load_encoder("lite"), PictureBank(photos), PictureBank(paintings))
    design = SwiftDesign(settings.half, settings.quarter, settings.eighth, settings.blocks, settings.hidden)
    network = SwiftNetwork(design, load_encoder("lite"))

    def looks() -> Iterator[Look]:
        for n in itertools.count():
            rng = np.random.default_rng(n)
            bank = PictureBank(paintings)
            sides = [round(rng.uniform(*settings.view_sides)) for _ in range(settings.batch)]
            views = [to_tensor(bank.view(rng, side))[None] for side in sides]
            yield torch.cat([network.style(view) for view in views]), views

    trainer = Trainer(task, run)
    trainer.step = 1  # step 0 is one of identity
    return _of(trainer), _plain(settings, load_encoder(teacher), network, looks(), photos)


def _of(trainer: Trainer[Any]) -> Callable[[], object]:
    trainer._begin()

    def step() -> None:
        trainer._train_step()
        trainer.step += 1

    return step


def _plain(
    settings: PainterTraining, teacher: Encoder, network: nn.Module, looks: Iterator[Look], photos: Sources
) -> Callable[[], object]:
    """A step as one would first write it."""
    optimizer = torch.optim.Adam([p for p in network.parameters() if p.requires_grad], 1e-3)
    count = itertools.count()

    def step() -> None:
        rng = np.random.default_rng(next(count))
        codes, views = next(looks)
        banks = [PictureBank(photos)] * settings.batch  # a new one: nothing is kept
        chances = [np.random.default_rng(rng.integers(2**31)) for _ in banks]
        contents = content_crops(banks, chances, settings, _CPU).contiguous()
        thumbnails = random_thumbnails(contents, rng, settings)
        painted = network(contents, thumbnails, codes)
        loss = plain_loss(painted, contents, views, teacher, settings)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    _check_same(settings, teacher, next(looks)[1], photos)
    return step


def _check_same(settings: PainterTraining, teacher: Encoder, views: list[torch.Tensor], photos: Sources) -> None:
    """That the plain losses are those of the trainer, which are written to be fast."""
    rng = np.random.default_rng(0)
    contents = content_crops([PictureBank(photos)] * 2, [rng] * 2, settings, _CPU).contiguous()
    painted = contents.flip(0)
    with torch.no_grad():
        wanted = together([wanted_of(view, teacher(view, STYLE_LAYERS)) for view in views[:2]])
        losses = painter_losses(painted, contents, wanted, teacher, settings, 0)
        ours = sum(weight * float(value) for weight, value in losses.values())
        plain = float(plain_loss(painted, contents, views[:2], teacher, settings))
    if abs(ours - plain) > 5e-3 * ours:  # the trainer keeps what is wanted in bfloat16
        raise AssertionError(f"The trainer's loss is {ours}, the plain loop's {plain}.")


if __name__ == "__main__":
    main()
