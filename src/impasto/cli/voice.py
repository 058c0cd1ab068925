"""What the command line says, and where: results on standard output, everything else on standard error."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from impasto.errors import ImpastoError, UnwritableOutputError


class AlreadyTold(Exception):
    """Ends the program with an exit code; whatever there was to say has been said."""

    def __init__(self, exit_code: int) -> None:
        super().__init__(exit_code)
        self.exit_code = exit_code


@dataclass(frozen=True)
class Voice:
    """How much is said, and how: `quiet` leaves out notes, `json` says results as JSON and no notes, `verbose` says
    more of errors."""

    quiet: bool = False
    json: bool = False
    verbose: bool = False

    @property
    def shows_progress(self) -> bool:
        return not (self.quiet or self.json) and sys.stderr is not None and sys.stderr.isatty()

    def note(self, text: str) -> None:
        """A line on standard error for whoever watches."""
        if not (self.quiet or self.json):
            _to_stderr(text)

    def detail(self, text: str) -> None:
        """A line on standard error for whoever asked for more."""
        if self.verbose:
            _to_stderr(text)

    def error(self, error: ImpastoError, *, about: str = "") -> None:
        """`error: sentence` and `hint: what to do` on standard error, with `about` (a picture) named in front."""
        _to_stderr(f"{about}: {error.message}" if about else error.message, label="error")
        if error.hint:
            _to_stderr(error.hint, label="hint")
        if self.verbose and error.__cause__ is not None:
            import traceback

            _to_stderr("".join(traceback.format_exception(error.__cause__)).rstrip())

    def line(self, text: str = "") -> None:
        """A line of the result on standard output, sent at once.

        Raises:
            UnwritableOutputError: it cannot be sent; BrokenPipeError if because its reader has left.
        """
        try:
            if sys.stdout is not None:  # it is None where it was closed before we started
                sys.stdout.write(text + "\n")
                sys.stdout.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise UnwritableOutputError(f"Standard output can't be written: {error.strerror}.") from error

    def object(self, content: Mapping[str, Any]) -> None:
        """One JSON object on a line of standard output, as `line`. ASCII, so that no file name can break it."""
        self.line(json.dumps(_jsonable(content), allow_nan=False))


def error_object(error: ImpastoError) -> dict[str, Any]:
    """An error as JSON tells it."""
    return {
        "kind": type(error).__name__,
        "message": error.message,
        "hint": error.hint,
        "exit_code": error.exit_code,
    }


def _jsonable(value: Any) -> Any:
    """JSON has no NaN and no infinity: null stands for them. Anything that is not JSON's is told as text."""
    if isinstance(value, Mapping):
        return {str(key): _jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, bool | int | str) else str(value)


_COLOURS = {"error": "bold red", "hint": "cyan"}


def _to_stderr(text: str, *, label: str = "") -> None:
    if sys.stderr is None:
        return
    if not sys.stderr.isatty():
        sys.stderr.write(f"{label}: {text}\n" if label else f"{text}\n")
        sys.stderr.flush()
        return
    from rich.console import Console
    from rich.text import Text

    line = Text.assemble((f"{label}: ", _COLOURS.get(label, "")), text) if label else Text(text)
    Console(stderr=True, highlight=False).print(line, soft_wrap=True)
