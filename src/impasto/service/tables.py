"""The tables of the service, beside those of its queue, in one database."""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Engine,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    inspect,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, InterfaceError, OperationalError
from sqlalchemy.schema import CreateColumn

from impasto.errors import DatabaseAwayError, UsageError

AWAY = (OperationalError, InterfaceError)
"""What SQLAlchemy raises while a database does not answer, or breaks off."""

_AGAIN = 0.5  # seconds
_LOCK = 0x1397A570  # any number that nobody else locks
_ADDRESS = "Give postgresql://user:password@host/name."

METADATA = MetaData()

ORDERS = Table(
    "impasto_orders",
    METADATA,
    Column("id", String, primary_key=True),
    Column("owner", String, nullable=False),
    Column("state", String, nullable=False),
    Column("request", JSON, nullable=False),  # see `orders.OrderRequest`
    Column("idempotency", String),
    Column("fingerprint", String, nullable=False),  # of the request
    Column("workflow", String, nullable=False),  # of the queue, that paints it
    Column("webhook", String),
    Column("result", String),  # digest of the painting
    Column("result_type", String),
    Column("facts", JSON),
    Column("problem", JSON),  # why it failed
    Column("attempts", Integer, nullable=False, default=0),
    Column("fraction", Float, nullable=False, default=0.0),
    Column("preview", String),  # digest
    Column("created", Float, nullable=False),
    Column("started", Float),
    Column("finished", Float),
    Column("lane", String, nullable=False, server_default="quick"),  # see `lanes`
    Column("turn", BigInteger, nullable=False, server_default="0"),  # in its lane; see `turns`
    Column("cost", BigInteger, nullable=False, server_default="1"),
    Index("impasto_orders_once", "owner", "idempotency", unique=True),
    Index("impasto_orders_state", "state", "created"),
)

WORKERS = Table(
    "impasto_workers",
    METADATA,
    Column("id", String, primary_key=True),
    Column("beat", Float, nullable=False),  # seconds since 1970, by the worker's clock
)

KEYS = Table(
    "impasto_keys",
    METADATA,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("digest", String, nullable=False, unique=True),  # of the secret
    Column("scopes", JSON, nullable=False),
    Column("per_minute", Integer),
    Column("open_orders", Integer),
    Column("per_day", Integer),
    Column("created", Float, nullable=False),
    Column("revoked", Float),
)

STYLES = Table(
    "impasto_styles",
    METADATA,
    Column("owner", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("file", String, nullable=False),  # digest of its picture, or of its code
    Column("created", Float, nullable=False),
)


def open_database(url: str, *, patience: float = 30.0) -> Engine:
    """An engine for the service's database, which answers.

    SQLite waits for its turn rather than failing, keeps a log beside the file so that readers never wait, and takes
    the lock when a transaction begins.

    Args:
        patience: seconds that a database may take to come up.

    Raises:
        UsageError: this is no address of a database that we know.
        DatabaseAwayError: it does not answer.
    """
    try:
        chosen = make_url(url)
        if chosen.drivername == "postgresql":
            chosen = chosen.set(drivername="postgresql+psycopg")
        engine = create_engine(chosen, pool_pre_ping=True)
    except (ArgumentError, ImportError, ValueError) as error:  # its text may hold a password
        raise UsageError("This is no address of a database that can be used.", hint=_ADDRESS) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
    until = time.monotonic() + patience
    while True:
        try:
            engine.connect().close()
        except AWAY as error:
            if time.monotonic() > until:
                raise away() from error
            time.sleep(_AGAIN)
        else:
            return engine


def make_tables(engine: Engine) -> None:
    """Make the tables that are missing, and the columns that an earlier version's lack: what is in them stays.

    Processes that start at once take their turn.
    """
    with engine.begin() as connection:
        one_at_a_time = {"sqlite": "BEGIN IMMEDIATE", "postgresql": f"SELECT pg_advisory_xact_lock({_LOCK})"}
        connection.exec_driver_sql(one_at_a_time[engine.dialect.name])
        METADATA.create_all(connection, checkfirst=True)
        for table in METADATA.sorted_tables:
            there = {column["name"] for column in inspect(connection).get_columns(table.name)}
            for column in (column for column in table.columns if column.name not in there):
                words = CreateColumn(column).compile(dialect=engine.dialect)
                connection.exec_driver_sql(f"ALTER TABLE {table.name} ADD COLUMN {words}")


def away() -> DatabaseAwayError:
    """What is told while the database does not answer."""
    return DatabaseAwayError("The studio's database does not answer.", hint="See whether it runs, and try again.")


def _set_up_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = "IMMEDIATE"
    for word in ("busy_timeout=30000", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {word}")
