"""Which weights are on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from impasto.features.sources import MODELS, PUBLISHED, SHIPPED, PublishedWeights
from impasto.home import weights_folder


@dataclass(frozen=True)
class WeightsStatus:
    """One encoder's weights.

    Attributes:
        name: what `load_encoder` and `download_weights` take.
        present: whether the file is there.
        path: where it is, or would be.
        size: bytes: of the published file, or of the shipped one (0 if that is missing).
        licence: of the weights.
        address: where it is downloaded from; empty for the encoder that is shipped.
        verified: True, its bytes are those published; False, they are not; None, not compared.
    """

    name: str
    present: bool
    path: Path
    size: int
    licence: str
    address: str
    verified: bool | None


def weights_status(*, home: Path | str | None = None, verify: bool = False) -> list[WeightsStatus]:
    """All encoders that can be loaded by name, the shipped one first.

    Args:
        home: instead of `home.impasto_home()`.
        verify: hash the files that are there (about a second for a gigabyte). Without it only a wrong size is noticed.
    """
    shipped = MODELS / f"{SHIPPED}.safetensors"
    size = shipped.stat().st_size if shipped.is_file() else 0
    first = WeightsStatus(SHIPPED, size > 0, shipped, size, "Apache-2.0", "", None)
    return [first, *(_published(entry, weights_folder(home), verify) for entry in PUBLISHED.values())]


def _published(entry: PublishedWeights, folder: Path, verify: bool) -> WeightsStatus:
    path = folder / entry.file_name
    present = path.is_file()
    verified: bool | None = None
    if present and path.stat().st_size != entry.size:
        verified = False
    elif present and verify:
        verified = entry.digest.matches(path)
    return WeightsStatus(entry.name, present, path, entry.size, entry.licence, entry.address, verified)
