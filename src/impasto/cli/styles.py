"""`impasto styles`: the procedural style pictures, listed and drawn."""

from __future__ import annotations

from typing import Annotated

import typer

from impasto.cli.completion import complete_style
from impasto.cli.settings_options import parse_size
from impasto.cli.voice import Voice
from impasto.errors import UsageError

app = typer.Typer(help="List the style pictures that Impasto draws itself, and draw them.", invoke_without_command=True)

LONGEST_SIDE = 16_384


@app.callback()
def _styles(
    context: typer.Context, json: Annotated[bool, typer.Option("--json", help="One JSON object a style.")] = False
) -> None:
    if context.invoked_subcommand is not None:
        return
    from impasto import styles

    voice = Voice(json=json)
    for name in styles.names():
        if json:
            voice.object({"name": name})
        else:
            voice.line(name)


@app.command("draw")
def draw(
    name: Annotated[str, typer.Argument(help="A name of `impasto styles`.", autocompletion=complete_style)],
    output: Annotated[str, typer.Option("--output", "-o", metavar="FILE|-", help="Where to.")],
    size: Annotated[str, typer.Option(metavar="N|WxH", help="Side in pixels, or both.")] = "1024",
    seed: Annotated[int, typer.Option(min=0, help="Another one, another picture.")] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No notes.")] = False,
) -> None:
    """Draw a style picture into a file."""
    from impasto import styles
    from impasto.pictures import check_target, write_picture

    sides = parse_size(size)
    width, height = sides if isinstance(sides, tuple) else (sides, sides)
    if not 1 <= min(width, height) <= max(width, height) <= LONGEST_SIDE:
        raise UsageError(f"The size is {width}×{height}; both sides must be between 1 and {LONGEST_SIDE}.")
    check_target(output, overwrite=overwrite, size=(width, height))
    write_picture(styles.draw(name, size=(width, height), seed=seed), output, overwrite=overwrite)
    Voice(quiet=quiet).note(f"{name} → {output}  {width}×{height}")
