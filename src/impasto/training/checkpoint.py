"""Checkpoints: everything that a run needs to go on as if it had never stopped, written whole or not at all."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import torch

from impasto.errors import TrainingDataError
from impasto.paths import written_whole


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write `state` (tensors, numbers, strings, lists and dicts of them) to a temporary name, then rename it to
    `path`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as temporary, temporary.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())


def load_checkpoint(path: Path) -> dict[str, Any]:
    """The state that `save_checkpoint` wrote; no code in the file is ever run (`weights_only`).

    Raises:
        TrainingDataError: not a checkpoint, or damaged.
    """
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise TrainingDataError(
            f"The checkpoint {path} cannot be read.", hint="Remove it to start the run anew."
        ) from error
    return state
