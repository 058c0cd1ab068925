"""Checkpoints: everything that a run needs to go on as if it had never stopped, written whole or not at all."""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import torch

from impasto.errors import TrainingDataError
from impasto.files import place_file


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write `state`: tensors, numbers, strings, lists and dicts of them.

    Raises:
        OutputError: it can't be written; what was there is still there.
    """
    data = io.BytesIO()
    torch.save(state, data)
    place_file(path, data.getvalue(), overwrite=True)


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
