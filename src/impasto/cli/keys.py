"""`impasto keys …`: who may order from the studio."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from impasto.cli.studio_options import FOLDER, Data, Database, opened_book
from impasto.cli.voice import Voice
from impasto.extras import needs_extra

if TYPE_CHECKING:
    from impasto.service.keys import Keys

app = typer.Typer(help="Give API keys, and take them back.", no_args_is_help=True)


def register(program: typer.Typer) -> None:
    program.add_typer(app, name="keys")


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Whose it is, for people.")],
    data: Data = FOLDER,
    database: Database = None,
    scope: Annotated[
        list[str] | None, typer.Option(help="What it is for: orders, styles, metrics; repeatable.", show_default="all")
    ] = None,
    per_minute: Annotated[int | None, typer.Option(min=1, help="Requests.")] = None,
    open_orders: Annotated[int | None, typer.Option(min=1, help="Orders that may be open at once.")] = None,
    per_day: Annotated[int | None, typer.Option(min=1, help="Orders.")] = None,
    json: Annotated[bool, typer.Option("--json", help="As a JSON object.")] = False,
) -> None:
    """Make a key. It is shown this once; only its hash is kept."""
    voice = Voice(json=json)
    with _keys(data, database) as keys:
        client, secret = keys.add(name, scopes=scope, per_minute=per_minute, open_orders=open_orders, per_day=per_day)
    if json:
        voice.object({**asdict(client), "key": secret})
    else:
        voice.note(f"{client.id}, for {name}. Send it: Authorization: Bearer …")
        voice.line(secret)


@app.command("list")
def list_keys(
    data: Data = FOLDER,
    database: Database = None,
    json: Annotated[bool, typer.Option("--json", help="As JSON, an object a line.")] = False,
) -> None:
    """All keys, without their secrets."""
    voice = Voice(json=json)
    with _keys(data, database) as keys:
        for client in keys.all():
            if json:
                voice.object(asdict(client))
                continue
            state = "live" if client.revoked is None else time.strftime("revoked %Y-%m-%d", time.gmtime(client.revoked))
            voice.line(f"{client.id}  {client.name:<24}  {state:<18}  {', '.join(client.scopes)}")


@app.command()
def revoke(
    identity: Annotated[str, typer.Argument(metavar="ID", help="Of a key: key_…")],
    data: Data = FOLDER,
    database: Database = None,
) -> None:
    """Refuse a key from now on; its orders stay."""
    with _keys(data, database) as keys:
        keys.revoke(identity)
    Voice().line(f"{identity} is refused from now on.")


@contextmanager
def _keys(data: Path, database: str | None) -> Iterator[Keys]:
    with needs_extra("The service"):
        from impasto.service.keys import Keys
    with opened_book(data, database) as book:
        yield Keys(book.engine, needed=True)
