"""`impasto presets`: the published recipes, with their sources."""

from __future__ import annotations

import textwrap
from typing import Annotated

import typer

from impasto.cli.voice import Voice
from impasto.extras import needs_extra


def register(app: typer.Typer) -> None:
    app.command("presets")(presets)


def presets(json: Annotated[bool, typer.Option("--json", help="One JSON object a preset.")] = False) -> None:
    """List the published recipes, with their sources."""
    with needs_extra("The list of presets"):
        from impasto.optimize import presets as shelf

        found = shelf.presets()
    voice = Voice(json=json)
    for preset in found:
        if json:
            voice.object(
                {"name": preset.name, "title": preset.title, "source": preset.source, "notes": preset.notes}
                | {"encoder": preset.settings.encoder}
            )
            continue
        voice.line(preset.name)
        for part in (preset.title, f"Source: {preset.source}", preset.notes, f"Encoder: {preset.settings.encoder}"):
            voice.line(textwrap.fill(part, 100, initial_indent="    ", subsequent_indent="    "))
        voice.line()
