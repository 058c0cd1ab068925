"""Styles that clients have given names of their own."""

from __future__ import annotations

import time

from sqlalchemy import Connection, Engine, delete, func, insert, select

from impasto.errors import QuotaError, UnknownNameError, UsageError
from impasto.service.tables import STYLES, lock
from impasto.styles import registry, shelf

_MOST = 1000  # of one client
_MOST_BYTES = 1 << 30  # of all of them: they stay until they are removed


class OwnStyles:
    """
    Args:
        engine: of the service's database.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def check(self, owner: str, name: str) -> str:
        """A name as it is written, if this client may have a style of it.

        Raises:
            UsageError: a name that can't be, or is one of Impasto's own.
            QuotaError: this client has too many.
        """
        wanted = shelf.canonical(name)
        if len(wanted) > 100 or not shelf.NAME.fullmatch(wanted):
            raise UsageError("A style can't be called that.", hint="Use letters a to z, digits and hyphens.")
        if wanted in {*shelf.names(), *registry.names()}:
            raise UsageError(f"Impasto has a style {wanted!r}.", hint="Choose another name.")
        with self._engine.connect() as connection:
            _check_room(connection, owner, wanted)
        return wanted

    def keep(self, owner: str, name: str, file: str, size: int) -> str:
        """Give a picture or a code in the store a name, in place of an earlier one of the same name, and return it as
        it is written.

        Args:
            file, size: its digest and its bytes.

        Raises:
            UsageError, QuotaError: see `check`.
        """
        wanted = self.check(owner, name)
        with self._engine.begin() as connection:
            lock(connection, f"styles of {owner}")
            _check_room(connection, owner, wanted, size)
            connection.execute(delete(STYLES).where(STYLES.c.owner == owner, STYLES.c.name == wanted))
            row = {"owner": owner, "name": wanted, "file": file, "bytes": size, "created": time.time()}
            connection.execute(insert(STYLES), row)
        return wanted

    def of(self, owner: str) -> dict[str, str]:
        """Digests by name."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(STYLES).where(STYLES.c.owner == owner).order_by(STYLES.c.name))
            return {row.name: row.file for row in rows}

    def remove(self, owner: str, name: str) -> None:
        """
        Raises:
            UnknownNameError: there is none of that name.
        """
        wanted = shelf.canonical(name)
        own = (STYLES.c.owner == owner, STYLES.c.name == wanted)
        with self._engine.begin() as connection:  # not every text is one to a database: see `check`
            if not shelf.NAME.fullmatch(wanted) or not connection.execute(delete(STYLES).where(*own)).rowcount:
                raise UnknownNameError("style of yours", wanted, self.of(owner))


def _check_room(connection: Connection, owner: str, name: str, size: int = 0) -> None:
    """Whether a client may have one more style of so many bytes, be it in place of one of the same name."""
    others = (STYLES.c.owner == owner, STYLES.c.name != name)
    kept = select(func.count(), func.coalesce(func.sum(STYLES.c.bytes), 0)).where(*others)
    count, taken = connection.execute(kept).one()
    if count >= _MOST:
        raise QuotaError(f"There are {_MOST} styles already.", hint="Remove some.")
    if taken + size > _MOST_BYTES:
        raise QuotaError(f"Styles take {_MOST_BYTES >> 20} MB already.", hint="Remove some, or send smaller pictures.")
