"""What a run tells TensorBoard."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from impasto.extras import needs_extra
from impasto.pictures import Picture


def board_writer() -> Callable[..., Any]:
    """TensorBoard's writer, which is slow to import.

    Raises:
        MissingExtraError: it is not installed.
    """
    with needs_extra("A training log"):
        from torch.utils.tensorboard import SummaryWriter
    return SummaryWriter


class Board:
    """Losses and pictures by step, in a folder for `tensorboard --logdir`.

    Args:
        writer: from `board_writer`.
        first: the step from which this session goes on; what a session that broke off has told of later ones is hidden.
    """

    def __init__(self, writer: Callable[..., Any], folder: Path, *, first: int) -> None:
        self._writer = writer(folder, purge_step=first + 1)

    def losses(self, step: int, losses: Mapping[str, float]) -> None:
        for name, value in losses.items():
            self._writer.add_scalar(f"losses/{name}", value, step)

    def picture(self, step: int, name: str, picture: Picture) -> None:
        self._writer.add_image(name, picture.pixels, step, dataformats="HWC")

    def close(self) -> None:
        self._writer.close()
