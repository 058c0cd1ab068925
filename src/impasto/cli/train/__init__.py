"""`impasto train …`: networks of all families, each resumable, with settings from a TOML file and from flags."""

from __future__ import annotations

import importlib

import typer

# Modules of this package, in the order of the help.
_FAMILIES = ("johnson", "swift", "adain", "attention", "gan", "pix2pix", "cyclegan", "distill", "encoder")

app = typer.Typer(help="Train networks.", no_args_is_help=True)


def register(program: typer.Typer) -> None:
    for family in _FAMILIES:
        importlib.import_module(f"impasto.cli.train.{family}").register(app)
    program.add_typer(app, name="train")


@app.callback()
def _train() -> None:
    """Train networks.

    Flags come before the settings file. Ctrl-C saves a checkpoint; the same command goes on from there.
    """
