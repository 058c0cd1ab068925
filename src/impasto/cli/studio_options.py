"""What the verbs of the service share: where its database and its pictures are, and the book in there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from impasto.extras import needs_extra

if TYPE_CHECKING:
    from impasto.service.book import OrderBook
    from impasto.service.settings import ServiceSettings

FOLDER = Path("impasto-data")

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

MaxPixels = Annotated[int, typer.Option(help="Width × height of a picture that is sent, or painted.")]
QuickPixels = Annotated[int, typer.Option(help="Of the largest picture of an order that never waits for larger ones.")]
KeepDays = Annotated[float, typer.Option(help="How long orders that have ended are kept, with their pictures.")]
KeepBytes = Annotated[int, typer.Option(help="Of orders' pictures; beyond, the orders that ended first go.")]
Patience = Annotated[float, typer.Option(help="Seconds to finish what is being painted when told to end.")]


def service_settings(data: Path, database: str | None = None, files: str | None = None, **more: Any) -> ServiceSettings:
    from impasto.service.settings import ServiceSettings

    return ServiceSettings(data, database=database, files=files, **more)


@contextmanager
def opened_book(data: Path, database: str | None = None, files: str | None = None) -> Iterator[OrderBook]:
    """The book, closed in the end."""
    with needs_extra("The service"):
        from impasto.service.book import OrderBook
    book = OrderBook(service_settings(data, database, files))
    try:
        yield book
    finally:
        book.close()
