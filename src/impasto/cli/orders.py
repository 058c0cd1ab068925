"""`impasto orders …`: what stands in the book."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from impasto.cli.studio_options import FOLDER, Data, Database, Files, opened_book
from impasto.cli.voice import Voice
from impasto.errors import UnknownNameError
from impasto.extras import needs_extra

if TYPE_CHECKING:
    from impasto.service.orders import Order

_DAY = 86400.0

Id = Annotated[str, typer.Argument(metavar="ID", help="Of an order.")]
Json = Annotated[bool, typer.Option("--json", help="As JSON, an object an order.")]

app = typer.Typer(help="Look at orders, and clear up after them.", no_args_is_help=True)


def register(program: typer.Typer) -> None:
    program.add_typer(app, name="orders")


@app.command("list")
def list_orders(
    data: Data = FOLDER,
    database: Database = None,
    state: Annotated[str | None, typer.Option(help="Only those: queued, painting, done, failed or cancelled.")] = None,
    most: Annotated[int, typer.Option(min=1, help="How many.")] = 20,
    json: Json = False,
) -> None:
    """The newest orders."""
    with needs_extra("The service"):
        from impasto.service.orders import State
    if state is not None and state not in get_args(State):
        raise UnknownNameError("state", state, get_args(State))
    voice = Voice(json=json)
    with opened_book(data, database) as book:
        for order in book.orders(state=state, most=most):  # type: ignore[arg-type]
            _tell(voice, order)


@app.command()
def show(identity: Id, data: Data = FOLDER, database: Database = None, json: Json = False) -> None:
    """One order, whole."""
    voice = Voice(json=json)
    with opened_book(data, database) as book:
        order = book.get(identity)
    if json:
        voice.object(_as_object(order))
        return
    for name, value in _as_object(order).items():
        if value is not None:
            voice.line(f"{name}: {value}")


@app.command()
def retry(identity: Id, data: Data = FOLDER, database: Database = None, json: Json = False) -> None:
    """Paint an order that failed, or was cancelled, after all."""
    with opened_book(data, database) as book:
        _tell(Voice(json=json), book.retry(identity))


@app.command()
def purge(
    data: Data = FOLDER,
    database: Database = None,
    files: Files = None,
    days: Annotated[float, typer.Option(min=0, help="Orders that ended so many days ago, or more.")] = 7.0,
) -> None:
    """Forget old orders, and remove the pictures that no other order needs."""
    with needs_extra("The service"):
        from impasto.service.clearing import clear_up
    with opened_book(data, database, files) as book:
        gone, freed = clear_up(book, before=time.time() - days * _DAY)
    Voice().line(f"{gone} orders forgotten, {freed / 1e6:.1f} MB freed.")


def _tell(voice: Voice, order: Order) -> None:
    if voice.json:
        voice.object(_as_object(order))
        return
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(order.created))
    voice.line(f"{order.id}  {order.state:<9}  {order.lane:<5}  {when}")


def _as_object(order: Order) -> dict[str, Any]:
    from dataclasses import asdict

    return {**asdict(order), "request": order.request.as_json()}
