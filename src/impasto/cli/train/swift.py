"""`impasto train swift`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from impasto.cli.train.command import Begun, Content, Teacher, training
from impasto.training.swift_settings import SwiftTraining


def register(app: typer.Typer) -> None:
    app.command("swift")(swift)


@training(SwiftTraining, needs=("content", "style"))
def swift(
    *,
    settings: SwiftTraining,
    run: Path,
    teacher: Teacher = None,
    content: Content = None,
    style: Annotated[list[Path] | None, typer.Option(help="Style pictures, in the same way; repeatable.")] = None,
    start: Annotated[Path | None, typer.Option(help="swift.safetensors of another run to begin with.")] = None,
    name: Annotated[str, typer.Option(help="Of the network, by which its style codes know it.")] = "mine",
) -> Begun:
    """Train the painter that paints any style in one pass, and export it as ONNX.

    Flags come before the file. Ctrl-C saves a checkpoint; the same command goes on from there.
    """
    from impasto.features import load_encoder
    from impasto.networks.swift_file import export_swift, load_swift, load_trained
    from impasto.training.data import PictureBank
    from impasto.training.sources import find_pictures
    from impasto.training.swift import SwiftTask
    from impasto.training.trainer import Trainer

    banks = PictureBank(find_pictures(content or [])), PictureBank(find_pictures(style or []))
    lite = load_encoder("lite")
    judge = lite if teacher is None else load_encoder(teacher)
    begun = None if start is None else load_trained(start)

    def finish(weights: Path) -> Iterator[str]:
        for file in export_swift(load_swift(weights), run, name=name, training=asdict(settings)):
            yield f"Exported: {run / file}"
        yield f"Paint with it: impasto paint … --model {run / 'swift.onnx'}"

    return Begun(Trainer(SwiftTask(settings, judge, lite, *banks, start=begun), run), finish)
