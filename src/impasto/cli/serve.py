"""`impasto serve`: the studio that takes orders."""

from __future__ import annotations

from typing import Annotated

import typer

from impasto.cli.studio_options import (
    FOLDER,
    Data,
    Database,
    Files,
    KeepBytes,
    KeepDays,
    MaxPixels,
    Patience,
    QuickPixels,
    service_settings,
)
from impasto.cli.threads import Threads
from impasto.cli.voice import Voice
from impasto.errors import UsageError
from impasto.extras import needs_extra
from impasto.service.settings import ServiceSettings

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


def register(app: typer.Typer) -> None:
    app.command("serve")(serve)


def serve(
    data: Data = FOLDER,
    host: Annotated[str, typer.Option(help="To listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="To listen on; 0: a free one, which is told.")] = 8420,
    workers: Annotated[int, typer.Option(min=0, max=64, help="Painters to start along.")] = 1,
    keys: Annotated[bool, typer.Option("--keys", help="Need API keys on loopback too.")] = False,
    waiting: Annotated[
        int, typer.Option(help="Orders that may wait; more are told to come back later.")
    ] = ServiceSettings.waiting,
    max_pixels: MaxPixels = ServiceSettings.max_pixels,
    quick_pixels: QuickPixels = ServiceSettings.quick_pixels,
    keep_days: KeepDays = ServiceSettings.keep_days,
    keep_bytes: KeepBytes = ServiceSettings.keep_bytes,
    patience: Patience = ServiceSettings.patience,
    private_webhooks: Annotated[
        bool, typer.Option("--private-webhooks", help="Tell addresses too that are not of the open internet.")
    ] = False,
    database: Database = None,
    files: Files = None,
    threads: Threads = None,
) -> None:
    """Take orders over HTTP, and paint them.

    Orders last: what was taken is painted, whatever dies meanwhile. Start it again with the same --data, and it goes
    on. `impasto worker` adds painters, on other machines too if the database and the pictures are within their reach.
    """
    with needs_extra("Serving"):
        from impasto.service.server import any_keys, serve_until_stopped
    needed = keys or host not in _LOOPBACK
    kept = {"keep_days": keep_days, "keep_bytes": keep_bytes}
    limits = {"waiting": waiting, "max_pixels": max_pixels, "quick_pixels": quick_pixels, "patience": patience, **kept}
    settings = service_settings(data, database, files, keys=needed, private_webhooks=private_webhooks, **limits)
    if host not in _LOOPBACK and not any_keys(settings):
        raise UsageError(
            f"There are no API keys, so nobody could use it on {host}.", hint="Make one: impasto keys add NAME"
        )
    serve_until_stopped(settings, host=host, port=port, workers=workers, threads=threads, told=Voice().note)
