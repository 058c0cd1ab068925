"""Pillow kept quiet and within bounds: decoders called one by one, warnings caught, our pixel limit in place of its."""

from __future__ import annotations

import logging
import os
import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import IO

from PIL import Image, ImageFile

_LOCK = threading.RLock()

# Without any handler Python prints errors that are logged, and Pillow logs some about damaged files.
logging.getLogger("PIL").addHandler(logging.NullHandler())

# What libtiff prints: the function that complains, a colon, a sentence (one of them in two lines).
# Not the last line of a traceback, nor a line of a log.
_OF_LIBTIFF = re.compile(
    rb"^(?!\w*(Error|Warning|Exception|Interrupt|ERROR|WARNING|INFO|DEBUG|CRITICAL):)"
    rb"\w+(\.tif)?: [^\n]*(\nApparently [^\n]*)?\.\r?\n",
    re.MULTILINE,
)


@contextmanager
def quiet(pixels: int = 0) -> Iterator[None]:
    """Run Pillow without warnings, one thread at a time (Python's warning filters belong to the process).

    Pillow's global limit, Image.MAX_IMAGE_PIXELS, is lifted for that time if a picture of `pixels` would meet it;
    callers have checked their own limit by then.
    """
    with _LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        limit = Image.MAX_IMAGE_PIXELS
        if limit is not None and pixels > limit:
            Image.MAX_IMAGE_PIXELS = None
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = limit


@contextmanager
def libtiff_silenced() -> Iterator[None]:
    """Keep off standard error what libtiff has to say about damaged files; call it inside `quiet`.

    libtiff writes to the process's error stream by itself, past Python, so that stream is led into a file meanwhile.
    What else arrives there, from other threads, is passed on afterwards.
    """
    import tempfile

    with ExitStack() as stack:
        try:
            caught = stack.enter_context(tempfile.TemporaryFile())
            stderr = os.dup(2)
        except OSError:  # no place for a file, or no error stream
            yield
            return
        stack.callback(os.close, stderr)
        os.dup2(caught.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(stderr, 2)
            caught.seek(0)
            if others := _OF_LIBTIFF.sub(b"", caught.read()):
                os.write(2, others)


def open_format(fmt: str, stream: IO[bytes]) -> ImageFile.ImageFile:
    """Pillow's picture of the given format (a key of FORMATS), header read, pixels not yet decoded.

    The decoders are called by themselves: Image.open would try others too, and check against its own limit.
    """
    if fmt == "PNG":
        from PIL.PngImagePlugin import PngImageFile

        return PngImageFile(stream)
    if fmt == "JPEG":
        from PIL.JpegImagePlugin import JpegImageFile  # also for MPO, whose first picture is a plain JPEG

        return JpegImageFile(stream)
    if fmt == "TIFF":
        from PIL.TiffImagePlugin import TiffImageFile

        return TiffImageFile(stream)
    if fmt == "WEBP":
        from PIL.WebPImagePlugin import WebPImageFile

        return WebPImageFile(stream)
    if fmt == "GIF":
        from PIL.GifImagePlugin import GifImageFile

        return GifImageFile(stream)
    if fmt == "AVIF":
        from PIL.AvifImagePlugin import AvifImageFile

        return AvifImageFile(stream)
    from PIL.BmpImagePlugin import BmpImageFile

    return BmpImageFile(stream)
