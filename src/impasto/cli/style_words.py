"""`--style STYLE[:WEIGHT]`: what the words mean, and the pictures that they name."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path

from impasto.errors import UsageError
from impasto.paths import is_file

_WEIGHT = re.compile(
    r"(?P<name>.+):(?P<weight>[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|[+-]?inf|nan)", re.IGNORECASE | re.DOTALL
)


def split_weight(word: str, *, what: str = "style") -> tuple[str, float]:
    r"""`a.jpg:0.4` as ("a.jpg", 0.4). Without a number at its end the word is the name, its weight 1: `C:\a.jpg`,
    `odd:name.png`.

    A file that is really called `a:2` is meant as such.

    Raises:
        UsageError: a weight that is not positive and finite.
    """
    match = _WEIGHT.fullmatch(word)
    if match is None or is_file(word):
        return word, 1.0
    weight = float(match["weight"])
    if not (math.isfinite(weight) and weight > 0):
        raise UsageError(
            f"The weight of the {what} {match['name']!r} is {match['weight']}; it must be a positive number.",
            hint=f"Leave a {what} out that should count for nothing.",
        )
    return match["name"], weight


def layer_shares(words: Sequence[str]) -> dict[str, float]:
    """`relu4_1:0.4 relu5_1` as a mapping.

    Raises:
        UsageError: a layer named twice, or a share that is not positive and finite.
    """
    shares: dict[str, float] = {}
    for word in words:
        layer, share = split_weight(word, what="layer")
        if layer in shares:
            raise UsageError(
                f"The layer {layer!r} is named twice.", hint="Name each layer once, with its share: NAME:0.5"
            )
        shares[layer] = share
    return shares


def label(words: Sequence[str]) -> str:
    """The styles' names for the name of a file: `mosaic`, `sunset-mosaic`."""
    names = (split_weight(word)[0] for word in words)
    return "-".join("style" if name == "-" else Path(name).stem for name in names)
