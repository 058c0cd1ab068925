"""Paintings drawn once for all tests of this room."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from impasto import styles

Draw = Callable[..., NDArray[np.float32]]


@pytest.fixture(scope="session")
def drawn() -> Draw:
    """`drawn(name, size, seed)`: the pixels of a procedural style, kept for the whole session."""

    @cache
    def draw(name: str, size: tuple[int, int] = (192, 192), seed: int = 0) -> NDArray[np.float32]:
        pixels = styles.draw(name, size=size, seed=seed).pixels
        pixels.flags.writeable = False
        return pixels

    return draw
