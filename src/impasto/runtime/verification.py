"""Whether a model is whole: its checksums, and a small picture painted with it."""

from __future__ import annotations

import numpy as np

from impasto.errors import ImpastoError
from impasto.painters import WeightedStyle
from impasto.pictures import Picture
from impasto.runtime.fast import FastPainter, FastSettings
from impasto.runtime.network import load_model
from impasto.runtime.opening import open_painter
from impasto.runtime.plain import PlainPainter
from impasto.runtime.registry import ModelEntry

_SIZE = 96, 64


def verify_model(entry: ModelEntry) -> str | None:
    """What is wrong with a model, in words; None if nothing is."""
    try:
        for file in entry.files:
            if load_model(file).intact is False:
                return f"{file.name} is damaged: its content is not what it was when it was written."
        return _painted_wrongly(open_painter(entry.path, FastSettings(device="cpu")))
    except ImpastoError as error:
        return error.message


def _painted_wrongly(painter: FastPainter | PlainPainter) -> str | None:
    """What is wrong with the painting of a drawn picture."""
    x, y = np.meshgrid(*(np.linspace(0, 1, side, dtype=np.float32) for side in _SIZE))
    picture = Picture(np.stack([x, y, 0.5 + 0.5 * np.sin(20 * x * y)], 2).astype(np.float32))
    style = next(iter(painter.codes.own.values()), picture)
    painted = painter.paint(picture, painter.prepare([WeightedStyle(style)])).picture.pixels
    if not np.isfinite(painted).all():
        return "It paints what is no picture."
    if painted.std() < 1e-3:
        return "It paints one flat colour."
    return None
