"""Progress of a painting that nobody paints: each picture is as bright as its iteration."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from impasto.painters import Progress


def progress(
    scale: int, iteration: int, *, size: tuple[int, int] = (40, 30), previews: list[int] | None = None
) -> Progress:
    """`previews` collects the iterations whose picture was asked for."""

    def preview() -> NDArray[np.float32]:
        if previews is not None:
            previews.append(iteration)
        return np.full((size[1], size[0], 3), iteration / 255, np.float32)

    terms = {"content/relu4_1": 1.0 / (iteration + 1), "style/relu1_1": 0.5}
    return Progress(scale, 2, size, iteration, 20, sum(terms.values()), terms, iteration * 0.1, 0.0, preview)
