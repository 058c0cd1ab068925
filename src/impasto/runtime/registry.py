"""Models by name: networks that ship with Impasto and those that users add."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from impasto.errors import OutputExistsError, UnknownNameError, UnwritableOutputError, UsageError
from impasto.files import place_file
from impasto.home import impasto_home
from impasto.paths import is_file, is_folder
from impasto.runtime.fast import STYLE_SIDE, style_side
from impasto.runtime.network import load_model
from impasto.styles.shelf import NAME, canonical

SHIPPED = Path(__file__).resolve().parent.parent / "models"

_SUFFIX = ".onnx"


@dataclass(frozen=True)
class ModelEntry:
    """A model that has a name.

    Attributes:
        path: of its file.
        kind: "shipped" or "own".
    """

    name: str
    path: Path
    kind: str

    @cached_property
    def metadata(self) -> Mapping[str, str]:
        """What the file says of itself.

        Raises:
            WeightsFormatError: it is damaged.
        """
        return load_model(self.path).metadata

    @property
    def files(self) -> list[Path]:
        """All that belong to it."""
        return [file for file in (self.path, style_side(self.path)) if is_file(file)]


def models() -> list[ModelEntry]:
    """All models, those that ship first, each kind in alphabetical order."""
    return [*_in(SHIPPED, "shipped"), *_in(own_folder(), "own")]


def own_folder() -> Path:
    """Where added models are kept; it need not exist yet."""
    return impasto_home() / "models"


def find_model(word: str) -> ModelEntry:
    """The model of that name, or in that file; the user's own come first.

    Raises:
        UnknownNameError: neither, with near names.
    """
    path = Path(word)
    if is_file(path):
        return ModelEntry(path.stem, path, "file")
    entries = {entry.name: entry for entry in models()}  # own ones come last, and replace
    if canonical(word) not in entries:
        hint = "`impasto models list` lists them; a file is named with its suffix, .onnx."
        raise UnknownNameError("model", word, sorted(entries), hint=hint)
    return entries[canonical(word)]


def add_model(name: str, files: Mapping[str, bytes], *, overwrite: bool = False) -> ModelEntry:
    """Keep a model under a name.

    Args:
        files: contents by what follows the name: ".onnx", and "-style.onnx" where there is a style side.

    Raises:
        UsageError: a name with other characters than letters of the English alphabet, digits and hyphens.
        OutputExistsError: the name is taken.
        UnwritableOutputError: the folder can't be written to.
    """
    wanted = check_name(name, overwrite=overwrite)
    folder = own_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for suffix in sorted(files, reverse=True):  # the style side first: without the other it is nobody's
            place_file(folder / f"{wanted}{suffix}", files[suffix], overwrite=overwrite)
        if STYLE_SIDE not in files:
            (folder / f"{wanted}{STYLE_SIDE}").unlink(missing_ok=True)
    except OSError as error:
        raise UnwritableOutputError(
            f"The model can't be kept in {folder}: {error.strerror}.", hint="Set IMPASTO_HOME to another folder."
        ) from error
    return ModelEntry(wanted, folder / f"{wanted}{_SUFFIX}", "own")


def check_name(name: str, *, overwrite: bool = False) -> str:
    """The name as models have it, if one may be added under it.

    Raises:
        UsageError, OutputExistsError: see `add_model`.
    """
    wanted = canonical(name)
    if not NAME.fullmatch(wanted) or wanted.endswith("-style"):
        hint = "Use letters a to z, digits and hyphens, and no -style at the end."
        raise UsageError(f"A model can't be called {name!r}.", hint=hint)
    taken = {entry.name: entry.kind for entry in models()}.get(wanted)
    if taken == "shipped":
        raise OutputExistsError(f"Impasto has a model {wanted!r} already.", hint="Choose another --name.")
    if taken == "own" and not overwrite:
        raise OutputExistsError(f"You have a model {wanted!r} already.", hint="Choose another --name, or --overwrite.")
    return wanted


def remove_model(name: str) -> ModelEntry:
    """Remove one of the user's own models.

    Raises:
        UnknownNameError: the user has none of that name.
        UnwritableOutputError: a file can't be removed.
    """
    own = {entry.name: entry for entry in _in(own_folder(), "own")}
    if canonical(name) not in own:
        raise UnknownNameError("model of your own", name, sorted(own))
    entry = own[canonical(name)]
    try:
        for file in entry.files:
            file.unlink(missing_ok=True)
    except OSError as error:
        raise UnwritableOutputError(f"{entry.path} can't be removed: {error.strerror}.") from error
    return entry


def _in(folder: Path, kind: str) -> list[ModelEntry]:
    if not is_folder(folder):
        return []
    files = sorted(file for file in folder.glob(f"*{_SUFFIX}") if not file.name.endswith(STYLE_SIDE))
    return [ModelEntry(file.stem, file, kind) for file in files if NAME.fullmatch(file.stem) and is_file(file)]
