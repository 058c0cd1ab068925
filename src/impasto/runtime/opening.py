"""The painter for a model's file, by what the file says it is."""

from __future__ import annotations

from pathlib import Path

from impasto.runtime.fast import FastPainter, FastSettings
from impasto.runtime.network import load_model
from impasto.runtime.plain import KIND, PlainPainter


def open_painter(path: Path, settings: FastSettings | None = None) -> FastPainter | PlainPainter:
    """
    Raises:
        WeightsMissingError: no such file.
        WeightsFormatError: no network, a damaged one, or one of another kind.
        DeviceError, UnknownNameError: see `resolve_device`.
        UsageError: settings that the model has not.
    """
    plain = load_model(path).metadata.get("format") == KIND
    return PlainPainter(path, settings) if plain else FastPainter(path, settings)
