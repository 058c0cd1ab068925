"""`impasto train encoder`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from impasto.cli.train.command import Begun, Teacher, training
from impasto.training.encoder_settings import EncoderTraining


def register(app: typer.Typer) -> None:
    app.command("encoder")(encoder)


def _settings(
    *,
    architecture: Annotated[
        str | None, typer.Option(metavar="vgg|mobilenet", help="Plain convolutions, or inverted residuals.")
    ] = None,
    width: Annotated[float | None, typer.Option(help="Of a mobilenet, as a multiple of the published one's.")] = None,
) -> None:
    """Options that are settings."""


@training(EncoderTraining, needs=("teacher", "photos", "paintings"), of=("teacher", "start"), flags=_settings)
def encoder(
    *,
    settings: EncoderTraining,
    run: Path,
    teacher: Teacher = None,
    photos: Annotated[list[Path] | None, typer.Option(help="Folder of photographs; repeatable.")] = None,
    paintings: Annotated[list[Path] | None, typer.Option(help="Folder of paintings; repeatable.")] = None,
    start: Annotated[Path | None, typer.Option(help="Weight file of an encoder to begin with.")] = None,
) -> Begun:
    """Train a small encoder on the features and Gram matrices of a large one.

    Flags come before the file. Ctrl-C saves a checkpoint; the same command goes on from there.
    """
    from impasto.features import load_encoder
    from impasto.training.data import PictureBank
    from impasto.training.encoder import EncoderTask
    from impasto.training.sources import find_pictures
    from impasto.training.trainer import Trainer

    assert teacher is not None
    banks = PictureBank(find_pictures(photos or [])), PictureBank(find_pictures(paintings or []))
    begun = None if start is None else load_encoder(start)
    return Begun(Trainer(EncoderTask(settings, load_encoder(teacher), *banks, start=begun), run), _finish)


def _finish(weights: Path) -> Iterator[str]:
    yield f"Trained. Paint with it: impasto paint … --encoder {weights}"
