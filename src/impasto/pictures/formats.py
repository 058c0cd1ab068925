"""The picture formats that we read and write, and what each can hold."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from impasto.errors import UnknownNameError, UnknownSuffixError


@dataclass(frozen=True)
class PictureFormat:
    """One format: its suffixes (the first is the usual one), its longest side in pixels, and what it can carry."""

    name: str
    suffixes: tuple[str, ...]
    longest_side: int
    alpha: bool = True
    sixteen_bits: bool = False

    @property
    def media_type(self) -> str:
        """By which HTTP knows it."""
        return f"image/{self.name.lower()}"


FORMATS: Mapping[str, PictureFormat] = {
    f.name: f
    for f in (
        PictureFormat("PNG", (".png",), 2**31 - 1, sixteen_bits=True),
        PictureFormat("JPEG", (".jpg", ".jpeg", ".jpe", ".jfif"), 65_500, alpha=False),
        PictureFormat("WEBP", (".webp",), 16_383),
        PictureFormat("TIFF", (".tif", ".tiff"), 2**31 - 1, sixteen_bits=True),
        PictureFormat("BMP", (".bmp",), 2**31 - 1, alpha=False),
        PictureFormat("GIF", (".gif",), 65_535),
        PictureFormat("AVIF", (".avif",), 65_535),
    )
}
SUFFIXES: Mapping[str, str] = {suffix: f.name for f in FORMATS.values() for suffix in f.suffixes}
"""Suffix (lower case, with its dot) → format name."""


def format_of_name(name: str) -> PictureFormat:
    """A format by its name (`png`, `JPEG`, …) or suffix (`jpg`, `.tif`), whatever the case.

    Raises:
        UnknownNameError: for any other name, with the nearest ones.
    """
    word = name.strip().lower().lstrip(".")
    known = SUFFIXES.get(f".{word}", word.upper())
    if known not in FORMATS:
        raise UnknownNameError("picture format", name, [f.lower() for f in FORMATS])
    return FORMATS[known]


def format_of_suffix(path: Path) -> PictureFormat:
    """The format that a file name asks for.

    Raises:
        UnknownSuffixError: for a name without suffix, or with one that no format here has.
    """
    suffix = path.suffix.lower()
    if suffix in SUFFIXES:
        return FORMATS[SUFFIXES[suffix]]
    known = f"Known suffixes: {', '.join(sorted(SUFFIXES))}."
    if not suffix:
        raise UnknownSuffixError(f"The file name {path.name!r} has no suffix that tells a picture format.", hint=known)
    near = _nearest_suffix(suffix)
    hint = f"Did you mean {path.stem + near!r}? {known}" if near else known
    raise UnknownSuffixError(f"No picture format that can be written has the suffix {suffix!r}.", hint=hint)


def _nearest_suffix(suffix: str) -> str:
    near = difflib.get_close_matches(suffix, SUFFIXES, n=1, cutoff=0.6)
    return near[0] if near else ""


def can_write(fmt: PictureFormat) -> bool:
    """Whether this machine's Pillow writes the format: all but AVIF and WebP are always there."""
    from PIL import features

    return fmt.name not in ("AVIF", "WEBP") or bool(features.check(fmt.name.lower()))
