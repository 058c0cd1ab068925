"""onnxruntime-web, which runs networks in browsers: three files of the package that Microsoft publishes on npm.

They are 14 MB, so they are not in the wheel. They come from a folder that the user names, or from npm's registry: once,
checked, and kept.
"""

from __future__ import annotations

import os
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from impasto.errors import HashMismatchError, WeightsFormatError, WeightsMissingError
from impasto.home import impasto_home
from impasto.paths import is_file

if TYPE_CHECKING:
    from impasto.features.partial import DownloadProgress
    from impasto.features.sources import Digest

PACKAGE, VERSION = "onnxruntime-web", "1.30.0"
FILES = ("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm")
FOLDER = f"node_modules/{PACKAGE}/dist"
MAX_BYTES = 64 * 1024**2  # of one of them

_REGISTRY = "https://registry.npmjs.org"
_SIZE = 33_106_585
# As the registry tells it (`npm view onnxruntime-web@1.30.0 dist.integrity`), in hexadecimal.
_SHA512 = (
    "ab4cbe26baedba45d2cec05610c71c55fa97db92d19a8b171c5f826912668"
    "3ca590a5cdc57bb2f35ce2b298de32f4d956fb42644c0ecd528a0a91e025c07ca61"
)
_WASM = b"\0asm"


@dataclass(frozen=True)
class Package:
    """The package on npm's registry, or on the one that npm is told to use (`npm_config_registry`)."""

    address: str
    size: int
    digest: Digest
    name: str = f"{PACKAGE} {VERSION}"
    extra: str = "web"

    @property
    def title(self) -> str:
        return self.name

    @property
    def file_name(self) -> str:
        return self.address.rsplit("/", 1)[-1]

    @property
    def ways(self) -> str:
        return f"Leave --offline out, or type: npm install {PACKAGE}@{VERSION}, and name its folder: --runtime {FOLDER}"


def package() -> Package:
    """The version that the page is written for."""
    from impasto.features.sources import Digest

    told = (os.environ.get(name) for name in ("npm_config_registry", "NPM_CONFIG_REGISTRY"))
    registry = next((address for address in told if address), _REGISTRY).rstrip("/")
    return Package(f"{registry}/{PACKAGE}/-/{PACKAGE}-{VERSION}.tgz", _SIZE, Digest("sha512", _SHA512))


def runtime_files(
    folder: Path | None = None,
    *,
    offline: bool = False,
    progress: Callable[[DownloadProgress], None] | None = None,
) -> Mapping[str, bytes]:
    """The contents of `FILES` by name.

    Args:
        folder: that has them, such as `FOLDER`; None: what was fetched before, or npm's registry.
        offline: never touch the network.
        progress: see `fetch`.

    Raises:
        WeightsMissingError: the folder has them not.
        WeightsFormatError: they are something else.
        DownloadError, OutputError, MissingExtraError: see `impasto.features.download.fetch`.
    """
    if folder is not None:
        return {name: _read(folder, name) for name in FILES}
    from impasto.features.download import fetch

    return _unpacked(fetch(package(), impasto_home() / "web", offline=offline, progress=progress))


def _read(folder: Path, name: str) -> bytes:
    path = folder / name
    if not is_file(path):
        raise WeightsMissingError(
            f"There is no {name} in {str(folder)!r}.",
            hint=f"Type: npm install {PACKAGE}@{VERSION}, and name the folder {FOLDER}",
        )
    try:
        if path.stat().st_size > MAX_BYTES:
            raise WeightsFormatError(f"{name} is no file of {PACKAGE}.", hint=_anew())
        data = path.read_bytes()
    except OSError as error:
        raise WeightsFormatError(f"{name} can't be read: {error.strerror}.", hint="Check its permissions.") from error
    if not data or (name.endswith(".wasm") and not data.startswith(_WASM)):
        raise WeightsFormatError(f"{name} is no file of {PACKAGE}.", hint=_anew())
    return data


def _unpacked(archive: Path) -> dict[str, bytes]:
    try:
        with tarfile.open(archive) as package:
            members = {name: package.extractfile(f"package/dist/{name}") for name in FILES}
            return {name: member.read() for name, member in members.items() if member is not None}
    except (KeyError, OSError, tarfile.TarError) as error:  # its hash was right a moment ago
        raise HashMismatchError(f"{archive.name} is damaged.", hint="Remove it, and try again.") from error


def _anew() -> str:
    return f"Install it anew: npm install {PACKAGE}@{VERSION}"
