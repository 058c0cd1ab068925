"""`impasto export`: painters for other places than this one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from impasto.cli.completion import complete_model, complete_style
from impasto.cli.voice import Voice


@dataclass(frozen=True)
class Wanted:
    """What was asked for, as it was typed."""

    model: Path
    output: Path
    styles: list[str]
    size: str | None
    overwrite: bool


def _to_litert(wanted: Wanted) -> str:
    """One .tflite file; what to say of it."""
    from impasto.cli.settings_options import parse_size
    from impasto.cli.style_words import split_weight
    from impasto.extras import needs_extra

    with needs_extra("Exporting to LiteRT"):
        import ai_edge_litert  # noqa: F401 — before torch is missed, which belongs to another extra too

        from impasto.networks.litert_file import export_litert
    size = parse_size(wanted.size or "512")
    done = export_litert(
        wanted.model,
        [split_weight(word) for word in wanted.styles],
        wanted.output,
        size=size if isinstance(size, tuple) else (size, size),
        overwrite=wanted.overwrite,
    )
    width, height = done.size
    return f"{width}×{height} pixels, {done.bytes / 1e6:.2g} MB, within {255 * done.error:.2g} of 255 of our painting"


_TARGETS: Mapping[str, Callable[[Wanted], str]] = {"litert": _to_litert}


def register(program: typer.Typer) -> None:
    program.command("export")(export)


def export(
    model: Annotated[
        str,
        typer.Argument(metavar="MODEL", help="A name of `impasto models`, or a file.", autocompletion=complete_model),
    ],
    to: Annotated[str, typer.Option(metavar="|".join(_TARGETS), help="litert: one .tflite file, for phones.")],
    output: Annotated[str, typer.Option("--output", "-o", metavar="FILE", help="Where to.")],
    style: Annotated[
        list[str] | None,
        typer.Option(
            "--style",
            "-s",
            metavar="STYLE[:WEIGHT]",
            help="What it will paint in; repeatable, with weights.",
            show_default="the model's, if it has one",
            autocompletion=complete_style,
        ),
    ] = None,
    size: Annotated[
        str | None,
        typer.Option(metavar="N|WxH", help="Of all pictures that it will paint, in pixels.", show_default="512"),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No notes.")] = False,
) -> None:
    """Export MODEL to where there is no Impasto.

    For example: impasto export swift --to litert --style starry-night --size 512x384 -o starry-night.tflite
    """
    from impasto.errors import UnknownNameError
    from impasto.runtime.registry import find_model

    if to not in _TARGETS:
        raise UnknownNameError("target", to, _TARGETS)
    wanted = Wanted(find_model(model).path, Path(output), style or [], size, overwrite)
    told = _TARGETS[to](wanted)
    Voice(quiet=quiet).note(f"{model} → {output}  ({told})")
