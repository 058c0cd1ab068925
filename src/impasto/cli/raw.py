"""`impasto paint - --raw WxH`: frames without any format through a pipe, as ffmpeg's rawvideo in rgb24."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from impasto.cli.batch import STANDARD
from impasto.cli.interruption import Interruption
from impasto.cli.request import Request
from impasto.cli.voice import Voice
from impasto.cli.workbench import Workbench
from impasto.errors import (
    InterruptedByUserError,
    TruncatedPictureError,
    UnreadablePictureError,
    UnwritableOutputError,
    UsageError,
)
from impasto.painters import ShouldStop
from impasto.pictures import Picture
from impasto.pictures.arrays import quantised
from impasto.pictures.colour import unit
from impasto.pictures.write import check_stdout


def paint_frames(request: Request, voice: Voice, size: tuple[int, int]) -> None:
    """Paint frame after frame of standard input to standard output, until it ends.

    Args:
        size: (width, height) of each frame, three bytes a pixel; the paintings have it too.

    Raises:
        UsageError: other places than the two standard ones.
        PictureError: the input ends within a frame.
        ImpastoError: whatever else goes wrong.
    """
    _refuse_files(request)
    if voice.json:
        raise UsageError("--json would write between the frames.", hint="Leave it out.")
    if size[0] * size[1] > request.max_pixels or min(size) < 1:
        raise UsageError(f"Frames of {size[0]}×{size[1]} pixels can't be painted.", hint="See --max-pixels.")
    bench = Workbench(request, voice)
    bench.prepare(size)
    interruption = Interruption("Stopping after this frame.")
    count = 0
    with interruption:
        for frame in _frames(_stdin(), size, interruption):
            painting = bench.paint(frame, should_stop=interruption)
            if painting.stop == "interrupted":
                break
            _send(quantised(painting.picture.pixels, 8).tobytes())
            count += 1
            if interruption.requested:
                break
    voice.note(f"{count} frames of {size[0]}×{size[1]} painted")
    if interruption.requested:
        raise InterruptedByUserError(f"Stopped after {count} frames.")


def _refuse_files(request: Request) -> None:
    if list(request.contents) != [STANDARD] or request.output not in (None, STANDARD):
        raise UsageError("Raw frames come from standard input and go to standard output.", hint="Name - as CONTENT.")
    asked = {"--size": request.settings.get("size"), "--bit-depth": request.bit_depth, "--preset": request.preset}
    asked |= {f"--{name.replace('_', '-')}": True for name in request.recording}
    for option, value in asked.items():
        if value is not None:
            raise UsageError(f"{option} has no meaning for raw frames.", hint="Leave it out.")
    request.refuse_two_readers()
    check_stdout()


def _stdin() -> BinaryIO:
    stream = getattr(sys.stdin, "buffer", None)
    if stream is None or stream.isatty():
        raise UsageError("There are no frames on standard input.", hint="Send them: ffmpeg … - | impasto paint - …")
    return stream  # type: ignore[no-any-return]


def _frames(stream: BinaryIO, size: tuple[int, int], should_stop: ShouldStop) -> Iterator[Picture]:
    width, height = size
    wanted, count = width * height * 3, 0
    while data := _read(stream, wanted):
        if len(data) < wanted:
            if should_stop():  # whoever sends them has heard Ctrl-C too
                return
            raise TruncatedPictureError(
                f"The input ends within a frame: {len(data)} of {wanted} bytes after {count} frames.",
                hint=f"Frames must be rgb24 of {width}×{height} pixels.",
            )
        count += 1
        yield Picture(unit(np.frombuffer(data, np.uint8).reshape(height, width, 3)))


def _read(stream: BinaryIO, count: int) -> bytes:
    try:
        return stream.read(count)
    except (OSError, ValueError) as error:
        raise UnreadablePictureError(f"Standard input can't be read: {error}.") from error


def _send(data: bytes) -> None:
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as error:
        raise UnwritableOutputError(f"Standard output can't be written: {error}.") from error
