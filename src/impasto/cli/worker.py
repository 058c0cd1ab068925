"""`impasto worker`: more painters for the studio."""

from __future__ import annotations

from pathlib import Path

import typer

from impasto.cli.studio_options import Data, Database, Files, service_settings
from impasto.cli.threads import Threads
from impasto.cli.voice import Voice
from impasto.extras import needs_extra


def register(app: typer.Typer) -> None:
    app.command("worker")(worker)


def worker(
    data: Data = Path("impasto-data"), database: Database = None, files: Files = None, threads: Threads = None
) -> None:
    """Paint orders that `impasto serve` takes, until Ctrl-C."""
    with needs_extra("Painting orders"):
        from impasto.service.server import work_until_stopped
    work_until_stopped(service_settings(data, database, files), threads=threads, told=Voice().note)
