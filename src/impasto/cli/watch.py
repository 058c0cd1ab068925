"""`impasto paint --watch FOLDER`: every picture that comes into a folder is painted, until Ctrl-C."""

from __future__ import annotations

import os
import time
from pathlib import Path

from impasto.cli.bars import PaintingCallback, painting_bar
from impasto.cli.batch import STANDARD, Job, output_folder, pictures_in, plan
from impasto.cli.request import Request
from impasto.cli.session import Session
from impasto.cli.voice import Voice
from impasto.cli.workbench import Workbench
from impasto.errors import DiskFullError, ImpastoError, UsageError
from impasto.paths import is_folder

_PAUSE = 0.25  # seconds between two looks
_UNTIL_ROOM = 60.0  # seconds that a full disk is given to become less so
_LIKE = (1024, 1024)

Stamp = tuple[int, int]  # a file's time of change and its size


class Watch:
    """Paints what comes into a folder into another one.

    A file is taken up when two looks find it the same, so that none is read half-copied. One that failed is tried again
    when it has changed; one that has a painting is left alone. Where the disk is full, all waits, and nothing is lost.

    Args:
        request: its `output` is the folder for the paintings.
    """

    def __init__(self, request: Request, voice: Voice, folder: str) -> None:
        self.request, self.voice, self.folder = request, voice, Path(folder)
        self.session = Session(request, voice)
        self.session.interruption.message = "Stopping. Press Ctrl-C once more to end at once."
        self._done: dict[str, Stamp] = {}
        self._seen: dict[str, Stamp] = {}
        self._taken: dict[str, str] = {}  # content by target
        self._not_before = 0.0  # of time.monotonic()

    def run(self) -> None:
        """Go on until asked to stop, which is no failure.

        Raises:
            ImpastoError: it could not be begun, or the folder is gone.
        """
        output = self._checked_output()
        bench = Workbench(self.request, self.voice)
        bench.prepare(_LIKE)
        stop = self.session.interruption
        with output_folder(output), painting_bar(self.voice) as bar, stop:
            self.voice.note(f"Watching {self.folder}; Ctrl-C ends.")
            while not stop():
                for name in self._ready():
                    if not stop() and time.monotonic() >= self._not_before:
                        self._done[name] = self._seen[name]
                        self._paint(name, bench, bar)
                time.sleep(_PAUSE)

    def _checked_output(self) -> Path:
        request = self.request
        if request.contents:
            raise UsageError("With --watch the pictures come from its folder.", hint="Leave out CONTENT.")
        if not is_folder(self.folder):
            raise UsageError(f"There is no folder {str(self.folder)!r} to watch.", hint="Make it first.")
        request.refuse_two_readers()
        if request.output in (None, STANDARD) or request.report is not None:
            raise UsageError(
                "The paintings of a watched folder need a folder of their own, and no report.", hint="Name one with -o."
            )
        assert request.output is not None
        output = Path(request.output)
        if os.path.realpath(output) == os.path.realpath(self.folder):
            raise UsageError("The paintings would come into the watched folder.", hint="Name another one with -o.")
        return output

    def _ready(self) -> list[str]:
        """Pictures that are new or changed, and the same as at the last look."""
        now = {name: stamp for name in pictures_in(self.folder) if (stamp := _stamp(name)) is not None}
        ready = [name for name, stamp in now.items() if self._seen.get(name) == stamp != self._done.get(name)]
        self._seen = now
        self._done = {name: stamp for name, stamp in self._done.items() if name in now}
        return ready

    def _paint(self, name: str, bench: Workbench, bar: PaintingCallback | None) -> None:
        request, outcomes = self.request, self.session.outcomes
        job = Job(name, name)
        try:
            batch = plan([name], f"{request.output}{os.sep}", request.label, overwrite=request.overwrite)
            (job,) = batch.jobs
            if self._taken.setdefault(job.target, name) != name:
                raise UsageError(f"{job.target!r} is the place of another picture's painting.", hint="Rename one.")
            for free in self.session.free_jobs(batch):
                self.session.paint(free, self.session.read(free), bench, bar, keep_unfinished=False)
        except DiskFullError as error:
            outcomes.failed(job, error)
            del self._done[name]
            self._not_before = time.monotonic() + _UNTIL_ROOM
        except ImpastoError as error:
            if not self.session.interruption.requested:
                outcomes.failed(job, error)
        outcomes.errors.clear()  # each holds on to its picture, and a watch goes on for days


def _stamp(name: str) -> Stamp | None:
    try:
        status = Path(name).stat()
    except OSError:  # it is gone by now
        return None
    return status.st_mtime_ns, status.st_size
