"""`impasto train swift`."""

from __future__ import annotations

from pathlib import Path

import typer

from impasto.cli.train.any_style import Name, Start, Style, begin_swift
from impasto.cli.train.command import Begun, Content, Teacher, training
from impasto.training.swift_settings import SwiftTraining


def register(app: typer.Typer) -> None:
    app.command("swift")(swift)


@training(SwiftTraining, needs=("content", "style"), of=("teacher", "start"))
def swift(
    *,
    settings: SwiftTraining,
    run: Path,
    content: Content = None,
    style: Style = None,
    teacher: Teacher = None,
    start: Start = None,
    name: Name = "mine",
) -> Begun:
    """Train the painter that paints any style in one pass, and export it as ONNX.

    Flags come before the settings file. Ctrl-C saves a checkpoint; the same command goes on from there.
    """
    return begin_swift(settings, run, content=content, style=style, teacher=teacher, start=start, name=name)
