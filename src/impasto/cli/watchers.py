"""Whoever watches a painting come about: the bar, the snapshots, the report."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from impasto.cli.batch import STANDARD
from impasto.errors import ImpastoError, UsageError
from impasto.optimize.snapshots import SnapshotWriter
from impasto.painters import Painting, Progress

if TYPE_CHECKING:
    from impasto.optimize.recorder import Recorder


class Watchers:
    """A progress callback that calls others.

    Args:
        target: where the painting will be.
        snapshot_every: write a snapshot beside it after so many steps.
        report: write a report there in the end.

    Raises:
        UsageError: snapshots or report would take each other's place, or that of the painting.
        OutputError, MissingExtraError: they could not be written.
    """

    def __init__(
        self, target: str, *, snapshot_every: int | None = None, report: str | None = None, overwrite: bool = False
    ) -> None:
        self.callbacks: list[Callable[[Progress], None]] = []
        self.report, self.overwrite = report, overwrite
        self.snapshots: SnapshotWriter | None = None
        self.recorder: Recorder | None = None
        if snapshot_every is not None:
            if target == STANDARD:
                raise UsageError(
                    "Snapshots lie beside the painting, which goes to standard output.", hint="Name a file with -o."
                )
            self.snapshots = SnapshotWriter(target, snapshot_every, overwrite=overwrite)
            self.callbacks.append(self.snapshots)
        if report is not None:
            from impasto.optimize.recorder import Recorder
            from impasto.optimize.report import check_report

            check_report(report, overwrite=overwrite)
            _refuse_place_of(report, target, snapshots=snapshot_every is not None)
            self.recorder = Recorder()
            self.callbacks.append(self.recorder)

    def __call__(self, progress: Progress) -> None:
        for callback in self.callbacks:
            callback(progress)

    def finish(self, painting: Painting, settings: Any) -> tuple[list[Path], ImpastoError | None]:
        """The files written beside the painting, and what kept others from being written, if anything did.

        Errors are returned, not raised: the painting itself is safe by now.
        """
        files = list(self.snapshots.written) if self.snapshots is not None else []
        error = self.snapshots.error if self.snapshots is not None else None
        if self.recorder is not None and self.report is not None:
            from impasto.optimize.report import write_report

            try:
                write_report(self.report, self.recorder, painting, settings, overwrite=self.overwrite)
                files.append(Path(self.report))
            except ImpastoError as failure:
                error = error or failure
        return files, error


def _refuse_place_of(report: str, target: str, *, snapshots: bool) -> None:
    """
    Raises:
        UsageError: the report would take the place of the painting or, where there are any, of a snapshot of it.
    """
    if target == STANDARD:
        return
    own, other = Path(target), Path(report)
    # Not Path.resolve, which fails at a chain of links without end.
    if os.path.realpath(own) == os.path.realpath(other):
        raise UsageError(f"The report {report!r} would take the place of the painting.", hint="Give it another name.")
    is_beside = os.path.realpath(own.parent) == os.path.realpath(other.parent)
    if snapshots and is_beside and re.fullmatch(rf"{re.escape(own.stem)}-\d{{4,}}\.png", other.name):
        raise UsageError(f"The report {report!r} would take the place of a snapshot.", hint="Give it another name.")
