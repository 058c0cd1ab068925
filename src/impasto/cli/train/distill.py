"""`impasto train distill`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from impasto.cli.train.command import Begun, Content, Teacher, check_name, training
from impasto.training.distill_settings import DistillTraining


def register(app: typer.Typer) -> None:
    app.command("distill")(distill)


def _settings(
    *,
    student: Annotated[
        str | None, typer.Option(metavar="content|mobilenet", help="Its kind: plain or inverted residual blocks.")
    ] = None,
    width: Annotated[
        float | None, typer.Option(help="How many times as wide as usual; smaller is faster and knows less.")
    ] = None,
) -> None:
    """Options that are settings."""


@training(DistillTraining, needs=("content",), of=("teacher_model", "style", "teacher"), flags=_settings)
def distill(
    *,
    settings: DistillTraining,
    run: Path,
    content: Content = None,
    teacher_model: Annotated[
        str, typer.Option(metavar="NAME|FILE.onnx", help="The painter to learn from: see `impasto models`.")
    ] = "swift",
    style: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME|PICTURE",
            help="What of it to learn: a style's name or picture, as for `impasto paint`; repeatable, with :WEIGHT.",
            show_default="the only one that it has",
        ),
    ] = None,
    teacher: Teacher = None,
    name: Annotated[
        str | None, typer.Option(help="Of the network.", show_default="distilled-, and the style's")
    ] = None,
) -> Begun:
    """Teach a small, quick painter one style of a large one, and export it as ONNX.

    Flags come before the settings file. Ctrl-C saves a checkpoint; the same command goes on from there.
    """
    import torch

    from impasto.cli.style_words import label, split_weight
    from impasto.features import load_encoder
    from impasto.networks.johnson_file import export_johnson, load_johnson
    from impasto.painting import read_styles
    from impasto.pictures import Picture
    from impasto.runtime.fast import FastSettings
    from impasto.runtime.opening import open_painter
    from impasto.runtime.registry import find_model
    from impasto.styles.shelf import canonical
    from impasto.training.data import PictureBank
    from impasto.training.distill import DistillTask
    from impasto.training.sources import find_pictures
    from impasto.training.teacher import Teacher as PaintingTeacher
    from impasto.training.trainer import Trainer

    model = find_model(teacher_model)
    painter = open_painter(model.path, FastSettings(threads=torch.get_num_threads()))
    styles = read_styles([split_weight(word) for word in style or []], codes=painter.codes)
    only = styles[0].style if len(styles) == 1 else None
    known = canonical(label(style)) if style else next(iter(painter.codes.own))
    network = name or f"distilled-{known}"
    check_name(network)
    bank, judge = PictureBank(find_pictures(content or [])), load_encoder("lite" if teacher is None else teacher)
    file = run / f"{network}.onnx"

    def finish(weights: Path) -> Iterator[str]:
        about = {**asdict(settings), "teacher": painter.about["network"], "style": known}
        licence = model.metadata.get("licence", "unknown")
        export_johnson(load_johnson(weights), file, name=network, training=about, family="distilled", licence=licence)
        yield f"Exported. Paint with it: impasto paint … --model {file}"
        yield f"Keep it: impasto models add {file} --name {network}"

    picture = only if isinstance(only, Picture) else None
    taught = PaintingTeacher(painter, painter.prepare(styles))
    return Begun(Trainer(DistillTask(settings, taught, judge, bank, name=known, style=picture), run), finish)
