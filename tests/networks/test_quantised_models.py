"""Models in eight bits, from file to painting."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from made_by_hand import LARGE, painter, style_side
from onnx import TensorProto, helper, numpy_helper

import impasto
from impasto.errors import ExportError, UsageError, WeightsFormatError, WeightsMissingError
from impasto.losses.scores import Scores
from impasto.networks.quantisation import quantise as work
from impasto.networks.quantisation.comparison import Comparison
from impasto.networks.quantisation.quantise import ENTRY, Quantised, quantise
from impasto.networks.quantisation.settings import QuantiseSettings
from impasto.painters import WeightedStyle
from impasto.pictures import Picture
from impasto.runtime.adoption import adopt
from impasto.runtime.fast import FastPainter, FastSettings
from impasto.runtime.model import Model
from impasto.runtime.network import load_model
from impasto.runtime.registry import ModelEntry
from impasto.runtime.verification import verify_model

SETTINGS = QuantiseSettings(least=LARGE, threads=1)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A painter of two styles."""
    return painter(tmp_path_factory.mktemp("two") / "two.onnx")


@pytest.fixture(scope="module")
def any_style(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A painter of any style; its style side lies beside it."""
    folder = tmp_path_factory.mktemp("any")
    style_side(folder / "any-style.onnx")
    return painter(folder / "any.onnx", ())


@pytest.fixture(scope="module")
def photographs() -> list[Picture]:
    """Five, each with an edge, a slope and some noise."""
    random, (y, x) = np.random.default_rng(0), np.mgrid[0:64, 0:80].astype(np.float32)
    found = []
    for n in range(5):
        edge = (x * np.cos(n) + y * np.sin(n) > 30).astype(np.float32)
        picture = np.stack([edge, x / 80, y / 64], 2) * 0.8 + 0.2 * random.random((64, 80, 3), np.float32)
        found.append(Picture(picture.astype(np.float32)))
    return found


def _write(made: Quantised, folder: Path, stem: str = "small") -> Path:
    for suffix, data in made.files.items():
        (folder / f"{stem}{suffix}").write_bytes(data)
    return folder / f"{stem}.onnx"


@pytest.fixture(scope="module")
def made(two: Path, photographs: list[Picture]) -> Quantised:
    return quantise(two, photographs, SETTINGS)


@pytest.fixture(scope="module")
def file(made: Quantised, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _write(made, tmp_path_factory.mktemp("quantised"))


def _psnr(a: Picture, b: Picture) -> float:
    return float(-10 * np.log10(np.square(a.pixels - b.pixels).mean()))


def test_paintings_stay_alike(made: Quantised, file: Path, two: Path, photographs: list[Picture]) -> None:
    assert (made.convolutions, made.weights) == (2, 0)
    for style in ("dots", "waves", [("dots", 1), ("waves", 1)]):
        before, after = (impasto.paint(photographs[0], style, model=str(path)) for path in (two, file))
        assert 30 < _psnr(after, before) < 90


def test_convolutions_really_run_in_eight_bits(file: Path, tmp_path: Path, photographs: list[Picture]) -> None:
    import onnxruntime

    painter = FastPainter(file, FastSettings(threads=1))
    given = painter.inputs(photographs[0], painter.styles["dots"])
    modulation = painter.content.function("modulation", "thumbnail", "thumbnail_grain", "code")(
        *(given[name] for name in ("thumbnail", "thumbnail_grain", "code"))
    )
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath, options.log_severity_level = str(tmp_path / "optimised.onnx"), 4
    part = load_model(file).part(["squares"], {"modulation": modulation})
    onnxruntime.InferenceSession(part, options, providers=["CPUExecutionProvider"])
    nodes = [node.op_type for node in onnx.load(str(tmp_path / "optimised.onnx")).graph.node]
    assert nodes.count("QLinearConv") == 2
    # The two parts are what the whole file does.
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    (whole,) = session.run(["painting"], given)
    inner = whole[0].transpose(1, 2, 0)[56 : 56 + 64, 56 : 56 + 80]
    painted = painter.paint(photographs[0], painter.styles["dots"]).picture.pixels
    assert np.abs(inner - painted).mean() < 0.01


def test_what_the_file_says_of_itself_stays(made: Quantised, file: Path, two: Path) -> None:
    before, after = load_model(two), load_model(file)
    assert after.intact
    apart = {ENTRY, "checksum"}
    assert {k: v for k, v in after.metadata.items() if k not in apart} == {
        k: v for k, v in before.metadata.items() if k not in apart
    }
    for name in ("picture", "grain", "thumbnail", "thumbnail_grain", "code"):
        assert after.free_sides(name) == before.free_sides(name)
    told = json.loads(after.metadata[ENTRY])
    assert (told["kind"], told["convolutions"], told["judged"]["pictures"]) == ("int8", 2, 2)
    assert told["judged"]["mean"]["psnr"] == pytest.approx(made.comparison.mean.psnr, abs=1e-4)
    assert verify_model(ModelEntry("small", file, "file")) is None


def test_every_weight_is_off_by_half_a_step_at_most(file: Path, two: Path) -> None:
    before, after = (
        {tensor.name: numpy_helper.to_array(tensor) for tensor in onnx.load(str(path)).graph.initializer}
        for path in (two, file)
    )
    found = 0
    for name, numbers in after.items():
        if numbers.dtype == np.int8 and numbers.ndim == 4:
            weight, scales = before[f"{name.removeprefix('int8/')}_half"].astype(np.float64), after[f"{name}/scales"]
            assert np.abs(weight - numbers * scales.astype(np.float64)).max() <= scales.max() / 2 * (1 + 1e-5)
            assert (np.abs(weight - numbers * scales.astype(np.float64)) <= scales / 2 * (1 + 1e-5)).all()
            found += 1
    assert found == 2


def test_tiles_and_all_sizes_as_before(file: Path, photographs: list[Picture]) -> None:
    assert impasto.paint(photographs[0].resized((1, 7)), "dots", model=str(file)).size == (1, 7)
    photo = Picture(np.tile(photographs[0].pixels, (4, 3, 1)))
    whole, tiled = (impasto.paint(photo, "dots", model=str(file), tile=tile, threads=1).pixels for tile in (4096, 96))
    error = np.abs(whole - tiled)
    # Sums of floats differ in their last digit, and now and then that makes one step of 255 of a tensor.
    assert error.mean() < 1e-4
    assert error.max() < 0.05


def test_the_style_side_comes_along(any_style: Path, photographs: list[Picture], tmp_path: Path) -> None:
    made = quantise(any_style, photographs[:1], replace(SETTINGS, styles=1))
    assert (made.convolutions, made.weights, set(made.files)) == (2, 1, {".onnx", "-style.onnx"})
    file = _write(made, tmp_path)
    before, after = (FastPainter(path, FastSettings(threads=1)) for path in (any_style, file))
    style = [WeightedStyle(photographs[1])]
    first, second = (p.paint(photographs[0], p.prepare(style)).picture for p in (before, after))
    assert 30 < _psnr(second, first) < 90
    side = load_model(tmp_path / "small-style.onnx")
    assert (side.intact, json.loads(side.metadata[ENTRY])["kind"]) == (True, "weights")
    code = before.prepare(style)  # codes made by the one serve the other
    assert _psnr(after.paint(photographs[0], code).picture, first) > 30


def test_weights_alone_change_nothing_else(two: Path, photographs: list[Picture], tmp_path: Path) -> None:
    made = quantise(two, photographs, QuantiseSettings(weights_only=True, least=LARGE, threads=1))
    assert (made.convolutions, made.weights) == (0, 2)
    file = _write(made, tmp_path)
    assert not {"QuantizeLinear", "DequantizeLinear"} & {node.op_type for node in onnx.load(str(file)).graph.node}
    assert len(made.files[".onnx"]) < two.stat().st_size + 1000
    # The same network, its weights rounded here.
    rounded = onnx.load(str(two))
    weights = {tensor.name: tensor for tensor in rounded.graph.initializer}
    for name in ("first", "second"):
        value = numpy_helper.to_array(weights[f"{name}_half"]).astype(np.float32)
        scales = np.abs(value).max((1, 2, 3), keepdims=True) / 127
        weights[f"{name}_half"].CopyFrom(numpy_helper.from_array(np.round(value / scales) * scales, f"{name}_half"))
    expected = tmp_path / "rounded.onnx"
    expected.write_bytes(Model(rounded.SerializeToString()).described({}))
    for style in ("dots", "waves"):
        one, other = (impasto.paint(photographs[0], style, model=str(path)) for path in (file, expected))
        np.testing.assert_allclose(one.pixels, other.pixels, atol=1e-4)


# -- networks made elsewhere


def _made_elsewhere(path: Path, opset: int) -> Path:
    """As the `fast_neural_style` networks of the ONNX model zoo, but small: those of opset 9 name their weights among
    their inputs, pad by an attribute and enlarge by Upsample.
    """
    random, old = np.random.default_rng(0), opset < 11
    stored: dict[str, np.ndarray] = {"pads": np.array([0, 0, 1, 1] * 2), "none": np.array([], np.float32)}
    stored |= {"twice": np.array([1, 1, 2, 2], np.float32)}
    nodes, last = [], "x"
    for name, inputs, outputs, stride in (("a", 3, 8, 1), ("b", 8, 12, 2), ("c", 12, 12, 1), ("d", 12, 3, 1)):
        weight = random.normal(0, (9 * inputs) ** -0.5, (outputs, inputs, 3, 3)).astype(np.float32)
        stored |= {f"{name}w": weight * (40 if name == "d" else 1), f"{name}b": np.full(outputs, 0.1, np.float32)}
        if name == "d":
            stored["db"] = np.full(3, 128, np.float32)
            up = helper.make_node("Upsample", [last, "twice"], ["large"], mode="nearest")
            nodes.append(up if old else helper.make_node("Resize", [last, "none", "twice"], ["large"], mode="nearest"))
            last = "large"
        pad = {"pads": [0, 0, 1, 1] * 2} if old else {}
        nodes.append(helper.make_node("Pad", [last] if old else [last, "pads"], [f"{name}p"], mode="reflect", **pad))
        out = "y" if name == "d" else f"{name}c"
        nodes.append(helper.make_node("Conv", [f"{name}p", f"{name}w", f"{name}b"], [out], strides=[stride] * 2))
        if name != "d":
            stored |= {f"{name}g": np.ones(outputs, np.float32), f"{name}s": np.zeros(outputs, np.float32)}
            normal = [f"{name}c", f"{name}g", f"{name}s"]
            nodes.append(helper.make_node("InstanceNormalization", normal, [f"{name}n"]))
            nodes.append(helper.make_node("Relu", [f"{name}n"], [f"{name}r"]))
            last = f"{name}r"
    used = {name for node in nodes for name in node.input}
    stored = {name: value for name, value in stored.items() if name in used}
    ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3, 224, 224]) for name in "xy"]
    listed = [
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape)
        for name, value in stored.items()
    ]
    tensors = [numpy_helper.from_array(value, name) for name, value in stored.items()]
    graph = helper.make_graph(nodes, "elsewhere", [ports[0], *(listed if old else [])], ports[1:], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=3 if old else 8)
    onnx.save(model, str(path))
    return path


@pytest.mark.parametrize("opset", [9, 13])
def test_adopted_networks(tmp_path: Path, photographs: list[Picture], opset: int) -> None:
    kept = tmp_path / "elsewhere.onnx"
    kept.write_bytes(adopt(_made_elsewhere(tmp_path / "m.onnx", opset), name="elsewhere", range="0-255", multiple=2))
    (tmp_path / "out").mkdir()
    made = quantise(kept, photographs, QuantiseSettings(least=800, threads=1))
    assert made.convolutions == 2
    file = _write(made, tmp_path / "out", "elsewhere")
    before, after = (impasto.paint(photographs[0], model=str(path)) for path in (kept, file))
    assert 30 < _psnr(after, before) < 90
    about = load_model(file).metadata
    assert (about["format"], about["range"], about["input"], about["multiple"]) == ("impasto-plain", "0-255", "x", "2")
    assert made.comparison.mean.psnr > 30


# -- refusals


def test_twice_is_refused(file: Path, photographs: list[Picture], tmp_path: Path, two: Path) -> None:
    with pytest.raises(UsageError, match=r"small.onnx is quantised already\. Quantise the model that it was made of"):
        quantise(file, photographs, SETTINGS)
    weights = _write(quantise(two, photographs, QuantiseSettings(weights_only=True, least=LARGE)), tmp_path)
    with pytest.raises(UsageError, match="quantised already"):
        quantise(weights, photographs, SETTINGS)


def test_what_is_no_model_is_refused(tmp_path: Path, any_style: Path, photographs: list[Picture]) -> None:
    with pytest.raises(WeightsMissingError):
        quantise(tmp_path / "gone.onnx", photographs)
    (tmp_path / "text.onnx").write_text("no network")
    with pytest.raises(WeightsFormatError, match="no network"):
        quantise(tmp_path / "text.onnx", photographs)
    with pytest.raises(UsageError, match=r"no model of Impasto's\. .*impasto models add"):
        quantise(_made_elsewhere(tmp_path / "m.onnx", 13), photographs)
    with pytest.raises(WeightsFormatError, match=r"any-style\.onnx is no network"):  # it paints nothing
        quantise(any_style.with_name("any-style.onnx"), photographs)


def test_where_there_is_nothing_large_it_is_refused(two: Path, photographs: list[Picture]) -> None:
    with pytest.raises(UsageError, match=r"none in between has 8192 weights or more.*--least.*--weights-only"):
        quantise(two, photographs)
    with pytest.raises(UsageError, match=r"no weights of 8192 numbers or more.*--least"):
        quantise(two, photographs, QuantiseSettings(weights_only=True))
    with pytest.raises(UsageError, match="least is 0; it must be between 1 and"):
        QuantiseSettings(least=0)


def test_without_styles_or_pictures_it_is_refused(any_style: Path, photographs: list[Picture], tmp_path: Path) -> None:
    alone = tmp_path / "alone.onnx"
    alone.write_bytes(any_style.read_bytes())
    with pytest.raises(UsageError, match=r"no styles to calibrate alone.onnx in\. .*alone-style.onnx"):
        quantise(alone, photographs, SETTINGS)
    with pytest.raises(UsageError, match="no pictures"):
        quantise(any_style, [], SETTINGS)


def test_what_can_t_paint_afterwards_is_refused(
    two: Path, photographs: list[Picture], monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(entry: ModelEntry) -> str:
        return "It paints one flat colour."

    monkeypatch.setattr(work, "verify_model", nothing)
    with pytest.raises(ExportError, match="can't be quantised: It paints one flat colour"):
        quantise(two, photographs, SETTINGS)


# -- what is told


GOOD = Scores(content=0.01, style=0.01, ssim=0.99, psnr=42.0)


@pytest.mark.parametrize(
    ("comparison", "complaints"),
    [
        (Comparison((200, 100), (2.0, 1.0), (GOOD,), (0.1, 0.1)), []),
        (Comparison((200, 100), (1.0, 1.01), (GOOD,), (0.1, 0.1)), []),  # within what one measures
        (Comparison((200, 100), (1.0, 1.5), (GOOD,), (0.1, 0.1)), ["Slower: 1000 → 1500 ms"]),
        (Comparison((100, 100), (2.0, 1.0), (GOOD,), (0.1, 0.1)), ["No smaller: 100 → 100 bytes"]),
        (Comparison((200, 100), (2.0, 1.0), (Scores(0, 0, 0.99, 30.0),), (0.1, 0.1)), ["Worse: .*30.0 dB, .*--least"]),
        (Comparison((200, 100), (2.0, 1.0), (Scores(0, 0, 0.9, 42.0),), (0.1, 0.1)), ["Worse: .*SSIM 0.900"]),
    ],
)
def test_what_speaks_against_it_is_said(
    comparison: Comparison, complaints: list[str], matching: Callable[[list[str], list[str]], None]
) -> None:
    matching(comparison.complaints, complaints)
    assert comparison.as_json()["complaints"] == comparison.complaints


@pytest.fixture
def matching() -> Callable[[list[str], list[str]], None]:
    import re

    def check(found: list[str], patterns: list[str]) -> None:
        assert len(found) == len(patterns)
        assert all(re.match(pattern, text) for pattern, text in zip(patterns, found, strict=True))

    return check


def test_the_mean_and_the_worst_are_told() -> None:
    its = Comparison((2, 1), (2.0, 1.0), (GOOD, Scores(0.03, 0.005, 0.97, 44.0)), (0.1, 0.1))
    assert its.mean == Scores(*(pytest.approx(value) for value in (0.02, 0.0075, 0.98, 43.0)))
    assert its.worst == Scores(0.03, 0.01, 0.97, 42.0)
