"""`impasto styles`: the procedural style pictures, listed and drawn."""

from __future__ import annotations

import inspect
from typing import Annotated

import typer

from impasto import styles
from impasto.cli.completion import complete_style
from impasto.cli.settings_options import parse_size
from impasto.cli.voice import Voice

_SIZE = inspect.signature(styles.draw).parameters["size"].default

app = typer.Typer(help="List the style pictures that Impasto draws itself, and draw them.", invoke_without_command=True)


@app.callback()
def _styles(
    context: typer.Context, json: Annotated[bool, typer.Option("--json", help="One JSON object a style.")] = False
) -> None:
    if context.invoked_subcommand is not None:
        return
    voice = Voice(json=json)
    for style in sorted(styles.STYLES, key=lambda style: style.name):
        if json:
            voice.object({"name": style.name, "title": style.title, "description": style.description})
        else:
            voice.line(f"{style.name:18}  {style.description}")


@app.command("draw")
def draw(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A name of `impasto styles`.", autocompletion=complete_style)
    ],
    output: Annotated[str, typer.Option("--output", "-o", metavar="FILE|-", help="Where to.")],
    size: Annotated[str, typer.Option(metavar="N|WxH", help="Side in pixels, or both.")] = "x".join(map(str, _SIZE)),
    seed: Annotated[int, typer.Option(min=0, help="Another one, another picture.")] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No notes.")] = False,
) -> None:
    """Draw a style picture into a file."""
    from impasto.pictures import check_target, write_picture

    sides = parse_size(size)
    width, height = sides if isinstance(sides, tuple) else (sides, sides)
    check_target(output, overwrite=overwrite, size=(width, height))
    write_picture(styles.draw(name, size=(width, height), seed=seed), output, overwrite=overwrite)
    Voice(quiet=quiet).note(f"{name} → {output}  {width}×{height}")
