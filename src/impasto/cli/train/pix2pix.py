"""`impasto train pix2pix`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import typer

from impasto.cli.train.command import Begun, check_name, training
from impasto.cli.train.translators import Name, Source, Target, exported
from impasto.training.translator_settings import Pix2PixTraining


def register(app: typer.Typer) -> None:
    app.command("pix2pix")(pix2pix)


@training(Pix2PixTraining, needs=("source", "target"), of=("source", "target"))
def pix2pix(
    *, settings: Pix2PixTraining, run: Path, source: Source = None, target: Target = None, name: Name = "pix2pix"
) -> Begun:
    """Train a translator on pairs of pictures of the same names, and export it as ONNX.

    Gray and 16-bit pictures will do (source_channels, target_channels in the settings file). Ctrl-C saves a checkpoint;
    the same command goes on from there.
    """
    from impasto.training.domains import Domain, Pairs, find_pairs
    from impasto.training.pix2pix import Pix2PixTask
    from impasto.training.trainer import Trainer

    check_name(name)
    first, second = find_pairs(source or [], target or [])
    pairs = Pairs(Domain(first, settings.source_channels), Domain(second, settings.target_channels))

    def finish(weights: Path) -> Iterator[str]:
        yield from exported(weights, run / f"{name}.onnx", family="pix2pix", settings=settings)

    return Begun(Trainer(Pix2PixTask(settings, pairs), run), finish)
