"""One `impasto paint`: all checked first, styles prepared once, then picture after picture, each told as it ends."""

from __future__ import annotations

from pathlib import Path

from impasto.cli.bars import PaintingCallback, painting_bar
from impasto.cli.batch import STANDARD, Batch, Job, output_folder, plan
from impasto.cli.interruption import Interruption
from impasto.cli.outcomes import Outcomes
from impasto.cli.request import Request
from impasto.cli.voice import Voice
from impasto.cli.watchers import Watchers
from impasto.cli.workbench import Workbench
from impasto.errors import (
    DiskFullError,
    ImpastoError,
    InterruptedByUserError,
    OutputExistsError,
    UsageError,
)
from impasto.painters import Stop
from impasto.paths import is_file
from impasto.pictures import Picture, check_target, read_picture, write_picture

_COMPACT_FROM = 24_000_000  # pixels: in floating point they would be 0.3 GB, and as much again for the painting


class Session:
    """Carries out a `Request`; `voice` tells what happens."""

    def __init__(self, request: Request, voice: Voice) -> None:
        self.request, self.voice = request, voice
        self.outcomes = Outcomes(voice)
        self.interruption = Interruption(
            "Stopping with the best picture so far. Press Ctrl-C once more to end at once, without it."
        )

    def run(self) -> None:
        """
        Raises:
            ImpastoError: nothing could be begun.
            AlreadyTold: pictures failed, or the user stopped; it has been said which, and how.
        """
        request = self.request
        request.refuse_two_readers()
        batch = plan(request.contents, request.output, request.label, overwrite=request.overwrite)
        with output_folder(batch.folder):
            jobs = self._jobs_to_do(batch)
            if jobs:
                self._paint_all(jobs)
        self.outcomes.conclude(len(batch.jobs))

    # -- before any heavy work ------------------------------------------------------------------------------------

    def _jobs_to_do(self, batch: Batch) -> list[Job]:
        """The jobs whose target is free, and whose snapshots and report can be written."""
        jobs = self.free_jobs(batch)
        if self.request.report is not None and len(batch.jobs) > 1:
            raise UsageError("A report tells of one picture.", hint="Leave out --report, or paint one picture.")
        for job in jobs:
            self._watchers(job)
        return jobs

    def free_jobs(self, batch: Batch) -> list[Job]:
        """The jobs whose target is free, each target having been checked.

        Raises:
            OutputError: a target can't be written, or is there already where that is an error.
        """
        jobs = []
        for job in batch.jobs:
            try:
                check_target(job.target, **self.request.encoding)
            except OutputExistsError:
                if not batch.skips:
                    raise
                self.outcomes.skipped(job)
            else:
                jobs.append(job)
        return jobs

    def _watchers(self, job: Job) -> Watchers:
        request = self.request
        return Watchers(
            job.target, snapshot_every=request.snapshot_every, report=request.report, overwrite=request.overwrite
        )

    def read(self, job: Job) -> Picture:
        """The content picture, when it is known that its painting can be written in its format."""
        request = self.request
        content = read_picture(
            job.content,
            max_pixels=request.max_pixels,
            compact_from=None if request.bit_depth == 16 else _COMPACT_FROM,
        )
        check_target(
            job.target,
            format=content.format if job.target == STANDARD else None,
            size=None if request.preset or "size" in request.settings else content.size,
            **request.encoding,
        )
        return content

    # -- painting -------------------------------------------------------------------------------------------------

    def _paint_all(self, jobs: list[Job]) -> None:
        bench = Workbench(self.request, self.voice)
        if any(job.content == STANDARD or is_file(job.content) for job in jobs):
            bench.warm_up()
        # Styles are drawn, and encoders are loaded, only for a picture that is there.
        first = self._first_readable(jobs)
        if first is None:
            return
        bench.prepare(first.size)
        with painting_bar(self.voice) as bar, self.interruption:
            for number, job in enumerate(jobs):
                try:
                    self.paint(job, self.read(job) if number else first, bench, bar)
                except DiskFullError as error:
                    # The next picture would cost as much work, and meet the same disk.
                    self.outcomes.failed(job, error)
                    return self.outcomes.left_out(jobs[number + 1 :], interrupted=False)
                except ImpastoError as error:
                    self.outcomes.failed(job, error)
                if self.interruption.requested:
                    return self.outcomes.left_out(jobs[number + 1 :], interrupted=True)

    def _first_readable(self, jobs: list[Job]) -> Picture | None:
        """The content of the first job whose content can be read; those before it are told, and taken off the list."""
        while jobs:
            try:
                return self.read(jobs[0])
            except ImpastoError as error:
                self.outcomes.failed(jobs.pop(0), error)
        return None

    def paint(
        self,
        job: Job,
        content: Picture,
        bench: Workbench,
        bar: PaintingCallback | None,
        *,
        keep_unfinished: bool = True,
    ) -> None:
        """Paint one picture and tell how it ended.

        Args:
            keep_unfinished: whether a painting that was interrupted is written as it stands.

        Raises:
            ImpastoError: it failed.
        """
        watchers = self._watchers(job)
        if bar is not None:
            watchers.callbacks.append(lambda progress: bar(Path(job.content).name, progress))
        painting = bench.paint(content, progress=watchers, should_stop=self.interruption)
        if not painting.steps or (painting.stop == "interrupted" and not keep_unfinished):
            raise _nothing_painted(painting.stop)
        write_picture(painting.picture, job.target, **self.request.encoding)
        self.outcomes.painted(job, painting, *watchers.finish(painting, getattr(bench.painter, "settings", None)))


def _nothing_painted(stop: Stop) -> ImpastoError:
    """What comes out before a first step is the picture that the painting starts from: not worth a file."""
    if stop == "interrupted":
        return InterruptedByUserError(
            "Stopped before a first step was made; nothing was written.", hint="Let it go on until the bar moves."
        )
    return UsageError(
        "The time was up before a first step was made; nothing was written.", hint="Allow more --seconds."
    )
