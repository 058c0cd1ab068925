"""What the commands of all painters for any style share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from impasto.cli.completion import complete_encoder
from impasto.cli.train.command import Begun
from impasto.training.decoder_settings import AdaINTraining
from impasto.training.swift_settings import SwiftTraining

Encoder = Annotated[
    str,
    typer.Option(
        metavar="NAME|FILE",
        help="Whose features are painted from: lite, vgg19, or a weight file.",
        autocompletion=complete_encoder,
    ),
]
Style = Annotated[
    list[Path] | None,
    typer.Option(help="Style pictures: a folder, a .tar, or a .txt that lists files; repeatable."),
]
Start = Annotated[
    Path | None, typer.Option(help="Weights of another run to begin with: swift.safetensors or gan.safetensors.")
]
Name = Annotated[str, typer.Option(help="Of the network, by which its style codes know it.")]


def begin_decoder(
    settings: AdaINTraining,
    run: Path,
    *,
    content: list[Path] | None,
    style: list[Path] | None,
    teacher: Path | None,
    encoder: str,
    name: str,
) -> Begun:
    """A run of the family that the settings are of."""
    from impasto.features import load_encoder
    from impasto.networks.adain import LAYER
    from impasto.networks.decoder_file import export_painter, load_painter
    from impasto.training.data import PictureBank
    from impasto.training.decoder import DecoderTask
    from impasto.training.sources import find_pictures
    from impasto.training.trainer import Trainer

    banks = PictureBank(find_pictures(content or [])), PictureBank(find_pictures(style or []))
    judge = load_encoder("lite" if teacher is None else teacher)
    frozen = load_encoder(encoder, layers=(LAYER,))
    family = settings.family

    def finish(weights: Path) -> Iterator[str]:
        for file in export_painter(load_painter(weights, family), run, name=name, training=asdict(settings)):
            yield f"Exported: {run / file}"
        yield f"Paint with it: impasto paint … --model {run / f'{family}.onnx'}"

    return Begun(Trainer(DecoderTask(settings, judge, frozen, *banks), run), finish)


def begin_swift(
    settings: SwiftTraining,
    run: Path,
    *,
    content: list[Path] | None,
    style: list[Path] | None,
    teacher: Path | None,
    start: Path | None,
    name: str,
) -> Begun:
    """A run of `swift`, or of `gan` if the settings are its."""
    from impasto.features import load_encoder
    from impasto.networks.swift_file import export_swift, load_swift, load_trained
    from impasto.training.data import PictureBank
    from impasto.training.gan import GanTask
    from impasto.training.gan_settings import GanTraining
    from impasto.training.sources import find_pictures
    from impasto.training.swift import SwiftTask
    from impasto.training.trainer import Trainer

    banks = PictureBank(find_pictures(content or [])), PictureBank(find_pictures(style or []))
    lite = load_encoder("lite")
    judge = lite if teacher is None else load_encoder(teacher)
    begun = None if start is None else load_trained(start)
    task: SwiftTask
    if isinstance(settings, GanTraining):
        family, task = "gan", GanTask(settings, judge, lite, *banks, start=begun)
    else:
        family, task = "swift", SwiftTask(settings, judge, lite, *banks, start=begun)

    def finish(weights: Path) -> Iterator[str]:
        about = asdict(settings)
        for file in export_swift(load_swift(weights), run, name=name, training=about, stem=family, family=family):
            yield f"Exported: {run / file}"
        yield f"Paint with it: impasto paint … --model {run / f'{family}.onnx'}"

    return Begun(Trainer(task, run), finish)
