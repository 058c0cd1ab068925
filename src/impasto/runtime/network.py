"""One ONNX file as a function: opened with care, described by its own metadata."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from impasto.errors import OutOfMemoryError, WeightsFormatError, WeightsMissingError
from impasto.paths import is_file
from impasto.runtime.devices import AUTO, PROVIDERS, resolve_device
from impasto.runtime.model import DamagedModelError, Floats, Model

MAX_BYTES = 64 * 1024**2
_SILENT = 4  # of ONNX Runtime's levels: only what is fatal; errors reach us as exceptions


class Network:
    """A network in an ONNX file.

    Args:
        path: the file.
        kind: its `format`, as its metadata must say.
        device: see `resolve_device`.
        threads: of the CPU; None leaves it to ONNX Runtime: one a core.

    Raises:
        WeightsMissingError: no such file.
        WeightsFormatError: no network, a damaged one, or one of another kind.
        DeviceError, UnknownNameError: see `resolve_device`.
    """

    def __init__(self, path: Path, *, kind: str, device: str = AUTO, threads: int | None = None) -> None:
        self.name, self.device, self.threads = path.name, resolve_device(device), threads
        self._model = load_model(path)
        self.metadata: Mapping[str, str] = self._model.metadata
        if self.metadata.get("format") != kind:
            raise WeightsFormatError(f"{path.name} is a network of another kind.")

    def function(
        self,
        output: str,
        *inputs: str,
        given: Mapping[str, Floats] | None = None,
        soon: bool = False,
        shapes: Mapping[str, Sequence[int]] | None = None,
    ) -> Function:
        """The part of the network that computes `output` from `inputs`, or from as many of them as it looks at.

        Args:
            given: tensors by name that are constants of that part.
            soon: rather ready soon than fast: ONNX Runtime optimises nothing, and does not plan which memory to use
                twice, which takes half of the time otherwise.
            shapes: of inputs by name, where they will always be these: ONNX Runtime then joins more operations.

        Raises:
            WeightsFormatError: the network is damaged, or has no such part.
        """
        import onnxruntime

        if output not in self._model.outputs:
            raise _damaged(self.name)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.threads or 0
        options.log_severity_level = _SILENT
        if soon:
            options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
            options.enable_mem_reuse = False
        _share_memory()
        options.add_session_config_entry("session.use_env_allocators", "1")
        # Threads that wait in a loop for more work cost other sessions, and other programs, a core each.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        for name, shape in (shapes or {}).items():
            for free, length in zip(self._model.free_sides(name), shape, strict=False):
                if free:
                    options.add_free_dimension_override_by_name(free, length)
        providers = list(dict.fromkeys((PROVIDERS[self.device], PROVIDERS["cpu"])))
        try:
            session = onnxruntime.InferenceSession(self._model.part([output], given), options, providers=providers)
        except Exception as error:  # ONNX Runtime's own have no common base but this
            raise _out_of_memory(error) or _damaged(self.name) from error
        if not {port.name for port in session.get_inputs()} <= set(inputs):
            raise _damaged(self.name)
        return Function(self.name, session, inputs)

    def number(self, name: str, low: int, high: int) -> int:
        """A whole number of the metadata, from `low` to `high`.

        Raises:
            WeightsFormatError: it is missing, no number, or another one.
        """
        try:
            value = int(self.metadata[name])
        except (KeyError, ValueError) as error:
            raise WeightsFormatError(f"{self.name} does not say its {name.replace('_', ' ')}.") from error
        if not low <= value <= high:
            raise WeightsFormatError(f"{self.name} can't have a {name.replace('_', ' ')} of {value}.")
        return value


class Function:
    """A part of a network, ready to run."""

    def __init__(self, name: str, session: Any, inputs: tuple[str, ...]) -> None:
        self._name, self._session, self._inputs = name, session, inputs
        self._looked_at = {port.name for port in session.get_inputs()}

    def __call__(self, *arrays: Floats) -> Floats:
        """The output for these inputs, in the order in which they were named.

        Raises:
            OutOfMemoryError: there is too little for inputs of this size.
            WeightsFormatError: the network can't be run on them.
        """
        named = zip(self._inputs, arrays, strict=True)
        feed = {name: array for name, array in named if name in self._looked_at}
        try:
            result: Floats = self._session.run(None, feed)[0]
        except Exception as error:
            raise _out_of_memory(error) or _damaged(self._name) from error
        return result


def load_model(path: Path) -> Model:
    """The network in a file, not opened yet.

    Raises:
        WeightsMissingError: no such file.
        WeightsFormatError: no network, or a damaged one.
    """
    try:
        return Model(_read(path))
    except DamagedModelError as error:
        raise _damaged(path.name) from error


@cache
def _share_memory() -> None:
    """One pool of memory for all functions: each painting has a new one, and fresh memory costs as much time as the
    painting itself.
    """
    import onnxruntime as ort

    where = ort.OrtMemoryInfo("Cpu", ort.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, ort.OrtMemType.DEFAULT)
    with suppress(RuntimeError):  # another user of ONNX Runtime in this process has made one
        ort.create_and_register_allocator(where, ort.OrtArenaCfg({"arena_extend_strategy": 1}))


def _out_of_memory(error: Exception) -> OutOfMemoryError | None:
    """Our error, where ONNX Runtime's tells of a lack of memory: it has no type of its own for that."""
    if isinstance(error, MemoryError) or "alloc" in str(error).lower():
        return OutOfMemoryError("There is too little memory for this picture.", hint="Use smaller tiles.")
    return None


def _damaged(name: str) -> WeightsFormatError:
    return WeightsFormatError(f"{name} is no network, or a damaged one.")


def _read(path: Path) -> bytes:
    if not is_file(path):
        raise WeightsMissingError(f"There is no network {path.name!r} where you said.", hint="Check the path.")
    try:
        if path.stat().st_size > MAX_BYTES:
            raise WeightsFormatError(f"{path.name} is larger than any painter (over {MAX_BYTES >> 20} MB).")
        return path.read_bytes()
    except OSError as error:
        raise WeightsFormatError(
            f"{path.name} can't be read: {error.strerror}.", hint="Check its permissions."
        ) from error
