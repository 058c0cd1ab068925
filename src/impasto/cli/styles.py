"""`impasto styles`: what there is to paint with, by name; adding to it, and drawing what Impasto draws itself."""

from __future__ import annotations

import inspect
from typing import Annotated

import typer

from impasto import styles
from impasto.cli.completion import complete_drawn_style, complete_own_style
from impasto.cli.settings_options import parse_size
from impasto.cli.voice import Voice
from impasto.pictures import MAX_PIXELS
from impasto.styles.listing import listing

_SIZE = inspect.signature(styles.draw).parameters["size"].default

Output = Annotated[str, typer.Option("--output", "-o", metavar="FILE|-", help="Where to.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No notes.")]
MaxPixels = Annotated[int, typer.Option(min=1, help="Refuse larger pictures (width × height).")]

app = typer.Typer(help="List the styles that have a name, and add to them.", invoke_without_command=True)


def register(program: typer.Typer) -> None:
    program.add_typer(app, name="styles")


@app.callback()
def _styles(
    context: typer.Context, json: Annotated[bool, typer.Option("--json", help="One JSON object a style.")] = False
) -> None:
    if context.invoked_subcommand is not None:
        return
    voice = Voice(json=json)
    for style in listing():
        if json:
            voice.object({"name": style.name, "kind": style.kind, "title": style.title, "description": style.about})
        else:
            voice.line(f"{style.name:24}  {style.title}{', ' if style.title and style.about else ''}{style.about}")


@app.command("add")
def add(
    picture: Annotated[str, typer.Argument(metavar="PICTURE", help="The style picture, or - for standard input.")],
    name: Annotated[str, typer.Option(help="What --style will know it by.")],
    title: Annotated[str, typer.Option(help="Of the work.")] = "",
    artist: Annotated[str, typer.Option(help="Who made it.")] = "",
    year: Annotated[str, typer.Option(help="When.")] = "",
    overwrite: Overwrite = False,
    max_pixels: MaxPixels = MAX_PIXELS,
    quiet: Quiet = False,
) -> None:
    """Look at a style picture once and remember it under a name, in a file of a few kilobytes."""
    from dataclasses import replace

    from impasto.pictures import read_picture
    from impasto.runtime.fast import SHIPPED, FastPainter
    from impasto.styles import shelf

    shelf.check_name(name, overwrite=overwrite)
    code = FastPainter(SHIPPED).look(read_picture(picture, max_pixels=max_pixels))
    file = shelf.add(name, replace(code, title=title, artist=artist, year=year), overwrite=overwrite)
    Voice(quiet=quiet).note(f"{picture} → --style {file.stem}  ({file}, {file.stat().st_size / 1000:.1f} kB)")


@app.command("remove")
def remove(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A style that you have added.", autocompletion=complete_own_style)
    ],
    quiet: Quiet = False,
) -> None:
    """Forget a style of your own."""
    from impasto.styles import shelf

    shelf.remove(name)
    Voice(quiet=quiet).note(f"{shelf.canonical(name)} is forgotten.")


@app.command("sheet")
def sheet(
    output: Output,
    photo: Annotated[
        str | None, typer.Option(metavar="FILE", help="What to paint.", show_default="a drawn harbour")
    ] = None,
    overwrite: Overwrite = False,
    max_pixels: MaxPixels = MAX_PIXELS,
    quiet: Quiet = False,
) -> None:
    """Paint one picture in every style that has a name, small, on one sheet."""
    from impasto.pictures import check_target, read_picture, write_picture
    from impasto.runtime.sheet import HARBOUR, styles_sheet

    check_target(output, overwrite=overwrite)
    content = styles.draw(HARBOUR) if photo is None else read_picture(photo, max_pixels=max_pixels)
    painted = styles_sheet(content)
    write_picture(painted, output, overwrite=overwrite)
    Voice(quiet=quiet).note(f"{len(listing())} styles → {output}  {painted.width}×{painted.height}")


@app.command("draw")
def draw(
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", help="A style that Impasto draws.", autocompletion=complete_drawn_style),
    ],
    output: Output,
    size: Annotated[str, typer.Option(metavar="N|WxH", help="Side in pixels, or both.")] = "x".join(map(str, _SIZE)),
    seed: Annotated[int, typer.Option(min=0, help="Another one, another picture.")] = 0,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Draw a style picture into a file."""
    from impasto.pictures import check_target, write_picture

    sides = parse_size(size)
    width, height = sides if isinstance(sides, tuple) else (sides, sides)
    check_target(output, overwrite=overwrite, size=(width, height))
    write_picture(styles.draw(name, size=(width, height), seed=seed), output, overwrite=overwrite)
    Voice(quiet=quiet).note(f"{name} → {output}  {width}×{height}")
