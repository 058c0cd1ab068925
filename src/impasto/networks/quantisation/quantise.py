"""A model in eight bits, made from a file of one, and judged before it is given away."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
import onnxruntime
from onnx import ModelProto, version_converter

from impasto.errors import ExportError, UsageError, WeightsFormatError
from impasto.networks.quantisation.calibration import measure
from impasto.networks.quantisation.comparison import AnyPainter, Comparison, Job, compare, prepared
from impasto.networks.quantisation.convolutions import run_whole
from impasto.networks.quantisation.graph import Graph
from impasto.networks.quantisation.plan import make_plan
from impasto.networks.quantisation.settings import QuantiseSettings
from impasto.networks.quantisation.weights import store_halves, store_large
from impasto.pictures import Picture
from impasto.runtime import fast, plain
from impasto.runtime.fast import STYLE_SIDE, FastSettings, style_side
from impasto.runtime.model import Model
from impasto.runtime.network import load_model
from impasto.runtime.opening import open_painter
from impasto.runtime.plain import PlainPainter
from impasto.runtime.registry import ModelEntry
from impasto.runtime.verification import verify_model
from impasto.styles import registry, shelf
from impasto.styles.code import StyleCode

ENTRY = "quantisation"
"""The entry of the metadata that tells of it."""

_OPSET = 13  # the first with scales by channel
_IR = 8
_FEW = 4
_DRAWN = 448, 448  # pixels, as painters look at styles
_SMALLER = "Name a smaller number: --least N."


@dataclass(frozen=True)
class Quantised:
    """A model in eight bits.

    Attributes:
        files: contents by what follows the name: ".onnx", and "-style.onnx" where there is a style side.
        convolutions: how many are done in eight bits.
        weights: how many more are only stored so, in all files.
        comparison: with the model that it was made of.
    """

    files: Mapping[str, bytes]
    convolutions: int
    weights: int
    comparison: Comparison


def quantise(path: Path, pictures: Sequence[Picture], settings: QuantiseSettings | None = None) -> Quantised:
    """A model in eight bits; nothing is written.

    It is calibrated on three quarters of the pictures and judged by the others, in other styles as far as there are
    enough; of three pictures or fewer, all serve for both.

    Args:
        path: of the model.
        pictures: photographs such as it will paint, at least one; they are painted in their own size.

    Raises:
        WeightsMissingError, WeightsFormatError: no model, or a damaged one.
        UsageError: one that can't be quantised, or is already; nothing in it is large enough; no pictures.
        ExportError: what comes out can't paint.
    """
    settings = settings or QuantiseSettings()
    model = _quantisable(path)
    painter = open_painter(path, FastSettings(device="cpu", threads=settings.threads))
    calibration, trial = _jobs(painter, path, pictures, settings)
    mark: dict[str, object] = {"kind": "weights" if settings.weights_only else "int8", "least": settings.least}
    proto = prepared_model(model, path.name)
    graph = Graph(proto)
    convolutions = 0
    if not settings.weights_only:
        convolutions = _run_whole(graph, proto, painter, calibration, settings)
        mark |= {"convolutions": convolutions, "calibrated_on": len(calibration)}
    weights = store_large(graph, settings.least)
    if not convolutions + weights:
        raise UsageError(f"{path.name} has no weights of {settings.least} numbers or more.", hint=_SMALLER)
    files = {".onnx": _finished(graph, {**model.metadata, ENTRY: json.dumps(mark)})}
    if style_side(path).is_file():
        files[STYLE_SIDE], more = _style_side(style_side(path), settings)
        weights += more
    comparison = _judged(path, files, trial, settings)
    files[".onnx"] = Model(files[".onnx"]).described({ENTRY: json.dumps(mark | {"judged": comparison.as_json()})})
    sizes = comparison.bytes[0], sum(len(data) for data in files.values())
    return Quantised(files, convolutions, weights, replace(comparison, bytes=sizes))


def _quantisable(path: Path) -> Model:
    model = load_model(path)
    about = model.metadata
    if ENTRY in about:
        raise UsageError(f"{path.name} is quantised already.", hint="Quantise the model that it was made of.")
    if about.get("format") not in (fast.KIND, plain.KIND):
        raise UsageError(
            f"{path.name} is no model of Impasto's.", hint="Networks made elsewhere are added first: impasto models add"
        )
    return model


# -- what to paint


def _jobs(
    painter: AnyPainter, path: Path, pictures: Sequence[Picture], settings: QuantiseSettings
) -> tuple[list[Job], list[Job]]:
    """To calibrate on, and to judge by."""
    if not pictures:
        raise UsageError("There are no pictures to calibrate on.", hint="Name a folder that holds photographs.")
    styles = _styles(painter, path)
    few = len(pictures) < _FEW
    kept = [picture for n, picture in enumerate(pictures) if few or n % 4 == 3]
    used = [picture for n, picture in enumerate(pictures) if few or n % 4 != 3]
    apart = len(styles) // 4 if len(styles) >= _FEW else 0
    return _together(used, styles[apart:], settings.styles), _together(kept, styles[:apart] or styles, settings.styles)


def _together(contents: Sequence[Picture], styles: Sequence[str | StyleCode | None], count: int) -> list[Job]:
    """Each picture in the next few styles."""
    turn = itertools.cycle(styles)
    return [Job(content, _drawn(next(turn))) for content in contents for _ in range(min(count, len(styles)))]


def _drawn(style: str | StyleCode | None) -> Picture | StyleCode | None:
    return registry.draw(style, size=_DRAWN) if isinstance(style, str) else style


def _styles(painter: AnyPainter, path: Path) -> list[str | StyleCode | None]:
    """All that a painter paints in, in random order. For painters of any style: those of the shelf, and names of those
    that are drawn, which try the style side too.
    """
    if isinstance(painter, PlainPainter):
        return [None]
    found: list[str | StyleCode] = list(painter.styles.values())
    if not found:
        codes = (shelf.find(name) for name in shelf.names())
        found = [code for code in codes if code.network == painter.codes.network]
        if style_side(path).is_file():
            found += registry.names()
    if not found:
        raise UsageError(
            f"There are no styles to calibrate {path.name} in.",
            hint=f"Put its style side, {style_side(path).name}, beside it.",
        )
    return [found[n] for n in np.random.default_rng(0).permutation(len(found))]


# -- the files


def prepared_model(model: Model, name: str) -> ModelProto:
    """A model in floats, of a version of ONNX that knows scales by channel, with all folded that is constant."""
    proto = onnx.load_from_string(model.data)
    version = max((entry.version for entry in proto.opset_import if entry.domain in ("", "ai.onnx")), default=0)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    with TemporaryDirectory() as folder:
        folded = Path(folder) / "folded.onnx"
        options.optimized_model_filepath = str(folded)
        try:
            if version < _OPSET:
                proto = version_converter.convert_version(proto, _OPSET)
            _fix_weights(proto)
            onnxruntime.InferenceSession(proto.SerializeToString(), options, providers=["CPUExecutionProvider"])
            proto = onnx.load(str(folded))
        except Exception as error:  # neither of the two has errors of its own
            raise WeightsFormatError(f"{name} can't be brought to version {_OPSET} of ONNX.") from error
    used = {node.domain for node in proto.graph.node} | {""}
    imports = [entry for entry in proto.opset_import if entry.domain in used]
    del proto.opset_import[:]
    proto.opset_import.extend(imports)
    return proto


def _fix_weights(proto: ModelProto) -> None:
    """Old files name their weights among the inputs, as what may be replaced."""
    stored = {tensor.name for tensor in proto.graph.initializer}
    ports = [port for port in proto.graph.input if port.name not in stored]
    del proto.graph.input[:]
    proto.graph.input.extend(ports)
    proto.ir_version = max(_IR, proto.ir_version)


def _run_whole(
    graph: Graph, proto: ModelProto, painter: AnyPainter, jobs: Sequence[Job], settings: QuantiseSettings
) -> int:
    """Let convolutions run in eight bits; how many there are."""
    if isinstance(painter, PlainPainter):
        plan = make_plan(graph, proto, [painter.network.metadata["input"]], least=settings.least)
    else:
        plan = make_plan(graph, proto, ["picture", "grain"], "modulation", least=settings.least)
    if not plan.convolutions:
        raise UsageError(
            f"No convolution could run in eight bits: none in between has {settings.least} weights or more.",
            hint=f"{_SMALLER} Or store the weights alone so: --weights-only.",
        )
    given = (painter.inputs(content, prepared(painter, style)) for content, style in jobs)
    floats = ModelProto()
    floats.CopyFrom(proto)
    run_whole(graph, plan, measure(floats, list(plan.tensors), given, threads=settings.threads))
    return len(plan.convolutions)


def _style_side(path: Path, settings: QuantiseSettings) -> tuple[bytes, int]:
    """With its weights in eight bits, and how many they are; it runs once a style, and as before."""
    model = load_model(path)
    graph = Graph(prepared_model(model, path.name))
    weights = store_large(graph, settings.least)
    mark = json.dumps({"kind": "weights", "least": settings.least})
    return _finished(graph, {**model.metadata, ENTRY: mark}), weights


def _finished(graph: Graph, metadata: Mapping[str, str]) -> bytes:
    store_halves(graph)
    return Model(graph.finished().SerializeToString()).described(metadata)


def _judged(path: Path, files: Mapping[str, bytes], jobs: Sequence[Job], settings: QuantiseSettings) -> Comparison:
    with TemporaryDirectory() as folder:
        for suffix, data in files.items():
            (Path(folder) / f"{path.stem}{suffix}").write_bytes(data)
        entry = ModelEntry(path.stem, Path(folder) / f"{path.stem}.onnx", "file")
        wrong = verify_model(entry)
        if wrong:
            raise ExportError(f"{path.name} can't be quantised: {wrong}")
        return compare(path, entry.path, jobs, threads=settings.threads)
