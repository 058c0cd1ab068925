"""A run's folder, where a run goes on from, and where a run is."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

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


class Origin(Protocol):
    """What a run is of, beside its settings."""

    def record(self) -> dict[str, Any]:
        """All of it, as JSON takes it."""
        ...

    def differences(self, begun: Mapping[str, Any]) -> list[str]:
        """What must be as it was recorded when the run began, and is not, as users call it."""
        ...


class RunFolder:
    """Holds `settings.json`, `origin.json`, `checkpoint.pt`, `log.jsonl`, `board` (for TensorBoard), `samples` and what
    the training is for.

    Args:
        settings: of the run; it is resumed only under those it began with (but for `steps`, which may be changed to
            make it longer or shorter).

    Attributes:
        origin: of the run; it is resumed only if that is what it was. None: nobody asks. Nor does anybody of a run that
            was begun without one.
    """

    origin: Origin | None = None

    def __init__(self, path: Path, settings: TrainingSettings) -> None:
        self.path, self._settings = path, settings

    def open(self) -> dict[str, Any] | None:
        """Make the folder where there is none; the state to go on from, if it holds one. What was logged since is
        forgotten.

        Raises:
            TrainingDataError: it holds a run with other settings or of another origin, or a damaged one.
            OutputError: it can't be made.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            begun = self._checkpoint.exists()
        except OSError as error:
            raise output_error(error, repr(str(self.path))) from error
        if not begun:
            self.rewind(0)
            return None
        self._check_origin()
        self._check_settings()
        state = load_checkpoint(self._checkpoint)
        if "step" in state:
            self.rewind(state["step"])
        return state

    def record(self) -> None:
        """Write down the settings, and what the run is of."""
        place_file(self._record, _as_bytes(self._as_json()), overwrite=True)
        if self.origin is not None:
            place_file(self._origin_record, _as_bytes(self.origin.record()), overwrite=True)

    def save(self, state: dict[str, Any]) -> None:
        """Keep a state to go on from."""
        save_checkpoint(self._checkpoint, state)

    def log(self, progress: TrainingProgress) -> None:
        """
        Raises:
            OutputError: it can't be written.
        """
        try:
            with self._log.open("a") as log:
                log.write(json.dumps(asdict(progress)) + "\n")
        except OSError as error:
            raise output_error(error, repr(str(self._log))) from error

    def rewind(self, step: int) -> None:
        """Forget what was logged after a step: it will be made again.

        Raises:
            OutputError: the log can't be read or written.
        """
        try:
            lines = self._log.read_bytes().splitlines(keepends=True) if self._log.exists() else []
        except OSError as error:
            raise output_error(error, repr(str(self._log))) from error
        kept = [line for line in lines if _logged_step(line) <= step]
        if kept != lines:
            place_file(self._log, b"".join(kept), overwrite=True)

    def samples(self) -> Path:
        """The folder of sample sheets, made where there is none.

        Raises:
            OutputError: it can't be made.
        """
        folder = self.path / "samples"
        try:
            folder.mkdir(exist_ok=True)
        except OSError as error:
            raise output_error(error, repr(str(folder))) from error
        return folder

    @property
    def _checkpoint(self) -> Path:
        return self.path / "checkpoint.pt"

    @property
    def _log(self) -> Path:
        return self.path / "log.jsonl"

    @property
    def _record(self) -> Path:
        return self.path / "settings.json"

    @property
    def _origin_record(self) -> Path:
        return self.path / "origin.json"

    def _as_json(self) -> dict[str, Any]:
        """The settings as JSON gives them back."""
        settings: dict[str, Any] = json.loads(_as_bytes(asdict(self._settings)))
        return settings

    def _check_settings(self) -> None:
        now, begun = self._as_json(), _recorded(self._record)
        if begun is not None and {**begun, "steps": now["steps"]} != now:
            raise TrainingDataError(
                f"{self.path} holds a run with other settings.", hint="Choose another --run folder, or remove that one."
            )

    def _check_origin(self) -> None:
        begun = _recorded(self._origin_record)
        if self.origin is None or begun is None:
            return
        if different := self.origin.differences(begun):
            raise TrainingDataError(
                f"The run in {self.path} was begun with another {' and another '.join(different)}.",
                hint=f"Choose another --run folder; {self._origin_record.name} in that one tells what it is of.",
            )


def _as_bytes(record: Mapping[str, Any]) -> bytes:
    return json.dumps(record, indent=1).encode()


def _recorded(record: Path) -> dict[str, Any] | None:
    """What was written down when a run began; None: nothing was."""
    try:
        return dict(json.loads(record.read_text())) if record.exists() else None
    except (OSError, ValueError, TypeError) as error:
        raise TrainingDataError(f"{record} can't be read.", hint="Remove it to go on without this check.") from error


def _logged_step(line: bytes) -> float:
    """Of a line of the log; that of one which was cut off is beyond all."""
    try:
        step: int = json.loads(line)["step"]
    except (ValueError, TypeError, KeyError):
        return math.inf
    return step
