"""`impasto train attention`."""

from __future__ import annotations

from pathlib import Path

import typer

from impasto.cli.train.any_style import Encoder, Name, Style, begin_decoder
from impasto.cli.train.command import Begun, Content, Teacher, training
from impasto.training.decoder_settings import AttentionTraining


def register(app: typer.Typer) -> None:
    app.command("attention")(attention)


@training(AttentionTraining, needs=("content", "style"), of=("teacher", "encoder"))
def attention(
    *,
    settings: AttentionTraining,
    run: Path,
    content: Content = None,
    style: Style = None,
    teacher: Teacher = None,
    encoder: Encoder = "lite",
    name: Name = "mine",
) -> Begun:
    """Train a painter for any style that attends to it, place by place, and export it as ONNX.

    It is slower than adain, and closer to both pictures. Flags come before the settings file. Ctrl-C saves a
    checkpoint; the same command goes on from there.
    """
    return begin_decoder(settings, run, content=content, style=style, teacher=teacher, encoder=encoder, name=name)
