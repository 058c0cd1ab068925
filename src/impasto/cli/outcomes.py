"""How each picture of a command ended, told to people and to machines, and what exit code that makes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from impasto.cli.bars import clock
from impasto.cli.batch import STANDARD, Job
from impasto.cli.voice import AlreadyTold, Voice, error_object
from impasto.errors import ImpastoError, InterruptedByUserError, PartialFailureError
from impasto.painters import Painting

_AGAIN = "The same command without --overwrite paints what is still missing."


class Outcomes:
    """Tells the end of each picture through `voice`, and remembers what went wrong."""

    def __init__(self, voice: Voice) -> None:
        self.voice = voice
        self.done = self.skips = self.failures = self.rest = 0
        self.errors: list[ImpastoError] = []
        self.interrupted = False
        self.kept = ""  # the painting that was interrupted, if it was far enough to be kept

    def painted(self, job: Job, painting: Painting, files: Sequence[Path], trouble: ImpastoError | None) -> None:
        """`files` lie beside the painting; `trouble` kept others from being written."""
        self.done += 1
        if painting.stop == "interrupted":
            self.interrupted = True
            self.kept = "what went to standard output" if job.target == STANDARD else job.target
        width, height = painting.picture.size
        self._object(
            job,
            "painted",
            stop=painting.stop,
            seconds=round(painting.seconds, 3),
            width=width,
            height=height,
            facts=painting.facts,
            files=[str(file) for file in files],
            **({"error": error_object(trouble)} if trouble else {}),
        )
        self.voice.note(
            f"{job.content} → {job.target}  {width}×{height}, {_duration(painting.seconds)}, {painting.stop}"
        )
        for file in files:
            self.voice.note(f"    {file}")
        self.voice.detail(f"    {', '.join(f'{name} {value}' for name, value in painting.facts.items())}")
        if trouble is not None:
            self.errors.append(trouble)
            self.voice.error(trouble, about=job.target)

    def skipped(self, job: Job) -> None:
        self.skips += 1
        self._object(job, "skipped")
        self.voice.note(f"{job.content} → {job.target}  skipped: it exists already (--overwrite paints it anew)")

    def failed(self, job: Job, error: ImpastoError) -> None:
        self.interrupted = self.interrupted or isinstance(error, InterruptedByUserError)
        self.failures += 1
        self.errors.append(error)
        self._object(job, "failed", error=error_object(error))
        # Most messages name the file that they are about.
        named = any(Path(file).name in error.message for file in (job.content, job.target))
        self.voice.error(error, about="" if named else job.content)

    def left_out(self, jobs: Sequence[Job], *, interrupted: bool) -> None:
        """Pictures that were not begun, because the user stopped or the disk is full."""
        self.interrupted = self.interrupted or (interrupted and bool(jobs))
        self.rest += len(jobs)
        for job in jobs:
            self._object(job, "not begun")
        if jobs:
            self.voice.note(f"Not begun: {', '.join(job.content for job in jobs)}")

    def conclude(self, jobs: int) -> None:
        """Sum up a command of so many pictures.

        Raises:
            AlreadyTold: with the exit code, if not everything went well.
        """
        end: ImpastoError | None = None
        if self.interrupted:
            end = InterruptedByUserError(self._interruption(jobs), hint=_AGAIN if self.rest else "")
            if jobs == 1 and self.errors:  # said when it failed
                raise AlreadyTold(end.exit_code)
        elif self.failures and jobs > 1:
            counts = f"{self.done} painted, {self.skips} skipped"
            counts += f", {self.rest} not begun" if self.rest else ""
            end = PartialFailureError(f"{self.failures} of {jobs} pictures failed, {counts}.", hint=_AGAIN)
        if end is not None:
            self.voice.error(end)
            raise AlreadyTold(end.exit_code)
        if self.errors:
            raise AlreadyTold(self.errors[0].exit_code)

    def _interruption(self, jobs: int) -> str:
        if self.kept:
            return f"Stopped; {self.kept} is the best picture so far."
        return f"Stopped; {self.done} of {jobs} pictures painted."

    def _object(self, job: Job, status: str, **more: object) -> None:
        if self.voice.json:
            self.voice.object({"input": job.content, "output": job.target, "status": status, **more})


def _duration(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 60 else clock(seconds)
