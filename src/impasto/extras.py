"""Optional parts: which package belongs to which extra, and how its absence is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from impasto.errors import MissingExtraError

EXTRA_OF_PACKAGE: Mapping[str, str] = {
    "torch": "studio",
    "safetensors": "studio",
    "h5py": "studio",
    "httpx": "studio",
    "tifffile": "studio",
    "matplotlib": "studio",
    "tensorboard": "studio",
    "onnx": "studio",
    "onnxscript": "studio",
    "dbos": "service",
    "fastapi": "service",
    "fsspec": "service",
    "httpcore": "service",
    "prometheus_client": "service",
    "psycopg": "service",
    "pydantic": "service",
    "python_multipart": "service",
    "sqlalchemy": "service",
    "uvicorn": "service",
    "ai_edge_litert": "litert",
    "litert_torch": "litert",
    "skimage": "demo",
}
"""Importable name of a package → the extra that installs it; a test compares this with pyproject.toml."""


@contextmanager
def needs_extra(what: str) -> Iterator[None]:
    """Imports inside the block that fail for want of an optional package are told as such.

    Args:
        what: beginning of the sentence "… needs the optional part 'studio'".

    Raises:
        MissingExtraError: a package of `EXTRA_OF_PACKAGE` is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        extra = EXTRA_OF_PACKAGE.get((error.name or "").partition(".")[0])
        if extra is None:
            raise
        raise MissingExtraError(what, extra) from error
