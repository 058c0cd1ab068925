"""What `impasto train pix2pix` and `impasto train cyclegan` share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from impasto.training.translator_settings import TranslatorTraining

Source = Annotated[
    list[Path] | None, typer.Option(help="What goes in: a folder, a .tar, or a .txt that lists files; repeatable.")
]
Target = Annotated[list[Path] | None, typer.Option(help="What comes out, in the same way.")]
Name = Annotated[str, typer.Option(help="Of the network.")]


def exported(weights: Path, file: Path, *, family: str, settings: TranslatorTraining) -> Iterator[str]:
    """Export the translator in `weights` to `file`, and yield what is to be told."""
    from dataclasses import asdict

    from impasto.networks.translator_file import export_translator, load_translator

    export_translator(load_translator(weights), file, family=family, name=file.stem, training=asdict(settings))
    yield f"Exported. Use it: impasto paint … --model {file}"
