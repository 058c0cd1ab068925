"""`impasto models list|show|add|verify|remove|quantise`: networks to paint with, by name."""

from __future__ import annotations

import json as jsons
from pathlib import Path
from typing import Annotated, Any

import typer

from impasto.cli import quantise
from impasto.cli.completion import complete_model, complete_own_model
from impasto.cli.voice import Voice
from impasto.errors import PartialFailureError

app = typer.Typer(help="List, add and check the networks that pictures are painted with.", invoke_without_command=True)

Name = Annotated[str, typer.Argument(metavar="NAME", autocompletion=complete_model)]
Json = Annotated[bool, typer.Option("--json", help="JSON, an object a model.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No notes.")]


def register(program: typer.Typer) -> None:
    program.add_typer(app, name="models")


@app.callback()
def _models(context: typer.Context, json: Json = False) -> None:
    if context.invoked_subcommand is None:
        list_models(json=json)


@app.command("list")
def list_models(json: Json = False) -> None:
    """Which models there are."""
    from impasto.errors import WeightsFormatError
    from impasto.runtime.registry import models

    voice = Voice(json=json)
    for entry in models():
        size = sum(file.stat().st_size for file in entry.files)
        try:
            about = entry.metadata
        except WeightsFormatError as error:
            about = {"family": f"damaged: {error.message}"}
        family, styles = about.get("family", ""), _value(about.get("styles", ""))
        styles = [str(style) for style in styles] if isinstance(styles, list) else []
        if json:
            told = {"name": entry.name, "kind": entry.kind, "family": family, "styles": styles, "bytes": size}
            voice.object(told | {"path": str(entry.path)})
        else:
            voice.line(
                f"{entry.name:28}  {entry.kind:7}  {size / 1e6:5.1f} MB  {family:9}  {', '.join(styles)}".rstrip()
            )


@app.command("show")
def show(name: Name, json: Json = False) -> None:
    """All that a model says of itself. NAME may be a file."""
    from impasto.runtime.registry import find_model

    entry, voice = find_model(name), Voice(json=json)
    about = {"path": str(entry.path), **{key: _value(value) for key, value in sorted(entry.metadata.items())}}
    if json:
        voice.object(about)
        return
    for key, value in about.items():
        if isinstance(value, dict):
            voice.line(f"{key}:")
            for inner, its in value.items():
                voice.line(f"  {inner}: {its}")
        else:
            voice.line(f"{key}: {', '.join(map(str, value)) if isinstance(value, list) else value}")


@app.command("add")
def add(
    file: Annotated[str, typer.Argument(metavar="FILE", help="An ONNX file, of `impasto train` or from elsewhere.")],
    name: Annotated[str, typer.Option(help="What --model will know it by.")],
    range: Annotated[
        str | None, typer.Option(metavar="0-1|0-255|-1-1", help="Made elsewhere: what black and white are to it.")
    ] = None,
    colour: Annotated[
        str | None, typer.Option(metavar="RGB|BGR", help="Made elsewhere: the order of its colours.")
    ] = None,
    multiple: Annotated[
        int | None, typer.Option(min=1, max=256, help="Made elsewhere: what its pictures' sides are multiples of.")
    ] = None,
    licence: Annotated[str | None, typer.Option(help="Made elsewhere: of the network.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace one of your own.")] = False,
    quiet: Quiet = False,
) -> None:
    """Keep a model under a name.

    Networks made elsewhere must take one picture of any size and give one of the same size.
    """
    from impasto.runtime.adoption import adopt
    from impasto.runtime.fast import style_side
    from impasto.runtime.network import load_model
    from impasto.runtime.opening import open_painter
    from impasto.runtime.registry import add_model, check_name

    wanted, path = check_name(name, overwrite=overwrite), Path(file)
    asked = {"range": range, "colour": colour, "multiple": multiple, "licence": licence}
    given: dict[str, Any] = {key: value for key, value in asked.items() if value is not None}
    if given or "format" not in load_model(path).metadata:
        files = {".onnx": adopt(path, name=wanted, **given)}
    else:
        open_painter(path)  # refuses what is no painter
        files = {".onnx": path.read_bytes()}
        if style_side(path).is_file():
            files["-style.onnx"] = style_side(path).read_bytes()
    entry = add_model(wanted, files, overwrite=overwrite)
    Voice(quiet=quiet).note(f"{file} → --model {entry.name}  ({entry.path})")


@app.command("verify")
def verify(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME", help="Without one: all.", autocompletion=complete_model)
    ] = None,
    json: Json = False,
) -> None:
    """Check that models are whole, and that they paint."""
    from impasto.runtime.registry import find_model, models
    from impasto.runtime.verification import verify_model

    voice = Voice(json=json)
    entries = [find_model(name) for name in names] if names else models()
    failed = 0
    for entry in entries:
        wrong = verify_model(entry)
        failed += wrong is not None
        if json:
            voice.object({"name": entry.name, "whole": wrong is None, "wrong": wrong})
        else:
            voice.line(f"{entry.name:28}  {wrong or 'whole'}")
    if failed:
        raise PartialFailureError(
            f"{failed} of {len(entries)} models can't be used.",
            hint="Install Impasto anew for those that ship; add your own anew, or remove them.",
        )


@app.command("remove")
def remove(
    name: Annotated[str, typer.Argument(metavar="NAME", help="One of your own.", autocompletion=complete_own_model)],
    quiet: Quiet = False,
) -> None:
    """Remove one of your own models."""
    from impasto.runtime.registry import remove_model

    Voice(quiet=quiet).note(f"{remove_model(name).name} is removed.")


def _value(text: str) -> Any:
    """A value of the metadata, as what it is: text, or JSON."""
    try:
        return jsons.loads(text) if text[:1] in "{[" else text
    except ValueError:
        return text


quantise.register(app)
