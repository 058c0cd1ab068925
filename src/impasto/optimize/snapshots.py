"""Snapshots: the picture as it stands, written every so many steps."""

from __future__ import annotations

import shutil
from pathlib import Path

from impasto.errors import DiskFullError, ImpastoError, UsageError
from impasto.painters import Progress
from impasto.pictures import Picture, check_target, write_picture

# Bytes a pixel at most: three samples of 8 bits, four of 16.
_SNAPSHOT, _PAINTING = 3, 8


class SnapshotWriter:
    """A progress callback that writes `NAME-0001.png`, `NAME-0002.png` … beside the painting `NAME.…`.

    A snapshot must not cost the painting: the first that cannot be written, or would fill the disk so far that no
    painting of its size had room beside it, ends the snapshots. The error is kept in `error`, for `finish` to raise
    once the painting is safe.

    Args:
        output: where the painting will be; its folder and the stem of its name are taken.
        every: steps between two snapshots, counted through all scales.
        overwrite: replace snapshots of an earlier run.

    Raises:
        UsageError: `every` below 1.
        OutputExistsError, UnwritableOutputError: the first snapshot could not be written.
    """

    def __init__(self, output: str | Path, every: int, *, overwrite: bool = False) -> None:
        if every < 1:
            raise UsageError(f"Snapshots can't be taken every {every} steps.", hint="Give a number from 1.")
        self.output, self.every, self.overwrite = Path(output), every, overwrite
        self.written: list[Path] = []
        self.error: ImpastoError | None = None
        self._steps = 0
        check_target(self._path(1), overwrite=overwrite)

    def __call__(self, progress: Progress) -> None:
        # Iteration 0 of a scale shows what the scale starts from; no step has been made.
        if progress.iteration == 0 or self.error is not None:
            return
        self._steps += 1
        if self._steps % self.every:
            return
        path = self._path(len(self.written) + 1)
        try:
            self._leave_room(path, progress.size)
            write_picture(Picture(progress.preview()), path, overwrite=self.overwrite)
        except ImpastoError as error:
            self.error = error
        else:
            self.written.append(path)

    def finish(self) -> list[Path]:
        """The files written.

        Raises:
            OutputError: a snapshot could not be written; the painting went on without them.
        """
        if self.error is not None:
            raise self.error
        return self.written

    def _leave_room(self, path: Path, size: tuple[int, int]) -> None:
        """Refuse a snapshot after which there would be no room for the painting."""
        try:
            free = shutil.disk_usage(path.parent).free
        except OSError:  # then writing tells whether there is room
            return
        if free < size[0] * size[1] * (_SNAPSHOT + _PAINTING):
            raise DiskFullError(
                f"There is too little space for {path.name!r} and the painting.", hint="Free some, or ask for fewer."
            )

    def _path(self, number: int) -> Path:
        return self.output.with_name(f"{self.output.stem}-{number:04d}.png")
