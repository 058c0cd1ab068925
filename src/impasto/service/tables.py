"""The tables of the service, beside those of its queue, in one database."""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Connection,
    Engine,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    func,
    inspect,
    select,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionError
from sqlalchemy.schema import CreateColumn

from impasto.errors import DatabaseAwayError, UsageError

AWAY = (OperationalError, InterfaceError, NoConnectionError)
"""What SQLAlchemy raises while a database does not answer, breaks off, or keeps all connections waiting."""

_AGAIN = 0.5  # seconds
_CONNECTING = "10"  # the same, unless the address says how many: a host that is cut off never answers
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
    Index("impasto_orders_owner", "owner", "created"),
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

DAYS = Table(
    "impasto_days",  # orders of those keys that may have so many a day: what is forgotten counts
    METADATA,
    Column("owner", String, primary_key=True),
    Column("day", Integer, nullable=False),  # since 1970, UTC
    Column("orders", Integer, nullable=False),
)

STYLES = Table(
    "impasto_styles",
    METADATA,
    Column("owner", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("file", String, nullable=False),  # digest of its picture, or of its code
    Column("bytes", BigInteger, nullable=False, server_default="0"),
    Column("created", Float, nullable=False),
)


def open_database(url: str, *, patience: float = 30.0) -> Engine:
    """An engine for the service's database, which answers.

    SQLite waits for its turn rather than failing, keeps a log beside the file so that readers never wait, and takes
    the lock when a transaction begins to write.

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
        if chosen.get_backend_name() == "postgresql":
            chosen = chosen.update_query_dict({"connect_timeout": _CONNECTING, **chosen.query})
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
    """Make the tables that are missing, and the columns and indexes that an earlier version's lack: what is in them
    stays.

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
            for index in table.indexes:
                index.create(connection, checkfirst=True)


def lock(connection: Connection, what: str) -> None:
    """Until the transaction ends no other has the lock of this name; with SQLite no other writes at all."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(what))))
        return
    driver = connection.connection.driver_connection
    if driver is not None and not driver.in_transaction:  # by itself it would begin with the first word that writes
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def away() -> DatabaseAwayError:
    """What is told while the database does not answer."""
    return DatabaseAwayError("The studio's database does not answer.", hint="See whether it runs, and try again.")


def _set_up_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = "IMMEDIATE"
    for word in ("busy_timeout=30000", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {word}")
