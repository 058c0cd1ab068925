"""Containers of named tensors: HDF5 (and the .keras archive around it), torch and safetensors files.

A container lists names, shapes and types at once and reads tensors only when asked, so what a layout does not want is
not read, and a small file that declares huge tensors is refused by its shapes. Nothing in a file is ever executed.
"""

from __future__ import annotations

import io
import math
import pickle
import warnings
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import torch
from torch import Tensor

from impasto.errors import MissingExtraError, WeightsError, WeightsFormatError, WeightsMissingError
from impasto.features.signatures import HEAD_BYTES, Kind, kind_of

# VGG-19 with its classifier, the largest that is published, has 575 MB.
MAX_BYTES = 2 * 1024**3

_FETCH_AGAIN = "Fetch the file again."


@dataclass(frozen=True)
class Stored:
    """A tensor in a file: what it is, and how to read it. `file` is the file's bare name, for messages."""

    file: str
    name: str
    shape: tuple[int, ...]
    dtype: str
    read: Callable[[], Tensor] = field(repr=False)


@dataclass(frozen=True)
class Container:
    """An open weight file: its bare name, its kind, its tensors by name, and its metadata (safetensors only)."""

    name: str
    kind: Kind
    tensors: Mapping[str, Stored]
    metadata: Mapping[str, str] = field(default_factory=dict)


@contextmanager
def open_container(path: Path) -> Iterator[Container]:
    """Open a weight file for as long as the `with` block lasts; its kind is told by content.

    Raises:
        WeightsMissingError: no such file.
        WeightsFormatError: not a weight file, larger than `MAX_BYTES`, holding code, damaged (even if only found out
            while a tensor is read).
        WeightsError: the system refuses to read it.
        MissingExtraError: the package that reads this kind is not installed.
    """
    kind = kind_of(_head(path))
    if kind not in _OPENERS:
        raise _not_weights(path.name, kind)
    with ExitStack() as stack:
        with _refusing_damage(path.name):
            container = _OPENERS[kind](path, stack)
        _refuse_bomb(container)
        yield container


