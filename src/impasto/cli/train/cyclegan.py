"""`impasto train cyclegan`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import typer

from impasto.cli.train.command import Begun, check_name, training
from impasto.cli.train.translators import Name, Source, Target, exported
from impasto.training.translator_settings import CycleGANTraining


def register(app: typer.Typer) -> None:
    app.command("cyclegan")(cyclegan)


@training(CycleGANTraining, needs=("source", "target"), of=("source", "target"))
def cyclegan(
    *, settings: CycleGANTraining, run: Path, source: Source = None, target: Target = None, name: Name = "cyclegan"
) -> Begun:
    """Train translators between two kinds of pictures, there and back, and export both as ONNX.

    The pictures need not belong together. Gray and 16-bit ones will do (source_channels, target_channels in the
    settings file). Ctrl-C saves a checkpoint; the same command goes on from there.
    """
    from impasto.training.cyclegan import WAYS, CycleGANTask
    from impasto.training.domains import Domain, Unpaired
    from impasto.training.sources import find_pictures
    from impasto.training.trainer import Trainer

    check_name(name)
    domains = (
        Unpaired(Domain(find_pictures(places or []), channels))
        for places, channels in ((source, settings.source_channels), (target, settings.target_channels))
    )

    def finish(weights: Path) -> Iterator[str]:
        for way, stem in zip(WAYS, (name, f"{name}-back"), strict=True):
            its = weights.with_name(f"{way}.safetensors")
            yield from exported(its, run / f"{stem}.onnx", family="cyclegan", settings=settings)

    return Begun(Trainer(CycleGANTask(settings, *domains), run), finish)
