"""Published encoder weights: one table with the address, size, hash and licence of each.

To add one, add an entry to `PUBLISHED`; if its file has a layout of its own, add a reader in `formats/` too.

Where the figures come from. Keras publishes addresses and MD5 sums in `keras/src/applications/vgg{16,19}.py`; sizes are
those that its downloader prints. PyTorch publishes the first eight digits of the SHA-256 in the file's name (a
convention of `torch.hub`); the whole sums and the sizes are those that many who have the files recorded, and they begin
with the published digits. MD5 no longer withstands a forger, but it is what the publisher gives, it catches every
accident, and the address is HTTPS.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from impasto.errors import UnknownNameError

SHIPPED = "lite"
MODELS = Path(__file__).resolve().parent.parent / "models"

_OXFORD = "CC BY 4.0 (Visual Geometry Group, University of Oxford)"
_TORCHVISION = "BSD-3-Clause (torchvision)"


@dataclass(frozen=True)
class Digest:
    """The published hash of a file: `value` in lower-case hexadecimal."""

    algorithm: Literal["md5", "sha256", "sha512"]
    value: str

    def matches(self, path: Path) -> bool:
        """Whether the file at `path` hashes to this."""
        with path.open("rb") as file:
            found = hashlib.file_digest(file, lambda: hashlib.new(self.algorithm, usedforsecurity=False))
        return found.hexdigest() == self.value


class PublishedFile(Protocol):
    """A file that its publisher offers for download, as `download.fetch` takes it."""

    @property
    def address(self) -> str:
        """The publisher's own."""
        ...

    @property
    def size(self) -> int:
        """In bytes."""
        ...

    @property
    def digest(self) -> Digest:
        """The published hash."""
        ...

    @property
    def file_name(self) -> str:
        """What it is kept as."""
        ...

    @property
    def name(self) -> str:
        """Short, beside the bar."""
        ...

    @property
    def title(self) -> str:
        """In the middle of a sentence."""
        ...

    @property
    def extra(self) -> str:
        """The optional part of Impasto that can fetch it."""
        ...

    @property
    def ways(self) -> str:
        """How to get it where fetching was forbidden: a sentence."""
        ...


@dataclass(frozen=True)
class PublishedWeights:
    """A weight file that its publisher offers for download.

    Attributes:
        name: what users type, such as `vgg19`.
        architecture: a key of `architectures.ARCHITECTURES`.
        address: the publisher's own.
        size: in bytes.
        digest: the published hash.
        licence: of the weights.
        format: the layout of the file, told to users; readers recognise it by content.
    """

    name: str
    architecture: str
    address: str
    size: int
    digest: Digest
    licence: str
    format: str

    @property
    def file_name(self) -> str:
        """The publisher's file name, kept so that a file fetched by hand is found too."""
        return self.address.rsplit("/", 1)[-1]

    @property
    def title(self) -> str:
        return f"the weights of {self.name}"

    @property
    def extra(self) -> str:
        return "studio"

    @property
    def ways(self) -> str:
        return f"Without --offline, type: impasto weights get {self.name}"

    @property
    def megabytes(self) -> str:
        return f"{self.size / 1e6:.0f} MB"


_KERAS = "https://storage.googleapis.com/tensorflow/keras-applications"
_PYTORCH = "https://download.pytorch.org/models"

_TABLE = (
    PublishedWeights(
        name="vgg19",
        architecture="vgg19",
        address=f"{_KERAS}/vgg19/vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5",
        size=80_134_624,
        digest=Digest("md5", "253f8cb515780f3b799900260a226db6"),
        licence=_OXFORD,
        format="Keras HDF5",
    ),
    PublishedWeights(
        name="vgg16",
        architecture="vgg16",
        address=f"{_KERAS}/vgg16/vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
        size=58_889_256,
        digest=Digest("md5", "6d6bbae143d832006294945121d1f1fc"),
        licence=_OXFORD,
        format="Keras HDF5",
    ),
    PublishedWeights(
        name="vgg19-torchvision",
        architecture="vgg19",
        address=f"{_PYTORCH}/vgg19-dcbb9e9d.pth",
        size=574_673_361,
        digest=Digest("sha256", "dcbb9e9dad569fff7a846263a77324fc34978fea2bfb039c012d710e1776ae44"),
        licence=_TORCHVISION,
        format="torchvision state dict",
    ),
    PublishedWeights(
        name="vgg16-torchvision",
        architecture="vgg16",
        address=f"{_PYTORCH}/vgg16-397923af.pth",
        size=553_433_881,
        digest=Digest("sha256", "397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0"),
        licence=_TORCHVISION,
        format="torchvision state dict",
    ),
)

PUBLISHED: Mapping[str, PublishedWeights] = {entry.name: entry for entry in _TABLE}


def published(name: str) -> PublishedWeights:
    """The table's entry for a name, upper or lower case.

    Raises:
        UnknownNameError: for a name that is not in the table; suggests near ones.
    """
    entry = PUBLISHED.get(name.strip().lower())
    if entry is None:
        raise UnknownNameError("downloadable encoder", name, PUBLISHED)
    return entry
