"""The painter of a request and what it knows of the styles: made ready once, used for picture after picture."""

from __future__ import annotations

from typing import Any

from impasto.cli.later import Later
from impasto.cli.request import Request
from impasto.cli.style_words import split_weight
from impasto.cli.threads import set_up_torch
from impasto.cli.voice import Voice
from impasto.errors import OutOfMemoryError
from impasto.painters import Painter, Painting, ProgressCallback, ShouldStop
from impasto.painting import make_painter, read_styles, style_side
from impasto.pictures import Picture
from impasto.qualities import choose_quality
from impasto.styles.code import KnownCodes


class Workbench:
    """
    Args:
        request: what was asked for.
        voice: is told the painter's settings.

    Raises:
        ImpastoError: quality and settings don't fit.
    """

    painter: Painter[Any]

    def __init__(self, request: Request, voice: Voice) -> None:
        self.request, self.voice = request, voice
        self.quality = choose_quality(
            request.quality,
            preset=request.preset,
            start=request.start,
            settings=request.settings,
            recording=request.recording,
        )
        self._painter: Later[Painter[Any]] | None = None

    def warm_up(self) -> None:
        """Begin to make the painter, if it takes no longer than reading a picture."""
        if not self.quality.uses_torch:
            self._painter = Later(self._make_painter)

    def prepare(self, like: tuple[int, int]) -> None:
        """Make the painter and show it the styles.

        Args:
            like: (width, height) of the pictures to come, or the first of them: styles that are drawn are drawn for it.

        Raises:
            ImpastoError: the styles can't be read, or something that the painter needs is missing.
        """
        painter: Painter[Any] | None = None  # for codes of the shelf, it need not have been made yet
        codes = KnownCodes() if self.quality.takes_codes else None
        if "model" in self.request.settings:
            painter = self._made()
            codes = getattr(painter, "codes", None)
        styles = read_styles(
            [split_weight(word) for word in self.request.styles],
            max_pixels=self.request.max_pixels,
            side=style_side(like),
            codes=codes,
        )
        self.painter = painter or self._made()
        self.voice.detail(f"painter: {getattr(self.painter, 'settings', self.painter.name)}")
        self._style = self.painter.prepare(styles)

    def _made(self) -> Painter[Any]:
        return self._painter.get() if self._painter else self._make_painter()

    def _make_painter(self) -> Painter[Any]:
        request, settings = self.request, dict(self.request.settings)
        if "threads" in self.quality.settings() and request.threads is not None:
            settings["threads"] = request.threads
        if self.quality.uses_torch:
            set_up_torch(request.threads)
        return make_painter(
            self.quality.name, preset=request.preset, start=request.start, max_pixels=request.max_pixels, **settings
        )

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
