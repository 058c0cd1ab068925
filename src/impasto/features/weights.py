"""Encoders from weights: by name (shipped or downloaded) or from a file, whose layout is told by what is in it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import torch

from impasto.errors import UnknownNameError, WeightsFormatError, WeightsMissingError
from impasto.features.architectures import ARCHITECTURES, Architecture
from impasto.features.encoder import Encoder, Pooling
from impasto.features.formats import open_container, recognise
from impasto.features.mobile import make_encoder
from impasto.features.padding import Padding
from impasto.features.sources import MODELS, PUBLISHED, SHIPPED, PublishedWeights
from impasto.home import weights_folder
from impasto.paths import is_file, is_there


def load_encoder(
    source: str | Path = SHIPPED,
    *,
    layers: Iterable[str] | None = None,
    padding: Padding | None = None,
    pooling: Pooling = "max",
) -> Encoder:
    """An encoder with its weights, frozen and in evaluation mode, on the CPU in float32.

    Args:
        source: a name (`lite`; once downloaded, those of `sources.PUBLISHED`) or the path of a weight file: Keras HDF5,
            torchvision state dict, safetensors. Any VGG-like network of 3×3 convolutions will do, whatever its widths,
            and what `impasto train encoder` made.
        layers: VGG or Keras names; nothing deeper than the deepest of them is read or kept. None keeps all.
        padding: None takes what the weights were trained with.
        pooling: "max", as VGG was trained, or "average" (Gatys et al. 2016).

    Raises:
        UnknownNameError: an encoder, layer, padding or pooling that does not exist.
        WeightsMissingError: not on this machine; the hint is the command that fetches it.
        WeightsFormatError: damaged, or of no known layout.
        MissingExtraError: the package that reads such files is not installed.
    """
    name, path, expected = _locate(source)
    with open_container(path) as container:
        weights = recognise(container)
        if expected not in (None, weights.architecture):
            raise WeightsFormatError(
                f"The file of {name} holds another network.", hint=f"Type: impasto weights get {name}"
            )
        # On "meta" nothing is initialised at random, so neither time nor the caller's random state is spent.
        with torch.device("meta"):
            encoder = make_encoder(
                weights.architecture, layers=layers, padding=padding or weights.padding, pooling=pooling, name=name
            )
        encoder.load_state_dict(
            {key: weights.tensor(key.removeprefix("convolutions.")) for key in encoder.state_dict()}, assign=True
        )
    return encoder.eval().requires_grad_(False)


def known_encoders() -> list[str]:
    """Names that `load_encoder` takes, the shipped one first."""
    return [SHIPPED, *PUBLISHED]


def _locate(source: str | Path) -> tuple[str, Path, Architecture | None]:
    """Name, file, and the architecture that the file must have (None: any)."""
    word = source.strip().lower() if isinstance(source, str) else ""
    if word == SHIPPED:
        return SHIPPED, _shipped_file(), None
    if entry := PUBLISHED.get(word):
        return entry.name, _published_file(entry), ARCHITECTURES[entry.architecture]
    path = Path(source).expanduser()
    # A bare word that is no file was meant as a name; anything with a folder or a suffix was meant as a path.
    if isinstance(source, str) and not is_there(path) and not path.suffix and path.name == source:
        known = known_encoders()
        raise UnknownNameError(
            "encoder", source, known, hint=f"Known: {', '.join(known)}, or the path of a weight file."
        )
    return path.stem, path, None


def _shipped_file() -> Path:
    path = MODELS / f"{SHIPPED}.safetensors"
    if not path.is_file():
        raise WeightsMissingError(
            f"The encoder {SHIPPED!r} is missing from this installation.",
            hint="Type: pip install --force-reinstall --no-deps impasto",
        )
    return path


def _published_file(entry: PublishedWeights) -> Path:
    path = weights_folder() / entry.file_name
    if not is_file(path):
        raise WeightsMissingError(
            f"The weights of {entry.name} ({entry.megabytes}) are not on this machine.",
            hint=f"Type: impasto weights get {entry.name}",
        )
    return path
