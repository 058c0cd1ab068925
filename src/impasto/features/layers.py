"""Layer names: those of VGG (`relu4_1`, `conv4_2`, `pool3`) and, as aliases, of Keras (`block4_conv1`, `block3_pool`).

`convB_N` is the N-th convolution of block B before its ReLU, `reluB_N` after it, `poolB` the pooling that ends block B.
Keras puts the ReLU inside the layer, so its `block4_conv1` is our `relu4_1`, not our `conv4_1`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from impasto.errors import UnknownNameError

STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
"""Where style is usually read: the first layer of each block (Gatys et al. 2016, AdaIN, and most since)."""

_KERAS_CONV = re.compile(r"block([1-9])_conv([1-9])")
_KERAS_POOL = re.compile(r"block([1-9])_pool")


def canonical(name: str) -> str:
    """The VGG name of a layer given by VGG or Keras name: `block4_conv1` → `relu4_1`. Does not check that it exists."""
    name = name.strip().lower()
    if match := _KERAS_CONV.fullmatch(name):
        return f"relu{match[1]}_{match[2]}"
    if match := _KERAS_POOL.fullmatch(name):
        return f"pool{match[1]}"
    return name


def resolve(names: Iterable[str], known: Iterable[str], *, encoder: str) -> list[str]:
    """Canonical names, each checked against the layers that `encoder` has.

    Raises:
        UnknownNameError: for a layer that the encoder lacks, with the nearest ones.
    """
    names, known = list(names), list(known)
    resolved = [canonical(name) for name in names]
    for given, name in zip(names, resolved, strict=True):
        if name not in known:
            raise UnknownNameError(f"layer of the encoder {encoder!r}", given, known)
    return resolved
