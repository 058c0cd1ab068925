"""Pictures for the benchmarks: a folder of fixtures with its list of pairs, or what scikit-image and our own styles
give.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import skimage

from impasto import styles
from impasto.pictures import Picture, read_picture

OWN_PAIRS = (
    ("astronaut", "swirling-strokes"),
    ("chelsea", "mosaic"),
    ("coffee", "palette-knife"),
    ("rocket", "ink-wash"),
)


@dataclass(frozen=True)
class Pair:
    content_name: str
    style_name: str
    content: Picture
    style: Picture

    @property
    def name(self) -> str:
        return f"{self.content_name}__{self.style_name}"


def pairs(data: Path | None) -> Iterator[Pair]:
    """The pairs of `data/pairs.csv` with pictures in `data/fixtures/{content,style}`; without `data`, pairs that need
    no download.
    """
    if data is None:
        for content, style in OWN_PAIRS:
            yield Pair(content, style, sample_photo(content), styles.draw(style))
        return
    with (data / "pairs.csv").open(newline="") as file:
        names = [tuple(row) for row in csv.reader(file) if row]
    for content, style in names:
        yield Pair(content, style, _fixture(data, "content", content), _fixture(data, "style", style))


def sample_photo(name: str) -> Picture:
    """A photograph that scikit-image's wheel carries."""
    folder = Path(skimage.__file__).parent / "data"
    return read_picture(next(p for p in sorted(folder.glob(f"{name}.*")) if p.suffix in {".png", ".jpg"}))


def _fixture(data: Path, kind: str, name: str) -> Picture:
    return read_picture(next((data / "fixtures" / kind).glob(f"{name}.*")))
