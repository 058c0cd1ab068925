"""How long a download puts up with a bad line."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

_LONGEST_PAUSE = 30.0
# An attempt that brought this much begins a new row: a long download over a bad line may break often.
_WORTHWHILE_BYTES = 1 << 20


@dataclass(frozen=True)
class Patience:
    """Timeouts and retries.

    Attributes:
        connect: seconds to wait for a connection.
        read: seconds to wait for the next bytes.
        attempts: failures in a row after which to give up; one that brought 1 MiB or more begins a new row.
        pause: seconds before the second attempt; doubled for each further one, up to 30.
        sleep: the function that waits.
    """

    connect: float = 10.0
    read: float = 30.0
    attempts: int = 5
    pause: float = 1.0
    sleep: Callable[[float], None] = time.sleep

    def after_failure(self, failures: int, gained_bytes: int) -> int:
        """How many failures in a row there have been, the one just met included; it brought `gained_bytes`."""
        return 1 if gained_bytes >= _WORTHWHILE_BYTES else failures + 1

    def wait(self, failures: int, at_least: float) -> None:
        """Wait before the next attempt, `at_least` seconds if the server asked for that."""
        self.sleep(max(at_least, min(self.pause * 2 ** (failures - 1), _LONGEST_PAUSE)))
