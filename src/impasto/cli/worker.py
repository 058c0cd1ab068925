"""`impasto worker`: more painters for the studio."""

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
from impasto.extras import needs_extra
from impasto.service.settings import ServiceSettings


def register(app: typer.Typer) -> None:
    app.command("worker")(worker)


def worker(
    data: Data = FOLDER,
    database: Database = None,
    files: Files = None,
    max_pixels: MaxPixels = ServiceSettings.max_pixels,
    quick_pixels: QuickPixels = ServiceSettings.quick_pixels,
    keep_days: KeepDays = ServiceSettings.keep_days,
    keep_bytes: KeepBytes = ServiceSettings.keep_bytes,
    patience: Patience = ServiceSettings.patience,
    private_webhooks: Annotated[
        bool, typer.Option("--private-webhooks", help="Tell addresses too that are not of the open internet.")
    ] = False,
    threads: Threads = None,
) -> None:
    """Paint orders that `impasto serve` takes, until Ctrl-C."""
    with needs_extra("Painting orders"):
        from impasto.service.server import work_until_stopped
    kept = {"keep_days": keep_days, "keep_bytes": keep_bytes}
    limits = {"max_pixels": max_pixels, "quick_pixels": quick_pixels, "patience": patience, **kept}
    settings = service_settings(data, database, files, private_webhooks=private_webhooks, **limits)
    work_until_stopped(settings, threads=threads, told=Voice().note)
