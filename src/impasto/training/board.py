"""What a run tells TensorBoard."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from impasto.extras import needs_extra
from impasto.files import output_error
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

    Raises:
        OutputError: the folder can't be written to.
    """

    def __init__(self, writer: Callable[..., Any], folder: Path, *, first: int) -> None:
        self._kind, self._folder = writer, folder
        self._writer = self._begin(first)

    def rewind(self, step: int) -> None:
        """Hide what was told of later steps: they will be made again."""
        self.close()
        self._writer = self._begin(step)

    def losses(self, step: int, losses: Mapping[str, float]) -> None:
        for name, value in losses.items():
            self._writer.add_scalar(f"losses/{name}", value, step)

    def picture(self, step: int, name: str, picture: Picture) -> None:
        self._writer.add_image(name, picture.pixels, step, dataformats="HWC")

    def close(self) -> None:
        self._writer.close()

    def _begin(self, step: int) -> Any:
        try:
            return self._kind(self._folder, purge_step=step + 1)
        except OSError as error:
            raise output_error(error, repr(str(self._folder))) from error
