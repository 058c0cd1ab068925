"""What a run tells TensorBoard."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from impasto.extras import needs_extra
from impasto.pictures import Picture


class Board:
    """Losses and pictures by step, in a folder for `tensorboard --logdir`.

    Args:
        first: the step from which this session goes on; what a session that broke off has told of later ones is hidden.
    """

    def __init__(self, folder: Path, *, first: int) -> None:
        with needs_extra("A training log"):
            from torch.utils.tensorboard import SummaryWriter
        self._writer = SummaryWriter(folder, purge_step=first + 1)

    def losses(self, step: int, losses: Mapping[str, float]) -> None:
        for name, value in losses.items():
            self._writer.add_scalar(f"losses/{name}", value, step)

    def picture(self, step: int, name: str, picture: Picture) -> None:
        self._writer.add_image(name, picture.pixels, step, dataformats="HWC")

    def close(self) -> None:
        self._writer.close()
