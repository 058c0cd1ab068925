"""Painters that were made elsewhere: networks from a picture to a picture, adopted with what they don't say of
themselves.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.errors import UsageError, WeightsFormatError
from impasto.painters import Painting, ProgressCallback, ShouldStop, WeightedStyle
from impasto.pictures import Picture
from impasto.pictures.resize import painted_size
from impasto.runtime.canvas import mirrored
from impasto.runtime.fast import FastSettings, one_pass, style_name
from impasto.runtime.network import Network
from impasto.styles.code import KnownCodes, StyleCode

KIND = "impasto-plain"

Floats = NDArray[np.float32]

# What 0 and 1 are to the network.
RANGES: dict[str, tuple[float, float]] = {"0-1": (0.0, 1.0), "0-255": (0.0, 255.0), "-1-1": (-1.0, 1.0)}
COLOURS = ("RGB", "BGR")
LAYOUTS = ("NCHW", "NHWC")
LEAST_BORDER = 32  # pixels, mirrored: most networks pad with zeros, which show


class PlainPainter:
    """Paints whole pictures in the one style that the network has; see `Painter`.

    Its metadata: `range`, `colour`, `layout`, `multiple` (of which both sides must be), `input` and `output` (names).

    Raises:
        UsageError: settings that need a network of ours.
        WeightsFormatError: metadata that can't be.
    """

    def __init__(self, network: Path, settings: FastSettings | None = None) -> None:
        self.settings = settings or FastSettings()
        s = self.settings
        self._refuse({"tile": s.tile is not None, "brush": s.brush != 1, "strength above 1": s.strength > 1})
        self.network = Network(network, kind=KIND, device=s.device, threads=s.threads)
        about = self.network.metadata
        self.name = about.get("family", "adopted")
        try:
            self._low, self._high = RANGES[about["range"]]
            self._reversed = COLOURS.index(about["colour"]) == 1
            self._last = LAYOUTS.index(about["layout"]) == 1
            names = about["input"], about["output"]
        except (KeyError, ValueError) as error:
            raise WeightsFormatError(f"{network.name} does not say what it takes.") from error
        self._multiple = self.network.number("multiple", 1, 256)
        self._function = self.network.function(names[1], names[0])
        style = style_name(about.get("name", network.stem), network.name)
        self.codes = KnownCodes(style, {style: StyleCode(np.zeros((1, 1), np.float32), (1.0,), style)})

    @property
    def about(self) -> dict[str, str]:
        """Name of the network, and what it runs on."""
        return {"network": self.network.metadata.get("name", ""), "device": self.network.device}

    def _refuse(self, asked: dict[str, bool]) -> None:
        for what in (name for name, is_asked in asked.items() if is_asked):
            raise UsageError(f"An adopted model has no {what}.", hint="Leave it out, or paint with another model.")

    def prepare(self, styles: Sequence[WeightedStyle]) -> StyleCode:
        """The one style that it has.

        Raises:
            UsageError: another one.
        """
        (own,) = self.codes.own.values()
        if not styles or any(style.style is not own for style in styles):
            raise UsageError("An adopted model paints in its own style only.", hint="Leave the style out.")
        return own

    def paint(
        self,
        content: Picture,
        style: StyleCode,
        *,
        progress: ProgressCallback | None = None,
        should_stop: ShouldStop | None = None,
    ) -> Painting:
        """See `Painter.paint`.

        Raises:
            OutOfMemoryError
        """
        began = time.monotonic()
        content = content.resized(painted_size(content.size, self.settings.size))
        facts: dict[str, Any] = {"painter": self.name, "device": self.network.device}
        if should_stop is not None and should_stop():
            return Painting(content, "interrupted", time.monotonic() - began, facts, 0)
        pixels = content.pixels
        painted = self.run(pixels)
        strength = np.float32(self.settings.strength)
        if strength < 1:
            painted = pixels + strength * (painted - pixels)
        if progress is not None:
            progress(one_pass(1, 1, content.size, time.monotonic() - began, lambda: painted.copy()))
        return Painting(content.with_pixels(painted), "finished", time.monotonic() - began, facts)

    def run(self, pixels: Floats) -> Floats:
        """(H, W, 3) in [0, 1] → the same.

        Raises:
            WeightsFormatError: what comes out is of another size.
        """
        batch = self._batch(pixels)
        out = self._function(batch)
        if out.shape != batch.shape:
            raise WeightsFormatError(
                f"{self.network.name} makes {_sides(out)} of {_sides(batch)}: pictures must keep their size.",
                hint="If it wants sides that are multiples of a number, add it anew with --multiple.",
            )
        painted = out[0] if self._last else out[0].transpose(1, 2, 0)
        height, width = pixels.shape[:2]
        painted = painted[LEAST_BORDER : LEAST_BORDER + height, LEAST_BORDER : LEAST_BORDER + width]
        if self._reversed:
            painted = painted[..., ::-1]
        unit = (painted - np.float32(self._low)) / np.float32(self._high - self._low)
        return np.ascontiguousarray(unit.clip(0, 1), np.float32)

    def inputs(self, content: Picture, style: StyleCode) -> dict[str, Floats]:
        """What the network is given to paint a picture, by name, for those who look into it."""
        return {self.network.metadata["input"]: self._batch(content.pixels)}

    def _batch(self, pixels: Floats) -> Floats:
        rows, columns = (_around(side, self._multiple) for side in pixels.shape[:2])
        seen = pixels[rows][:, columns]
        if self._reversed:
            seen = seen[..., ::-1]
        seen = seen * np.float32(self._high - self._low) + np.float32(self._low)
        return np.ascontiguousarray(seen if self._last else seen.transpose(2, 0, 1), np.float32)[None]


def _around(side: int, multiple: int) -> NDArray[np.intp]:
    """Places for a side that goes on beyond both its ends, mirrored, up to a multiple."""
    total = -(-(side + 2 * LEAST_BORDER) // multiple) * multiple
    return mirrored(side, total, border=LEAST_BORDER)


def _sides(batch: Floats) -> str:
    return "×".join(map(str, batch.shape))
