"""The process that paints: it stays warm between orders, and is killed when one takes too long or too much.

Pictures come from files of hostile make, through decoders written in C. Whatever they do there, they do to a process
that holds nothing: no key, no database, no other order.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from impasto.errors import ImpastoError, OrderTimeoutError, OutOfMemoryError, PainterDiedError
from impasto.painters import Progress, WeightedStyle
from impasto.service.heap import give_back

if TYPE_CHECKING:
    from impasto.pictures import Picture
    from impasto.styles.code import KnownCodes

logger = logging.getLogger(__name__)

_LOOK_EVERY = 0.1  # seconds between looks at the memory of the process, and at whether the order is still wanted
_WANTED_EVERY = 1.0
_TELL_EVERY = 0.5
_PREVIEW_SIDE = 384  # pixels
_LOADING = 60.0  # seconds that the process may take to start, and to load what it paints with
_KEPT = 8  # painters kept at hand, by what they were asked to be


@dataclass(frozen=True)
class Job:
    """A painting to be made, with all that it takes.

    Attributes:
        content: bytes of the content picture's file.
        styles: each a name, or the bytes of a picture's or a code's file; and its weight.
        options: of `make_painter`.
        format, jpeg_quality, bit_depth: of the painting's file; see `OrderRequest`.
        max_pixels: of pictures that are read.
        seconds: that it may take, once what paints it is loaded; where the system tells, those do not count for which
            other processes keep it from the processor.
        previews: whether to show the painting on its way.
    """

    content: bytes
    styles: list[tuple[str | bytes, float]]
    options: Mapping[str, Any] = field(default_factory=dict)
    format: str | None = None
    jpeg_quality: int = 92
    bit_depth: int | None = None
    max_pixels: int = 40_000_000
    seconds: float = 120.0
    previews: bool = True


@dataclass(frozen=True)
class Made:
    """A painting's file.

    Attributes:
        data, media_type: of the file.
        preview: a small picture of it, as JPEG.
        facts: size, seconds, and what the painter tells.
    """

    data: bytes
    media_type: str
    preview: bytes
    facts: Mapping[str, Any]


Told = Callable[[float, bytes | None], None]
"""Called on the way with the fraction that is painted, and now and then a small picture of it."""


class Bench:
    """
    Args:
        memory: bytes that the process may take.
        threads: for each painter; None: one a core.
        nice: by how much others' processes go ahead of it, as of `nice`.
    """

    def __init__(self, *, memory: int, threads: int | None = None, nice: int = 0) -> None:
        self._memory, self._threads, self._nice = memory, threads, nice
        self._turn = threading.Lock()  # one at a time
        self._used = time.monotonic()
        self._process: Any = None
        self._line: Connection | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def paint(self, job: Job, *, told: Told | None = None, wanted: Callable[[], bool] | None = None) -> Made | None:
        """The painting; None if it was no longer wanted.

        Raises:
            OrderTimeoutError: it took too long.
            OutOfMemoryError: it took too much memory.
            PainterDiedError: the process died.
            ImpastoError: what painting raises.
        """
        with self._turn:
            line = self._started()
            try:
                line.send(job)
                answer = self._answer(line, job, told, wanted)
            except BaseException as error:
                self.stop()  # what it paints now nobody waits for: the next order would get it
                if isinstance(error, EOFError | BrokenPipeError | ConnectionResetError):
                    raise PainterDiedError("The process that painted died.") from error
                raise
            finally:
                self._used = time.monotonic()
        if isinstance(answer, ImpastoError):
            raise answer
        return answer

    def rest(self, *, after: float) -> None:
        """End the process if it has had nothing to do for so many seconds: what it held goes with it."""
        if self._turn.acquire(blocking=False):
            try:
                if self._process is not None and time.monotonic() - self._used >= after:
                    self.stop()
            finally:
                self._turn.release()

    def stop(self) -> None:
        """Kill the process, if there is one."""
        process, line = self._process, self._line
        self._process = self._line = None
        if line is not None:
            line.close()
        if process is not None:
            process.kill()
            process.join()
            process.close()
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    @property
    def memory(self) -> int:
        """Bytes that the process takes now; 0 without one, or where the system does not tell."""
        return 0 if self._process is None else _resident(self._process.pid)

    def _started(self) -> Connection:
        if self._process is None or not self._process.is_alive():
            self.stop()
            context = multiprocessing.get_context("spawn")
            ours, theirs = context.Pipe()
            # Names that clients give are no files there, and what is left there goes with the process.
            self._folder = tempfile.TemporaryDirectory(prefix="impasto-", ignore_cleanup_errors=True)
            given = (theirs, self._threads, self._nice, self._folder.name)
            self._process = context.Process(target=_serve, args=given, daemon=True)
            self._process.start()
            theirs.close()
            self._line = ours
        assert self._line is not None
        return self._line

    def _answer(
        self, line: Connection, job: Job, told: Told | None, wanted: Callable[[], bool] | None
    ) -> Made | ImpastoError | None:
        """What the process says in the end."""
        clock, ask_at = _Clock(self._process.pid, max(job.seconds, _LOADING)), time.monotonic() + _WANTED_EVERY
        while True:
            if line.poll(min(_LOOK_EVERY, max(0.0, clock.left))):
                kind, content = line.recv()
                if kind == "begun":
                    clock = _Clock(self._process.pid, job.seconds)
                elif kind == "told":
                    if told is not None:
                        told(*content)
                else:
                    answer: Made | ImpastoError = content
                    return answer
            if self.memory > self._memory:
                raise OutOfMemoryError("The painting takes more memory than an order may.", hint="Send less pixels.")
            if clock.left <= 0:
                raise OrderTimeoutError(f"The painting takes longer than {clock.seconds:g} seconds.")
            if wanted is not None and time.monotonic() > ask_at:
                ask_at = time.monotonic() + _WANTED_EVERY
                if not wanted():
                    self.stop()
                    return None


class _Clock:
    """Seconds that a process has, from now on."""

    def __init__(self, pid: int, seconds: float) -> None:
        self._pid, self.seconds = pid, seconds
        self._end = self._now() + seconds

    @property
    def left(self) -> float:
        return self._end - self._now()

    def _now(self) -> float:
        return time.monotonic() - _kept_waiting(self._pid)


def _kept_waiting(pid: int) -> float:
    """Seconds that a process could have run, and others did; 0 where the system does not tell."""
    try:
        with open(f"/proc/{pid}/schedstat", encoding="ascii") as file:  # noqa: PTH123 — no path of the user's
            return int(file.read().split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0


def _resident(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:  # noqa: PTH123 — no path of the user's
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


# -- in the process


def _serve(line: Connection, threads: int | None, nice: int, folder: str) -> None:
    import signal

    os.chdir(folder)
    if hasattr(os, "nice"):
        os.nice(nice)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    painters = _Painters(threads)
    while True:
        try:
            job = line.recv()
        except (EOFError, OSError):  # its worker has died, and removes nothing
            with suppress(OSError):
                os.chdir("..")
                os.rmdir(folder)  # noqa: PTH106
            return
        answer: tuple[str, Made | ImpastoError]
        try:
            answer = ("made", painters.paint(job, lambda kind, *content: line.send((kind, content))))
        except ImpastoError as error:
            answer = ("failed", error)
        except MemoryError:
            answer = ("failed", OutOfMemoryError("There is too little memory for this picture."))
        except Exception as error:  # a fault of ours: told without what it holds
            logger.error("%s while painting: %s", type(error).__name__, error)
            answer = ("failed", PainterDiedError("The painting failed."))
        with suppress(BrokenPipeError):
            line.send(answer)
        del job, answer
        give_back()


class _Painters:
    """Painters at hand, so that orders of a kind don't wait for one to be made."""

    def __init__(self, threads: int | None) -> None:
        self._threads = threads
        self._made: dict[str, Any] = {}

    def paint(self, job: Job, tell: Callable[..., None]) -> Made:
        from impasto.painting import style_side
        from impasto.pictures import encode_picture, format_of_name, read_picture

        painter = self._painter(job.options)
        tell("begun")
        began = time.monotonic()
        content = read_picture(job.content, max_pixels=job.max_pixels)
        styles = _styles(job, side=style_side(content.size), codes=getattr(painter, "codes", None))
        report = _reporter(partial(tell, "told")) if job.previews else None
        painting = painter.paint(content, painter.prepare(styles), progress=report)
        picture = painting.picture
        form = format_of_name(job.format or picture.format or "png")
        data = encode_picture(picture, form.name, quality=job.jpeg_quality, bit_depth=job.bit_depth)
        facts: dict[str, Any] = {**painting.facts, "width": picture.width, "height": picture.height}
        facts |= {"stop": painting.stop, "seconds": round(time.monotonic() - began, 4)}
        return Made(data, form.media_type, _small(picture), facts)

    def _painter(self, options: Mapping[str, Any]) -> Any:
        from impasto.painting import make_painter
        from impasto.runtime.fast import FastPainter

        key = repr(sorted(options.items()))
        if key not in self._made:
            while len(self._made) >= _KEPT:
                self._made.pop(next(iter(self._made)))
            painter = make_painter(**{**options, **self._hands(options)})
            if isinstance(painter, FastPainter):
                painter.settle()  # an order's painting is the same whenever and wherever it is made
            self._made[key] = painter
        return self._made[key]

    def _hands(self, options: Mapping[str, Any]) -> dict[str, int]:
        """How many threads the painter may have, as far as it is to be told; PyTorch is told here."""
        from impasto.qualities import choose_quality

        settings = {name: value for name, value in options.items() if name not in ("quality", "preset")}
        quality = choose_quality(options.get("quality"), preset=options.get("preset"), settings=settings)
        if self._threads is None:
            return {}
        if quality.uses_torch:
            import torch

            torch.set_num_threads(self._threads)
        return {"threads": self._threads} if "threads" in quality.settings() else {}


def _styles(job: Job, *, side: int, codes: KnownCodes | None) -> list[WeightedStyle]:
    from impasto.painting import read_styles
    from impasto.service.codes import read_code

    found = []
    for source, weight in job.styles:
        if isinstance(source, bytes) and source.lstrip().startswith(b"{"):
            found.append(WeightedStyle(read_code(source), weight))
        else:
            found += read_styles([(source, weight)], max_pixels=job.max_pixels, side=side, codes=codes)
    return found or read_styles([], codes=codes)


def _reporter(told: Told) -> Callable[[Progress], None]:
    """Tells of a painting's progress at most twice a second, with a small picture of it where there is time."""
    last = time.monotonic()

    def report(progress: Progress) -> None:
        nonlocal last
        if time.monotonic() - last < _TELL_EVERY:
            return
        from impasto.pictures import Picture

        told(progress.fraction, _small(Picture(progress.preview())))
        last = time.monotonic()

    return report


def _small(picture: Picture) -> bytes:
    from impasto.pictures import encode_picture

    factor = min(1.0, _PREVIEW_SIDE / max(picture.size))
    width, height = (max(1, round(side * factor)) for side in picture.size)
    return encode_picture(picture.resized((width, height)), "jpeg", quality=80)
