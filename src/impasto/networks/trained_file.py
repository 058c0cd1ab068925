"""Trained networks in files, with all that is needed to train on: safetensors that say what they hold."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from impasto.errors import WeightsFormatError, WeightsMissingError
from impasto.files import place_file
from impasto.paths import is_file

_FORMAT = "format"


def write_trained(path: Path, kind: str, tensors: Mapping[str, Tensor], about: Mapping[str, Any]) -> None:
    """Write tensors, in float32, to `path`, whole or not at all.

    Args:
        kind: of network.
        about: what else is needed to build it; values become JSON.
    """
    metadata = {_FORMAT: kind, **{key: json.dumps(value) for key, value in about.items()}}
    place_file(path, save({n: t.detach().float().contiguous() for n, t in tensors.items()}, metadata), overwrite=True)


def read_trained(path: Path, kind: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """What `write_trained` wrote: the tensors, and what is said about them.

    Raises:
        WeightsMissingError: no such file.
        WeightsFormatError: another file, one of another kind of network, or a damaged one.
    """
    if not is_file(path):
        raise WeightsMissingError(f"There is no weight file {path.name!r} where you said.", hint="Check the path.")
    with damage_told(path), safe_open(path, "pt") as file:
        metadata = file.metadata() or {}
        if metadata.pop(_FORMAT, None) != kind:
            raise WeightsFormatError(f"{path.name} holds no painter of this kind.")
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 — it is no dict
        return tensors, {key: json.loads(value) for key, value in metadata.items()}


@contextmanager
def damage_told(path: Path) -> Iterator[None]:
    """What goes wrong with a file's content, or with a network built from it, as our error.

    Raises:
        WeightsFormatError
    """
    try:
        yield
    except (SafetensorError, OSError, RuntimeError, ValueError, KeyError, TypeError) as error:
        raise WeightsFormatError(f"{path.name} is damaged.") from error