def _head(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise WeightsFormatError(f"{path.name!r} is a folder, not a weight file.", hint="Name the file inside it.")
        if path.stat().st_size > MAX_BYTES:
            raise WeightsFormatError(f"{path.name} is larger than any encoder (over {MAX_BYTES / 1e9:.1f} GB).")
        with path.open("rb") as file:
            return file.read(HEAD_BYTES)
    except FileNotFoundError as error:
        raise WeightsMissingError(
            f"There is no weight file {path.name!r} where you said.", hint="Check the path."
        ) from error
    except OSError as error:
        raise WeightsError(f"{path.name} cannot be read ({error.strerror}).", hint="Check its permissions.") from error


def _not_weights(name: str, kind: Kind) -> WeightsFormatError:
    if kind == "empty":
        return WeightsFormatError(f"{name} is empty.", hint=_FETCH_AGAIN)
    if kind == "web page":
        return WeightsFormatError(
            f"{name} is a web page, not weights.",
            hint="Fetch the file itself, not the page about it; for instance by: impasto weights get vgg19",
        )
    if kind == "git-lfs pointer":
        return WeightsFormatError(
            f"{name} is a Git LFS pointer, not the weights it points to.", hint="Type: git lfs pull"
        )
    return WeightsFormatError(
        f"{name} is of no weight format that we read, or damaged from its first byte.",
        hint="Known formats: Keras HDF5 and .keras, torch state dicts, safetensors.",
    )


@contextmanager
def _refusing_damage(name: str) -> Iterator[None]:
    """Turn whatever a parser throws at a damaged or hostile file into one error.

    The parsers (C libraries, torch's restricted unpickler) promise no closed set of exceptions for such files, hence
    `Exception`.
    """
    try:
        yield
    except (WeightsError, MissingExtraError):
        raise
    except ImportError as error:
        raise MissingExtraError(f"Reading {name}", "studio") from error
    except pickle.UnpicklingError as error:
        raise WeightsFormatError(
            f"{name} holds objects or code beside tensors, or is damaged; it was not run.",
            hint="Save the state dict alone, or as safetensors: safetensors.torch.save_file(model.state_dict(), path)",
        ) from error
    except Exception as error:
        raise WeightsFormatError(f"{name} is damaged or cut short.", hint=_FETCH_AGAIN) from error


def _refuse_bomb(container: Container) -> None:
    # Layouts read a part of the tensors only, and each is float32 in memory, whatever it is in the file.
    for stored in container.tensors.values():
        if math.prod(stored.shape) * 4 > MAX_BYTES:
            raise WeightsFormatError(
                f"{container.name}: {stored.name!r} is larger than any encoder's ({stored.shape})."
            )


def _stored(file: str, name: str, shape: tuple[int, ...], dtype: str, read: Callable[[], Tensor]) -> Stored:
    def checked() -> Tensor:
        with _refusing_damage(file):
            return read()

    return Stored(file, name, tuple(shape), dtype, checked)


def _open_safetensors(path: Path, stack: ExitStack) -> Container:
    from safetensors import safe_open

    types = {"F16": "float16", "BF16": "bfloat16", "F32": "float32", "F64": "float64"}
    file = stack.enter_context(safe_open(path, framework="pt", device="cpu"))
    tensors = {}
    for name in file.keys():  # noqa: SIM118 - not a dict
        view = file.get_slice(name)
        dtype = types.get(view.get_dtype(), view.get_dtype())
        tensors[name] = _stored(path.name, name, tuple(view.get_shape()), dtype, partial(file.get_tensor, name))
    return Container(path.name, "safetensors", tensors, file.metadata() or {})


def _open_hdf5(path: Path, stack: ExitStack) -> Container:
    import h5py

    return _list_hdf5(path.name, stack.enter_context(h5py.File(path, "r")))


def _list_hdf5(name: str, file: Any) -> Container:
    import h5py

    tensors: dict[str, Stored] = {}

    # `visititems` follows neither soft nor external links, so a file cannot make us read another one.
    def visit(key: str | bytes, node: object) -> None:
        if not isinstance(node, h5py.Dataset):
            return
        # h5py gives a name that is no UTF-8 as bytes.
        key = key.decode("latin-1") if isinstance(key, bytes) else key
        if node.external or node.is_virtual:
            raise WeightsFormatError(f"{name}: {key!r} refers to another file.", hint="Save the weights in one file.")
        if node.shape is not None:
            read = partial(_read_dataset, node)
            tensors[key] = _stored(name, key, node.shape, node.dtype.name, read)

    file.visititems(visit)
    return Container(name, "hdf5", tensors)


def _read_dataset(dataset: Any) -> Tensor:
    return torch.from_numpy(dataset.astype("float32")[()])


def _open_zip(path: Path, stack: ExitStack) -> Container:
    """A torch file or a .keras archive: both are ZIP archives."""
    with zipfile.ZipFile(path) as archive:
        members = {member.filename: member.file_size for member in archive.infolist()}
        if sum(members.values()) > MAX_BYTES:
            raise WeightsFormatError(f"{path.name} would unpack into more than any encoder has.")
        if any(PurePosixPath(member).name == "constants.pkl" for member in members):
            raise WeightsFormatError(
                f"{path.name} is a TorchScript program, not weights.", hint="Save the model's state_dict() instead."
            )
        if any(PurePosixPath(member).name == "data.pkl" for member in members):
            return _open_torch(path, stack, mmap=True)
        if "model.weights.h5" not in members:
            raise _not_weights(path.name, "unknown")
        import h5py

        content = io.BytesIO(archive.read("model.weights.h5"))
    return _list_hdf5(path.name, stack.enter_context(h5py.File(content, "r")))


def _open_torch(path: Path, stack: ExitStack, *, mmap: bool = False) -> Container:
    # weights_only: torch's restricted unpickler, which builds tensors and plain containers and calls nothing else.
    with warnings.catch_warnings(action="ignore"):
        state = torch.load(path, map_location="cpu", weights_only=True, mmap=mmap)
    for wrapper in ("state_dict", "model_state_dict", "model"):
        if isinstance(state, Mapping) and isinstance(state.get(wrapper), Mapping):
            state = state[wrapper]
    tensors = {}
    for name, tensor in state.items() if isinstance(state, Mapping) else ():
        if isinstance(name, str) and isinstance(tensor, Tensor) and tensor.layout == torch.strided:
            # DataParallel puts "module." before every name.
            name = name.removeprefix("module.")
            dtype = str(tensor.dtype).removeprefix("torch.")
            tensors[name] = _stored(path.name, name, tuple(tensor.shape), dtype, tensor.detach)
    return Container(path.name, "pickle", tensors)


_OPENERS: Mapping[Kind, Callable[[Path, ExitStack], Container]] = {
    "safetensors": _open_safetensors,
    "hdf5": _open_hdf5,
    "zip": _open_zip,
    "pickle": _open_torch,
}
