"""Style codes: all that the fast painter needs to know of a style, in a file of a few kilobytes."""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.errors import UsageError, WeightsFormatError, WeightsMissingError
from impasto.files import place_file
from impasto.styles.shares import shares

Floats = NDArray[np.float32]

FORMAT = "impasto-style"
_ANEW = "Make it anew from its picture: impasto styles add PICTURE --name NAME --overwrite"
_MAX_BYTES = 1 << 20


@dataclass(frozen=True, eq=False)
class StyleCode:
    """A style as the fast painter sees it.

    Attributes:
        values: (B, D) float32: a code for each brush.
        brushes: sizes of the style's marks that `values` are for, ascending; 1 is the style as it is.
        network: name of the network that the code is for.
        title, artist, year: of the picture, where they are known.
    """

    values: Floats
    brushes: tuple[float, ...]
    network: str
    title: str = ""
    artist: str = ""
    year: str = ""

    def at(self, brush: float) -> Floats:
        """(D,): the code for a brush, between the nearest ones on a scale of octaves; the outermost beyond them."""
        place = np.interp(math.log2(brush), np.log2(self.brushes), np.arange(len(self.brushes)))
        low = min(int(place), max(0, len(self.brushes) - 2))
        share = np.float32(place - low)
        if share == 0:
            return np.asarray(self.values[low], np.float32)
        return np.asarray((1 - share) * self.values[low] + share * self.values[low + 1], np.float32)


@dataclass(frozen=True)
class KnownCodes:
    """Style codes that may stand for pictures.

    Attributes:
        network: for which they must be, as far as they come from the shelf; None is that of the shelf.
        own: codes of the painter's own styles, by name.
    """

    network: str | None = None
    own: Mapping[str, StyleCode] = field(default_factory=dict)


def blend(codes: Sequence[StyleCode], weights: Sequence[float]) -> StyleCode:
    """The mean of codes by weight; the codes must be for one network and the same brushes.

    Raises:
        UsageError: no code, a weight that is not positive and finite, codes that do not fit together.
    """
    parts = np.array(shares(weights), np.float32)
    first = codes[0]
    if any((c.network, c.brushes, c.values.shape) != (first.network, first.brushes, first.values.shape) for c in codes):
        raise UsageError("These style codes are for different networks.", hint="Make them anew from their pictures.")
    values = np.tensordot(parts, np.stack([code.values for code in codes]), 1)
    return StyleCode(np.asarray(values, np.float32), first.brushes, first.network)


def to_json(code: StyleCode) -> dict[str, Any]:
    """A code as an object of text and numbers; its values in half precision."""
    data = base64.b64encode(code.values.astype("<f2").tobytes()).decode("ascii")
    about = {"title": code.title, "artist": code.artist, "year": code.year}
    return {
        "format": FORMAT,
        "network": code.network,
        **{name: value for name, value in about.items() if value},
        "brushes": list(code.brushes),
        "values": data,
    }


def from_json(entry: Any, name: str) -> StyleCode:
    """The code that `to_json` described; `name` is for messages.

    Raises:
        WeightsFormatError: it is something else, or damaged.
    """
    try:
        if entry["format"] != FORMAT:
            raise _damaged(name)
        if not all(type(brush) in (int, float) for brush in entry["brushes"]):
            raise _damaged(name)
        brushes = tuple(float(brush) for brush in entry["brushes"])
        values = np.frombuffer(base64.b64decode(entry["values"], validate=True), "<f2").astype(np.float32)
        values = values.reshape(len(brushes), -1)
        about = {key: str(entry.get(key, "")) for key in ("title", "artist", "year")}
        code = StyleCode(values, brushes, str(entry["network"]), **about)
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError, binascii.Error) as error:
        raise _damaged(name) from error
    ascending = all(0 < a < b for a, b in zip(brushes, (*brushes[1:], math.inf), strict=True))
    if not (brushes and ascending and values.size and np.isfinite(values).all()):
        raise _damaged(name)
    return code


def save(code: StyleCode, path: Path) -> None:
    """Write a code, whole or not at all.

    Raises:
        OutputError: it can't be written.
    """
    text = json.dumps(to_json(code), ensure_ascii=False, indent=1) + "\n"
    place_file(path, text.encode(), overwrite=True)


def load(path: Path) -> StyleCode:
    """The code in a file.

    Raises:
        WeightsMissingError: no such file.
        WeightsFormatError: another file, or a damaged one.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise _damaged(path.name)
        entry = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise WeightsMissingError(f"There is no style code {path.name!r} where you said.") from error
    except (OSError, ValueError, RecursionError) as error:
        raise _damaged(path.name) from error
    return from_json(entry, path.name)


def _damaged(name: str) -> WeightsFormatError:
    return WeightsFormatError(f"{name} is no style code, or a damaged one.", hint=_ANEW)
