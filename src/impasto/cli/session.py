"""One `impasto paint`: all checked first, styles prepared once, then picture after picture, each told as it ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from impasto.cli.bars import PaintingCallback, painting_bar
from impasto.cli.batch import STANDARD, Batch, Job, output_folder, plan
from impasto.cli.interruption import Interruption
from impasto.cli.outcomes import Outcomes
from impasto.cli.style_words import label, split_weight
from impasto.cli.threads import set_up_torch
from impasto.cli.voice import Voice
from impasto.cli.watchers import Watchers
from impasto.errors import (
    DiskFullError,
    ImpastoError,
    InterruptedByUserError,
    OutOfMemoryError,
    OutputExistsError,
    UsageError,
)
from impasto.painters import Painter, Stop
from impasto.painting import make_painter, read_styles, style_side
from impasto.pictures import MAX_PIXELS, QUALITY, Picture, check_target, read_picture, write_picture
from impasto.qualities import choose_quality


@dataclass(frozen=True)
class Request:
    """What was asked for, as it was typed; `settings` holds only what was."""

    contents: Sequence[str]
    styles: Sequence[str]
    output: str | None = None
    quality: str | None = None
    preset: str | None = None
    start: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    overwrite: bool = False
    max_pixels: int = MAX_PIXELS
    bit_depth: int | None = None
    jpeg_quality: int = QUALITY
    snapshot_every: int | None = None
    report: str | None = None
    threads: int | None = None

    @property
    def encoding(self) -> dict[str, Any]:
        """Options of `write_picture` and `check_target`."""
        return {"overwrite": self.overwrite, "quality": self.jpeg_quality, "bit_depth": self.bit_depth}


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
        _refuse_two_readers(request)
        batch = plan(request.contents, request.output, label(request.styles), overwrite=request.overwrite)
        with output_folder(batch.folder):
            jobs = self._jobs_to_do(batch)
            if jobs:
                self._paint_all(jobs)
        self.outcomes.conclude(len(batch.jobs))

    # -- before any heavy work ------------------------------------------------------------------------------------

    def _jobs_to_do(self, batch: Batch) -> list[Job]:
        """The jobs whose target is free, each target having been checked."""
        request, jobs = self.request, []
        for job in batch.jobs:
            try:
                check_target(job.target, **request.encoding)
            except OutputExistsError:
                if not batch.skips:
                    raise
                self.outcomes.skipped(job)
            else:
                jobs.append(job)
        if request.report is not None and len(batch.jobs) > 1:
            raise UsageError("A report tells of one picture.", hint="Leave out --report, or paint one picture.")
        for job in jobs:
            self._watchers(job)
        return jobs

    def _watchers(self, job: Job) -> Watchers:
        request = self.request
        return Watchers(
            job.target, snapshot_every=request.snapshot_every, report=request.report, overwrite=request.overwrite
        )

    def _read(self, job: Job) -> Picture:
        """The content picture, when it is known that its painting can be written in its format."""
        request = self.request
        content = read_picture(job.content, max_pixels=request.max_pixels)
        check_target(
            job.target,
            format=content.format if job.target == STANDARD else None,
            size=None if request.preset or "size" in request.settings else content.size,
            **request.encoding,
        )
        return content

    # -- painting -------------------------------------------------------------------------------------------------

    def _paint_all(self, jobs: list[Job]) -> None:
        request = self.request
        quality = choose_quality(request.quality, preset=request.preset, start=request.start, settings=request.settings)
        # Styles are drawn, and the painter is built, only for a picture that is there.
        first = self._first_readable(jobs)
        if first is None:
            return
        styles = read_styles(
            [split_weight(word) for word in request.styles],
            max_pixels=request.max_pixels,
            side=style_side(first.size),
            codes=quality.takes_codes,
        )
        settings = dict(request.settings)
        if "threads" in quality.settings() and request.threads is not None:
            settings["threads"] = request.threads
        if quality.uses_torch:
            set_up_torch(request.threads)
        painter = make_painter(
            quality.name, preset=request.preset, start=request.start, max_pixels=request.max_pixels, **settings
        )
        self.voice.detail(f"painter: {getattr(painter, 'settings', painter.name)}")
        prepared = painter.prepare(styles)
        with painting_bar(self.voice) as bar, self.interruption:
            for number, job in enumerate(jobs):
                try:
                    self._paint(job, self._read(job) if number else first, painter, prepared, bar)
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
                return self._read(jobs[0])
            except ImpastoError as error:
                self.outcomes.failed(jobs.pop(0), error)
        return None

    def _paint(
        self, job: Job, content: Picture, painter: Painter[Any], style: Any, bar: PaintingCallback | None
    ) -> None:
        watchers = self._watchers(job)
        if bar is not None:
            watchers.callbacks.append(lambda progress: bar(Path(job.content).name, progress))
        try:
            painting = painter.paint(content, style, progress=watchers, should_stop=self.interruption)
        except MemoryError as error:
            raise OutOfMemoryError(
                "There is not enough memory for a painting of this size.", hint="Ask for a smaller --size."
            ) from error
        if not watchers.steps:
            raise _nothing_painted(painting.stop)
        write_picture(painting.picture, job.target, **self.request.encoding)
        self.outcomes.painted(job, painting, *watchers.finish(painting, getattr(painter, "settings", None)))


def _nothing_painted(stop: Stop) -> ImpastoError:
    """What comes out before a first step is the picture that the painting starts from: not worth a file."""
    if stop == "interrupted":
        return InterruptedByUserError(
            "Stopped before a first step was made; nothing was written.", hint="Let it go on until the bar moves."
        )
    return UsageError(
        "The time was up before a first step was made; nothing was written.", hint="Allow more --seconds."
    )


def _refuse_two_readers(request: Request) -> None:
    readers = [*request.contents, *(split_weight(word)[0] for word in request.styles), request.start]
    if readers.count(STANDARD) > 1:
        raise UsageError("Standard input can be read only once.", hint="Name '-' once, and files for the rest.")
