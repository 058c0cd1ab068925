"""The painter of a request and what it knows of the styles: made ready once, used for picture after picture."""

from __future__ import annotations

from typing import Any

from impasto.cli.request import Request
from impasto.cli.style_words import split_weight
from impasto.cli.threads import set_up_torch
from impasto.cli.voice import Voice
from impasto.errors import OutOfMemoryError
from impasto.painters import Painter, Painting, ProgressCallback, ShouldStop
from impasto.painting import make_painter, read_styles, style_side
from impasto.pictures import Picture
from impasto.qualities import choose_quality


class Workbench:
    """
    Args:
        request: what was asked for.
        voice: is told the painter's settings.
        like: (width, height) of the pictures to come, or the first of them: styles that are drawn are drawn for it.

    Raises:
        ImpastoError: quality, settings or styles don't fit, or something that they need is missing.
    """

    painter: Painter[Any]

    def __init__(self, request: Request, voice: Voice, *, like: tuple[int, int]) -> None:
        quality = choose_quality(
            request.quality,
            preset=request.preset,
            start=request.start,
            settings=request.settings,
            recording=request.recording,
        )
        styles = read_styles(
            [split_weight(word) for word in request.styles],
            max_pixels=request.max_pixels,
            side=style_side(like),
            codes=quality.takes_codes,
        )
        settings = dict(request.settings)
        if "threads" in quality.settings() and request.threads is not None:
            settings["threads"] = request.threads
        if quality.uses_torch:
            set_up_torch(request.threads)
        self.painter = make_painter(
            quality.name, preset=request.preset, start=request.start, max_pixels=request.max_pixels, **settings
        )
        voice.detail(f"painter: {getattr(self.painter, 'settings', self.painter.name)}")
        self._style = self.painter.prepare(styles)

    def paint(
        self,
        content: Picture,
        *,
        progress: ProgressCallback | None = None,
        should_stop: ShouldStop | None = None,
    ) -> Painting:
        """See `Painter.paint`.

        Raises:
            OutOfMemoryError
        """
        try:
            return self.painter.paint(content, self._style, progress=progress, should_stop=should_stop)
        except MemoryError as error:
            message = "There is not enough memory for a painting of this size."
            raise OutOfMemoryError(message, hint="Ask for a smaller --size.") from error
