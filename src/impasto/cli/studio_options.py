"""What the verbs of the service share: where its database and its pictures are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from impasto.service.settings import ServiceSettings

Data = Annotated[Path, typer.Option(envvar="IMPASTO_DATA", help="Folder of the database and the pictures.")]
Database = Annotated[
    str | None,
    typer.Option(
        envvar="IMPASTO_DATABASE",
        metavar="URL",
        help="postgresql://… for several machines.",
        show_default="SQLite in data",
    ),
]
Files = Annotated[
    str | None,
    typer.Option(
        envvar="IMPASTO_FILES",
        metavar="URL",
        help="Any fsspec address for the pictures: s3://…",
        show_default="in data",
    ),
]

MaxPixels = Annotated[int, typer.Option(help="Width × height of a picture that is sent.")]
QuickPixels = Annotated[int, typer.Option(help="Of the largest picture of an order that never waits for larger ones.")]
Patience = Annotated[float, typer.Option(help="Seconds to finish what is being painted when told to end.")]


def service_settings(data: Path, database: str | None = None, files: str | None = None, **more: Any) -> ServiceSettings:
    from impasto.service.settings import ServiceSettings

    return ServiceSettings(data, database=database, files=files, **more)
