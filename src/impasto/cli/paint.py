"""`impasto paint`: pictures in the style of others."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from impasto.cli.completion import complete_preset, complete_quality, complete_style
from impasto.cli.request import Request
from impasto.cli.session import Session
from impasto.cli.settings_options import PICTURES, parse_frame_size, takes_settings
from impasto.cli.threads import Threads
from impasto.cli.voice import Voice
from impasto.errors import UsageError
from impasto.pictures import MAX_PIXELS, QUALITY
from impasto.qualities import DEFAULT_QUALITY, QUALITIES

TELLING = "What is told"


def register(app: typer.Typer) -> None:
    app.command("paint")(paint)


@takes_settings
def paint(
    contents: Annotated[
        list[str] | None,
        typer.Argument(metavar="CONTENT...", help="Pictures, folders of pictures, or - for standard input."),
    ] = None,
    *,
    style: Annotated[
        list[str] | None,
        typer.Option(
            "--style",
            "-s",
            metavar="STYLE[:WEIGHT]",
            help="A picture, or a name of `impasto styles`; repeatable, with weights.",
            autocompletion=complete_style,
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE|FOLDER|-",
            help="Where to; names in a folder follow the contents'.",
            show_default="CONTENT-STYLE, beside the content",
        ),
    ] = None,
    quality: Annotated[
        str | None,
        typer.Option(
            help="How to paint.",
            metavar="|".join(QUALITIES),
            show_default=f"{DEFAULT_QUALITY}, or best where other options ask for it",
            autocompletion=complete_quality,
        ),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(help="A published recipe: see `impasto presets`.", autocompletion=complete_preset),
    ] = None,
    watch: Annotated[
        str | None,
        typer.Option(metavar="FOLDER", help="Paint what comes into a folder, until Ctrl-C.", rich_help_panel=PICTURES),
    ] = None,
    raw: Annotated[
        str | None,
        typer.Option(metavar="WxH", help="Frames of bare RGB bytes through a pipe.", rich_help_panel=PICTURES),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace what is there.", rich_help_panel=PICTURES)
    ] = False,
    max_pixels: Annotated[
        int, typer.Option(min=1, help="Refuse larger pictures (width × height).", rich_help_panel=PICTURES)
    ] = MAX_PIXELS,
    bit_depth: Annotated[
        int | None, typer.Option(help="8, or 16 for PNG and TIFF.", show_default="8", rich_help_panel=PICTURES)
    ] = None,
    jpeg_quality: Annotated[
        int, typer.Option(min=1, max=100, help="Of JPEG, WebP and AVIF.", rich_help_panel=PICTURES)
    ] = QUALITY,
    snapshot_every: Annotated[
        int | None,
        typer.Option(min=1, help="Write the picture as it stands after so many steps.", rich_help_panel=TELLING),
    ] = None,
    report: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Loss curves and pictures on the way, as .html or .png.", rich_help_panel=TELLING
        ),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="One JSON object a picture on standard output.", rich_help_panel=TELLING)
    ] = False,
    verbose: Annotated[
        bool,
        typer.Option("--verbose", "-v", help="Settings, facts, and where errors come from.", rich_help_panel=TELLING),
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress bar, no notes.", rich_help_panel=TELLING)
    ] = False,
    threads: Threads = None,
    **given: Any,
) -> None:
    """Paint CONTENT in the style of STYLE.

    Ctrl-C ends with the best picture so far. Existing files are never replaced without --overwrite.
    """
    request = Request(
        contents=contents or [],
        styles=style or [],
        output=output,
        quality=quality,
        preset=preset,
        start=given.pop("start", None),
        settings=given,
        overwrite=overwrite,
        max_pixels=max_pixels,
        bit_depth=bit_depth,
        jpeg_quality=jpeg_quality,
        snapshot_every=snapshot_every,
        report=report,
        threads=threads,
    )
    voice = Voice(quiet=quiet, json=json, verbose=verbose)
    if not style and "model" not in given:
        raise UsageError("Missing option --style.", hint="`impasto styles` lists those that have a name.")
    if raw is not None:
        if watch is not None:
            raise UsageError("--raw and --watch exclude one another.", hint="Leave one out.")
        from impasto.cli.raw import paint_frames

        paint_frames(request, voice, parse_frame_size(raw))
    elif watch is not None:
        from impasto.cli.watch import Watch

        Watch(request, voice, watch).run()
    elif not contents:
        raise UsageError("Missing argument CONTENT.", hint="Name a picture: impasto paint photo.jpg --style mosaic")
    else:
        Session(request, voice).run()
