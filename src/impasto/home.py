"""Where Impasto keeps what it downloads: one folder, named by IMPASTO_HOME or chosen by the platform's own rule."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from impasto.errors import UnwritableOutputError

VARIABLE = "IMPASTO_HOME"


def impasto_home() -> Path:
    """The folder of Impasto's own files; it need not exist yet.

    `IMPASTO_HOME` if set, else `%LOCALAPPDATA%\\impasto` (Windows), `~/Library/Application Support/impasto` (macOS),
    `$XDG_DATA_HOME/impasto` or `~/.local/share/impasto` (elsewhere).

    Raises:
        UnwritableOutputError: when the system tells no home folder and none is named.
    """
    if named := os.environ.get(VARIABLE):
        return _expand(named)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or _expand("~/AppData/Local")) / "impasto"
    if sys.platform == "darwin":
        return _expand("~/Library/Application Support/impasto")
    data = os.environ.get("XDG_DATA_HOME", "")
    # The XDG base directory specification: a relative path is invalid and to be ignored.
    return (Path(data) if Path(data).is_absolute() else _expand("~/.local/share")) / "impasto"


def weights_folder(home: Path | str | None = None) -> Path:
    """The folder of downloaded weights: `weights` inside `home`, or inside `impasto_home()` when `home` is None."""
    return (_expand(str(home)) if home is not None else impasto_home()) / "weights"


def _expand(path: str) -> Path:
    try:
        return Path(path).expanduser().absolute()
    except RuntimeError as error:
        raise UnwritableOutputError(
            "The system names no home folder to keep weights in.",
            hint=f"Set {VARIABLE} to a folder that you may write to.",
        ) from error
