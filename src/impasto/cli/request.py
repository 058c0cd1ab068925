"""What an `impasto paint` was asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from impasto.cli.batch import STANDARD
from impasto.cli.style_words import label, split_weight
from impasto.errors import UsageError
from impasto.pictures import MAX_PIXELS, QUALITY


@dataclass(frozen=True)
class Request:
    """What was asked for, as it was typed; `settings` holds only what was."""

    contents: Sequence[str]
    styles: Sequence[str]
    output: str | None = None
    quality: str | None = None
    preset: str | None = None
    start: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    overwrite: bool = False
    max_pixels: int = MAX_PIXELS
    bit_depth: int | None = None
    jpeg_quality: int = QUALITY
    snapshot_every: int | None = None
    report: str | None = None
    threads: int | None = None

    @property
    def recording(self) -> list[str]:
        """Options that tell of the steps of a painting, as far as they were typed."""
        asked = {"report": self.report, "snapshot_every": self.snapshot_every}
        return [name for name, value in asked.items() if value is not None]

    @property
    def encoding(self) -> dict[str, Any]:
        """Options of `write_picture` and `check_target`."""
        return {"overwrite": self.overwrite, "quality": self.jpeg_quality, "bit_depth": self.bit_depth}

    @property
    def label(self) -> str:
        """What names of paintings say of how they were painted."""
        return label(self.styles or [str(self.settings.get("model", ""))])

    def refuse_two_readers(self) -> None:
        """
        Raises:
            UsageError: more than one picture is to be read from standard input.
        """
        readers = [*self.contents, *(split_weight(word)[0] for word in self.styles), self.start]
        if readers.count(STANDARD) > 1:
            raise UsageError("Standard input can be read only once.", hint="Name '-' once, and files for the rest.")
