"""`impasto train adain`."""

from __future__ import annotations

from pathlib import Path

import typer

from impasto.cli.train.any_style import Encoder, Name, Style, begin_decoder
from impasto.cli.train.command import Begun, Content, Teacher, training
from impasto.training.decoder_settings import AdaINTraining


def register(app: typer.Typer) -> None:
    app.command("adain")(adain)


@training(AdaINTraining, needs=("content", "style"), of=("teacher", "encoder"))
def adain(
    *,
    settings: AdaINTraining,
    run: Path,
    content: Content = None,
    style: Style = None,
    teacher: Teacher = None,
    encoder: Encoder = "lite",
    name: Name = "mine",
) -> Begun:
    """Train a painter for any style by adaptive instance normalisation, and export it as ONNX.

    Flags come before the settings file. Ctrl-C saves a checkpoint; the same command goes on from there.
    """
    return begin_decoder(settings, run, content=content, style=style, teacher=teacher, encoder=encoder, name=name)
