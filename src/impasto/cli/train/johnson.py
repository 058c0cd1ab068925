"""`impasto train johnson`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from impasto.cli.train.command import Begun, Content, Teacher, check_name, training
from impasto.training.johnson_settings import JohnsonTraining


def register(app: typer.Typer) -> None:
    app.command("johnson")(johnson)


@training(JohnsonTraining, needs=("content", "style"), of=("style", "teacher", "start"))
def johnson(
    *,
    settings: JohnsonTraining,
    run: Path,
    content: Content = None,
    style: Annotated[
        list[Path] | None,
        typer.Option(
            "--style",
            "--styles",
            help="The style picture; repeatable, and a folder is all in it: one network for all of them.",
        ),
    ] = None,
    teacher: Teacher = None,
    start: Annotated[
        str, typer.Option(metavar="NAME|FILE.onnx|none", help="A painter to begin with: for any style, or for some.")
    ] = "swift",
    name: Annotated[
        str | None, typer.Option(help="Of the network.", show_default="johnson-, and the first style's")
    ] = None,
) -> Begun:
    """Train a small painter for one style, or for a few, and export it as ONNX.

    Styles are called as their files. Flags come before the settings file. Ctrl-C saves a checkpoint; the same command
    goes on from there.
    """
    from impasto.features import load_encoder
    from impasto.networks.johnson_file import export_johnson, load_johnson
    from impasto.runtime.registry import find_model
    from impasto.training.data import PictureBank
    from impasto.training.johnson import JohnsonTask
    from impasto.training.named_styles import read_named_styles
    from impasto.training.sources import find_pictures
    from impasto.training.trainer import Trainer

    styles = read_named_styles(style or [])
    network = name or f"johnson-{styles[0].name}"
    check_name(network)
    bank, judge = PictureBank(find_pictures(content or [])), load_encoder("lite" if teacher is None else teacher)
    begun = None if start == "none" else find_model(start).path
    file = run / f"{network}.onnx"

    def finish(weights: Path) -> Iterator[str]:
        export_johnson(load_johnson(weights), file, name=network, training=asdict(settings))
        yield f"Exported. Paint with it: impasto paint … --model {file}"
        yield f"Keep it: impasto models add {file} --name {network}"

    return Begun(Trainer(JohnsonTask(settings, judge, bank, styles, start=begun), run), finish)
