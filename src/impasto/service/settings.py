"""What can be chosen about the service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from impasto.records import check_ranges

_MB = 1 << 20


@dataclass(frozen=True)
class ServiceSettings:
    """All processes of a service have the same.

    Attributes:
        data: folder of the database and the pictures, as far as these are not elsewhere.
        database: SQLAlchemy address; None: an SQLite file in `data`.
        files: fsspec address of the pictures; None: a folder in `data`.
        keys: whether API keys are needed.
        private_webhooks: whether webhooks may go to addresses that are not of the open internet.
        max_body: bytes of a request.
        max_pixels: width × height of a picture that is sent, or painted.
        quick_pixels: of a picture that is painted in the quick lane; what is larger has a lane of its own.
        quick_seconds: that an order may take there; then it goes on in the other.
        waiting: orders that may wait; more are told to come back later.
        seconds: that the painting of one order may take; then it has failed.
        slow_seconds: the same of the other qualities than `fast`.
        memory: bytes that the process that paints may take.
        patience: seconds that a worker is given to finish what it paints when it is told to end.
        attempts: how many times an order is begun, if the process that paints it dies.
        keep_days: how long orders, and pictures that none of them needs any more, are kept.
        keep_bytes: of orders' pictures; the orders that ended first go first.
    """

    data: Path
    database: str | None = None
    files: str | None = None
    keys: bool = False
    private_webhooks: bool = False
    max_body: int = 64 * _MB
    max_pixels: int = 40_000_000
    quick_pixels: int = 1 << 20
    quick_seconds: float = 5.0
    waiting: int = 1000
    seconds: float = 120.0
    slow_seconds: float = 1800.0
    memory: int = 4096 * _MB
    patience: float = 30.0
    attempts: int = 3
    keep_days: float = 7.0
    keep_bytes: int = 50_000 * _MB

    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {
        "max_body": (1024, 1 << 40),
        "max_pixels": (1, 1 << 32),
        "quick_pixels": (1, 1 << 32),
        "quick_seconds": (0.001, 10**6),
        "waiting": (1, 10**9),
        "seconds": (1, 10**6),
        "slow_seconds": (1, 10**6),
        "memory": (128 * _MB, 1 << 44),
        "patience": (0, 10**5),
        "attempts": (1, 100),
        "keep_days": (0.001, 10**5),
        "keep_bytes": (_MB, 1 << 60),
    }

    def __post_init__(self) -> None:
        check_ranges(self, self.ranges)

    @property
    def database_url(self) -> str:
        return self.database or f"sqlite:///{(self.data / 'orders.sqlite').absolute()}"

    @property
    def files_url(self) -> str:
        return self.files or str((self.data / "files").absolute())
