"""`impasto export`: a model for other places than this command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from impasto.cli.completion import complete_export, complete_model, complete_style
from impasto.cli.settings_options import parse_size
from impasto.cli.style_words import split_weight
from impasto.cli.voice import Voice
from impasto.errors import InterruptedByUserError, UnknownNameError, UsageError

if TYPE_CHECKING:
    from impasto.runtime.registry import ModelEntry


@dataclass(frozen=True)
class Request:
    """What was asked for beside the model.

    Attributes:
        given: the options that only some exporters have, where they were named.
    """

    output: Path
    overwrite: bool
    given: Mapping[str, Any]
    voice: Voice


@dataclass(frozen=True)
class Exporter:
    """What a name of `--to` stands for: a function, and the options that not all of them have."""

    run: Callable[[ModelEntry, Request], None]
    options: tuple[str, ...] = ()


def _litert(entry: ModelEntry, request: Request) -> None:
    from impasto.extras import needs_extra

    with needs_extra("Exporting to LiteRT"):
        import ai_edge_litert  # noqa: F401 — before torch is missed, which belongs to another extra too

        from impasto.networks.litert_file import export_litert
    given, voice, file = dict(request.given), request.voice, request.output
    if "size" in given:
        size = parse_size(given["size"])
        given["size"] = size if isinstance(size, tuple) else (size, size)
    styles = [split_weight(word) for word in given.pop("style", [])]
    done = export_litert(entry.path, styles, file, overwrite=request.overwrite, **given)
    (width, height), difference = done.size, 255 * done.error
    voice.note(f"{entry.name} → {file}  {width}×{height}, {done.bytes / 1e6:.2g} MB")
    voice.note(f"Its paintings are ours to within {difference:.2g} of 255. About it: unzip -p {file} impasto.json")
    if voice.json:
        told = {"file": str(file), "width": width, "height": height, "bytes": done.bytes, "difference": done.error}
        voice.object(told)


def _web(entry: ModelEntry, request: Request) -> None:
    from impasto.cli.bars import download_bar
    from impasto.web.export import export_page

    given, voice, folder = request.given, request.voice, request.output
    if "port" in given and "serve" not in given:
        raise UsageError("--port is of --serve.", hint="Add --serve, or leave --port out.")
    runtime = Path(str(given["runtime"])) if "runtime" in given else None
    options = {"runtime": runtime, "offline": "offline" in given, "overwrite": request.overwrite}
    with download_bar(voice) as progress:
        page = export_page(entry, folder, **options, progress=progress)  # type: ignore[arg-type]
    told = {"folder": str(folder), "styles": page.styles, "bytes": page.size}
    styles = "1 style" if page.styles == 1 else f"{page.styles} styles"
    voice.note(f"{entry.name} → {folder}  {styles}, {page.size / 1e6:.1f} MB")
    if "serve" in given:
        _serve(folder, int(str(given.get("port", 0))), voice, told)
        return
    voice.note(f"Any web server can give it away. To look at it: python -m http.server --directory {folder}")
    if voice.json:
        voice.object(told)


def _serve(folder: Path, port: int, voice: Voice, told: Mapping[str, object]) -> None:
    from threading import Event

    from impasto.web.serving import serving

    try:
        with serving(folder, port) as address:
            if voice.json:
                voice.object({**told, "address": address})
            else:
                voice.line(address)
            voice.note("Ctrl-C ends it.")
            Event().wait()
    except KeyboardInterrupt as error:
        raise InterruptedByUserError("The page is no longer shown.", hint="It is in its folder.") from error


EXPORTERS: Mapping[str, Exporter] = {
    "web": Exporter(_web, options=("runtime", "offline", "serve", "port")),
    "litert": Exporter(_litert, options=("style", "size")),
}


def register(program: typer.Typer) -> None:
    program.command("export")(export)


def export(
    model: Annotated[
        str,
        typer.Argument(metavar="MODEL", help="A name of `impasto models`, or a file.", autocompletion=complete_model),
    ],
    to: Annotated[str, typer.Option(metavar="|".join(EXPORTERS), help="What for.", autocompletion=complete_export)],
    output: Annotated[str, typer.Option("--output", "-o", metavar="FILE|DIR", help="Where to.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier export.")] = False,
    style: Annotated[
        list[str] | None,
        typer.Option(
            "--style",
            "-s",
            metavar="STYLE[:WEIGHT]",
            help="litert: what it will paint in; repeatable, with weights.",
            show_default="the model's, if it has one alone",
            autocompletion=complete_style,
        ),
    ] = None,
    size: Annotated[
        str | None,
        typer.Option(metavar="N|WxH", help="litert: of all pictures that it will paint.", show_default="512x512"),
    ] = None,
    runtime: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="web: where onnxruntime-web is.", show_default="fetched once from npm"),
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="web: never touch the network.")] = False,
    serve: Annotated[bool, typer.Option("--serve", help="web: show it, to this machine alone, until Ctrl-C.")] = False,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="web: of --serve.", show_default="one that is free")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No notes.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Write a model for other places.

    web: a folder with a page that paints photos, and what the camera sees, in the browser.

    litert: one .tflite file for phones, for pictures of one size, in one style or a blend.
    """
    from impasto.runtime.registry import find_model

    if to not in EXPORTERS:
        raise UnknownNameError("export", to, EXPORTERS)
    exporter = EXPORTERS[to]
    asked = {"style": style, "size": size, "runtime": runtime, "offline": offline, "serve": serve, "port": port}
    given = {name: value for name, value in asked.items() if value not in (None, False, [])}
    for name in given:
        if name not in exporter.options:
            raise UsageError(f"--to {to} has no --{name}.", hint="Leave it out.")
    exporter.run(find_model(model), Request(Path(output), overwrite, given, Voice(quiet=quiet, json=json)))
