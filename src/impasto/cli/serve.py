"""`impasto serve`: the studio that takes orders."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from impasto.cli.studio_options import Data, Database, Files, service_settings
from impasto.cli.threads import Threads
from impasto.cli.voice import Voice
from impasto.errors import UsageError
from impasto.extras import needs_extra

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


def register(app: typer.Typer) -> None:
    app.command("serve")(serve)


def serve(
    data: Data = Path("impasto-data"),
    host: Annotated[str, typer.Option(help="To listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="To listen on; 0: a free one, which is told.")] = 8420,
    workers: Annotated[int, typer.Option(min=0, max=64, help="Painters to start along.")] = 1,
    database: Database = None,
    files: Files = None,
    threads: Threads = None,
) -> None:
    """Take orders over HTTP, and paint them.

    Orders last: what was taken is painted, whatever dies meanwhile. Start it again with the same --data, and it goes
    on. `impasto worker` adds painters, on other machines too if the database and the pictures are within their reach.
    """
    if host not in _LOOPBACK:
        raise UsageError(
            f"There are no API keys yet, so it can't listen on {host}.", hint="Listen on 127.0.0.1, behind a proxy."
        )
    with needs_extra("Serving"):
        from impasto.service.server import serve_until_stopped
    settings = service_settings(data, database, files)
    serve_until_stopped(settings, host=host, port=port, workers=workers, threads=threads, told=Voice().note)
