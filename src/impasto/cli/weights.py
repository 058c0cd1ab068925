"""`impasto weights list|get|verify`: the weights of encoders, shipped and published."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from impasto.cli.completion import complete_published
from impasto.cli.voice import Voice
from impasto.errors import HashMismatchError, InterruptedByUserError, WeightsMissingError

if TYPE_CHECKING:
    from impasto.features import WeightsStatus

app = typer.Typer(help="List, fetch and check the weights of encoders.", invoke_without_command=True)

REINSTALL = "Type: pip install --force-reinstall --no-deps impasto"
Json = Annotated[bool, typer.Option("--json", help="One JSON object each.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar, no notes.")]


def register(program: typer.Typer) -> None:
    program.add_typer(app, name="weights")


@app.callback()
def _weights(context: typer.Context, json: Json = False) -> None:
    if context.invoked_subcommand is None:
        list_weights(json=json)


@app.command("list")
def list_weights(json: Json = False) -> None:
    """Which encoders there are, and which of them are on this machine."""
    from impasto.features import weights_status

    voice = Voice(json=json)
    for status in weights_status():
        if json:
            voice.object(describe(status))
        else:
            voice.line(f"{status.name:18}  {_state(status):13}  {status.size / 1e6:6.1f} MB  {status.licence}")


@app.command("get")
def get(
    names: Annotated[
        list[str],
        typer.Argument(metavar="NAME", help="Names from `impasto weights list`.", autocompletion=complete_published),
    ],
    offline: Annotated[bool, typer.Option("--offline", help="Never touch the network.")] = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Fetch published weights from their publisher, unless they are there; a broken download is resumed."""
    from impasto.features.sources import SHIPPED, published

    voice = Voice(quiet=quiet, json=json)
    # All names are looked up before the first download begins.
    for name in [SHIPPED if name.strip().lower() == SHIPPED else published(name).name for name in names]:
        if name != SHIPPED:
            _download(name, offline, voice)
        status = _status(name)
        if not status.present:
            raise WeightsMissingError(f"The encoder {name!r} is missing from this installation.", hint=REINSTALL)
        if json:
            voice.object(describe(status))
        else:
            voice.line(str(status.path))


def _download(name: str, offline: bool, voice: Voice) -> None:
    from impasto.cli.bars import download_bar
    from impasto.features import download_weights

    status = _status(name)
    if not status.present and not offline:
        voice.note(f"{name}: {status.size / 1e6:.0f} MB from {status.address}")
    try:
        with download_bar(voice) as progress:
            download_weights(name, offline=offline, progress=progress)
    except KeyboardInterrupt as error:
        raise InterruptedByUserError(
            f"The download of {name} was interrupted.", hint="The same command goes on from there."
        ) from error


def _status(name: str) -> WeightsStatus:
    from impasto.features import weights_status

    return next(status for status in weights_status() if status.name == name)


@app.command("verify")
def verify(json: Json = False) -> None:
    """Compare the weights on this machine with the published hashes."""
    from impasto.features import weights_status

    voice = Voice(json=json)
    statuses = weights_status(verify=True)
    for status in statuses:
        if json:
            voice.object(describe(status))
        else:
            voice.line(f"{status.name:18}  {_state(status)}")
    damaged = [status.name for status in statuses if status.verified is False]
    if damaged:
        raise HashMismatchError(
            f"Damaged: {', '.join(damaged)}.", hint=f"Type: impasto weights get {' '.join(damaged)}"
        )


def describe(status: WeightsStatus) -> dict[str, object]:
    """One encoder's weights as JSON tells them."""
    return {
        "name": status.name,
        "present": status.present,
        "verified": status.verified,
        "path": str(status.path),
        "bytes": status.size,
        "licence": status.licence,
        "address": status.address,
    }


def _state(status: WeightsStatus) -> str:
    if not status.present:
        return "not here"
    if not status.address:
        return "shipped"
    return {None: "here", True: "here, whole", False: "damaged"}[status.verified]
