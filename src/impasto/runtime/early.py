"""The shipped network, opened before anybody knows whether it is needed.

A command takes a tenth of a second to understand what is asked of it. Opening the network takes half as long, mostly
outside of Python, and meanwhile another core can do it.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from impasto.runtime.fast import Opened


class _Opening(threading.Thread):
    """Opens the shipped network, if it can: what goes wrong will go wrong again where it can be told."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.opened: Opened | None = None

    def run(self) -> None:
        with suppress(Exception):
            from impasto.runtime.fast import SHIPPED, open_network

            self.opened = open_network(SHIPPED)


_opening: _Opening | None = None


def begin() -> None:
    """Begin to open the shipped network, for the first painter that is made."""
    global _opening
    _opening = _Opening()
    _opening.start()


def take(path: Path) -> Opened | None:
    """What `begin` opened, once and to one only; None if that is not this file, or came to nothing."""
    global _opening
    from impasto.runtime.fast import SHIPPED

    opening, _opening = _opening, None
    if opening is None or path != SHIPPED:
        return None
    opening.join()
    return opening.opened
