"""A run's folder, where a run goes on from, and where a run is."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from impasto.errors import TrainingDataError
from impasto.files import output_error, place_file
from impasto.training.checkpoint import load_checkpoint, save_checkpoint
from impasto.training.settings import TrainingSettings


@dataclass(frozen=True)
class TrainingProgress:
    """Where a run is.

    Attributes:
        losses: means since the last report, of the steps that had them.
        seconds_left: an estimate from the pace of this session.
        rollbacks: how often so far the run was taken back because a loss was no number.
        peak_memory: of this process in bytes, on the device if that is a GPU; 0 where the system does not tell.
        pace: samples a second, by all processes together, since this session began.
        skipped: training pictures that this process found unusable and left out.
    """

    step: int
    steps: int
    losses: dict[str, float]
    seconds_left: float
    rollbacks: int = 0
    peak_memory: int = 0
    pace: float = 0.0
    skipped: int = 0


TrainingCallback = Callable[[TrainingProgress], None]


class RunFolder:
    """Holds `settings.json`, `checkpoint.pt`, `log.jsonl`, `board` (for TensorBoard) and what the training is for.

    Args:
        settings: of the run; it is resumed only under those it began with (but for `steps`, which may be changed to
            make it longer or shorter).
    """

    def __init__(self, path: Path, settings: TrainingSettings) -> None:
        self.path, self._settings = path, settings

    def open(self) -> dict[str, Any] | None:
        """Make the folder where there is none; the state to go on from, if it holds one.

        Raises:
            TrainingDataError: it holds a run with other settings, or a damaged one.
            OutputError: it can't be made.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise output_error(error, repr(str(self.path))) from error
        if not self._checkpoint.exists():
            return None
        self._check_record()
        return load_checkpoint(self._checkpoint)

    def record(self) -> None:
        """Write the settings down."""
        place_file(self._record, json.dumps(self._as_json(), indent=1).encode(), overwrite=True)

    def save(self, state: dict[str, Any]) -> None:
        """Keep a state to go on from."""
        save_checkpoint(self._checkpoint, state)

    def log(self, progress: TrainingProgress) -> None:
        with (self.path / "log.jsonl").open("a") as log:
            log.write(json.dumps(asdict(progress)) + "\n")

    @property
    def _checkpoint(self) -> Path:
        return self.path / "checkpoint.pt"

    @property
    def _record(self) -> Path:
        return self.path / "settings.json"

    def _as_json(self) -> dict[str, Any]:
        """The settings as JSON gives them back."""
        settings: dict[str, Any] = json.loads(json.dumps(asdict(self._settings)))
        return settings

    def _check_record(self) -> None:
        now = self._as_json()
        if not self._record.exists():
            return
        try:
            begun = json.loads(self._record.read_text())
            same = {**begun, "steps": now["steps"]} == now
        except (OSError, ValueError, TypeError) as error:
            raise TrainingDataError(
                f"{self._record} can't be read.", hint="Remove it to go on without this check."
            ) from error
        if not same:
            raise TrainingDataError(
                f"{self.path} holds a run with other settings.", hint="Choose another --run folder, or remove that one."
            )
