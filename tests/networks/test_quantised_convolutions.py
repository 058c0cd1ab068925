"""Convolutions of whole numbers, against sums in NumPy, and against what ONNX Runtime makes of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from impasto.networks.quantisation.calibration import measure
from impasto.networks.quantisation.convolutions import rounding, run_whole
from impasto.networks.quantisation.graph import Graph
from impasto.networks.quantisation.plan import Plan, make_plan

Floats = NDArray[np.float32]

CHANNELS = 6
FACTORS = np.array([1.0, -0.7, 3.0, 0.0, 1e-9, -2.0], np.float32)
SHIFTS = np.array([0.0, 0.5, -1.0, 0.8, -0.6, 1e-12], np.float32)


@given(low=st.floats(-1e6, 1e6, width=32), high=st.floats(-1e6, 1e6, width=32), share=st.floats(0, 1))
def test_numbers_in_range_are_off_by_half_a_step_and_nothing_is_exact(low: float, high: float, share: float) -> None:
    low, high = sorted((low, high))
    its = rounding(low, high)
    assert 0 <= its.zero <= 255
    scale = float(its.scale)
    reach = (0 - its.zero) * scale, (255 - its.zero) * scale
    assert reach[0] <= 0 <= reach[1]
    x = low + share * (high - low)
    number = np.clip(np.round(x / scale) + its.zero, 0, 255)
    # The zero is rounded too, which moves the range by up to half a step.
    assert abs((number - its.zero) * scale - x) <= scale * (1 + 1e-5) + 1e-30


def _weights() -> dict[str, NDArray[Any]]:
    random = np.random.default_rng(0)
    shapes = {"first": (CHANNELS, 3, 3, 3), "middle": (CHANNELS, CHANNELS, 3, 3), "last": (3, CHANNELS, 3, 3)}
    weights = {f"{name}_w": random.normal(0, 0.2, shape).astype(np.float32) for name, shape in shapes.items()}
    return weights | {"middle_b": random.normal(0, 0.3, CHANNELS).astype(np.float32)}


def _network(*after: onnx.NodeProto, out: str) -> onnx.ModelProto:
    """Three convolutions; the middle one makes `c`, others make `out` of that and of `scale` and `shift`, given as one
    input `m`.
    """
    pads: dict[str, Any] = {"pads": [1] * 4}
    nodes = [
        helper.make_node("Split", ["m"], ["scale", "shift"], axis=1, num_outputs=2),
        helper.make_node("Conv", ["x", "first_w"], ["a"], **pads),
        helper.make_node("Relu", ["a"], ["seen"]),
        helper.make_node("Conv", ["seen", "middle_w", "middle_b"], ["c"], **pads),
        *after,
        helper.make_node("Conv", [out, "last_w"], ["y"], **pads),
    ]
    shapes: dict[str, list[Any]] = {"x": [1, 3, "h", "w"], "m": [1, 2 * CHANNELS, 1, 1], "y": [1, 3, "h", "w"]}
    ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()]
    stored = [numpy_helper.from_array(value, name) for name, value in _weights().items()]
    graph = helper.make_graph(nodes, "g", ports[:2], ports[2:], stored)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


NORMALISED = [helper.make_node("Mul", ["c", "scale"], ["s"]), helper.make_node("Add", ["shift", "s"], ["n"])]


def _given(height: int = 20, width: int = 24) -> dict[str, Floats]:
    x = np.random.default_rng(1).normal(size=(1, 3, height, width)).astype(np.float32)
    return {"x": x, "m": np.concatenate([FACTORS, SHIFTS]).reshape(1, -1, 1, 1)}


def _quantised(model: onnx.ModelProto) -> tuple[onnx.ModelProto, Plan, dict[str, tuple[float, float]]]:
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    graph = Graph(changed)
    plan = make_plan(graph, model, ["x"], least=300)
    ranges = measure(model, list(plan.tensors), [_given()], clipped=0)
    run_whole(graph, plan, ranges)
    return graph.finished(), plan, ranges


def _run(model: onnx.ModelProto, given: dict[str, Floats], *outputs: str) -> list[Floats]:
    looked = onnx.ModelProto()
    looked.CopyFrom(model)
    looked.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in outputs)
    session = onnxruntime.InferenceSession(looked.SerializeToString(), providers=["CPUExecutionProvider"])
    found: list[Floats] = session.run(list(outputs) or None, given)
    return found


def _operations(model: onnx.ModelProto, folder: Path, constant: Floats | None = None) -> list[str]:
    """What ONNX Runtime runs in the end, with `m` a constant."""
    fixed = onnx.ModelProto()
    fixed.CopyFrom(model)
    if constant is not None:
        fixed.graph.initializer.append(numpy_helper.from_array(constant, "m"))
        del fixed.graph.input[1]
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(folder / "optimised.onnx")
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    onnxruntime.InferenceSession(fixed.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return [node.op_type for node in onnx.load(options.optimized_model_filepath).graph.node]


def _correlated(x: Floats, weight: Floats) -> NDArray[np.float64]:
    """Of (1, C, H, W), padded with zeros."""
    padded = np.pad(x[0].astype(np.float64), ((0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (1, 2))
    return np.einsum("ihwyx,oiyx->ohw", windows, weight.astype(np.float64))[None]


def test_it_is_a_sum_of_whole_numbers_with_the_normalisation_in_it() -> None:
    model = _network(*NORMALISED, out="n")
    (planned,) = make_plan(Graph(model), model, ["x"], least=300).convolutions
    assert (planned.weight, planned.scale, planned.shift, planned.out) == ("middle_w", "scale", "shift", "n")
    changed, _, ranges = _quantised(model)
    given = _given()
    seen, found = _run(changed, given, "seen", "n")
    # The same by hand: what is seen in 256 steps from 0 to its largest, weights in 64 to either side.
    step = np.float32(ranges["seen"][1] / 255)
    numbers = np.clip(np.round(seen / step), 0, 255)
    weight, bias = _weights()["middle_w"], _weights()["middle_b"]
    scale = np.abs(weight).max((1, 2, 3), keepdims=True) / 64
    summed = _correlated(numbers, np.round(weight / scale)) * (step * scale.astype(np.float64)).reshape(1, -1, 1, 1)
    column = (1, -1, 1, 1)
    expected = (summed + bias.reshape(column)) * FACTORS.reshape(column) + SHIFTS.reshape(column)
    # The bias is rounded to the unit of the sum.
    unit = step * scale.reshape(column) * np.abs(FACTORS.reshape(column))
    assert (np.abs(found - expected) <= unit + 1e-4).all()


def test_onnx_runtime_makes_one_operation_of_it(tmp_path: Path) -> None:
    changed, _, _ = _quantised(_network(*NORMALISED, out="n"))
    found = _operations(changed, tmp_path, _given()["m"])
    assert (found.count("QLinearConv"), found.count("QuantizeLinear"), found.count("DequantizeLinear")) == (1, 1, 1)
    assert not {"Mul", "Add", "Div", "Split", "Cast"} & set(found)  # folded


def test_that_operation_does_the_same() -> None:
    changed, _, ranges = _quantised(_network(*NORMALISED, out="n"))
    given, fixed = _given(), onnx.ModelProto()
    fixed.CopyFrom(changed)
    fixed.graph.initializer.append(numpy_helper.from_array(given["m"], "m"))
    del fixed.graph.input[1]
    (plain,), (joined,) = _run(changed, given), _run(fixed, {"x": given["x"]})
    step = (ranges["n"][1] - ranges["n"][0]) / 255  # rounding may go either way in one of some numbers
    assert np.abs(plain - joined).max() <= 4 * step
    assert np.abs(plain - joined).mean() <= step / 10


@pytest.mark.parametrize("kind", ["Relu", "LeakyRelu"])
def test_rectifiers_stay_in_eight_bits(tmp_path: Path, kind: str) -> None:
    middle = [
        *NORMALISED,
        helper.make_node(kind, ["n"], ["r"]),
        helper.make_node("Conv", ["r", "again_w"], ["again"], pads=[1] * 4),
    ]
    model = _network(*middle, out="again")
    model.graph.initializer.append(numpy_helper.from_array(_weights()["middle_w"], "again_w"))
    changed, plan, _ = _quantised(model)
    assert ([node.op_type for node in plan.carriers], len(plan.convolutions)) == ([kind], 2)
    found = _operations(changed, tmp_path, _given()["m"])
    assert (found.count("QLinearConv"), found.count("LeakyRelu"), found.count("QuantizeLinear")) == (2, 0, 1)
    (expected,), (painted,) = _run(model, _given()), _run(changed, _given())
    assert np.abs(painted - expected).mean() < 0.05 * np.abs(expected).mean()


def test_sums_of_rounded_tensors_stay_in_eight_bits(tmp_path: Path) -> None:
    middle = [
        *NORMALISED,
        helper.make_node("Add", ["n", "seen"], ["sum"]),
        helper.make_node("Conv", ["sum", "again_w"], ["again"], pads=[1] * 4),
    ]
    model = _network(*middle, out="again")
    model.graph.initializer.append(numpy_helper.from_array(_weights()["middle_w"], "again_w"))
    changed, plan, _ = _quantised(model)
    assert [node.output[0] for node in plan.carriers] == ["sum"]
    found = _operations(changed, tmp_path, _given()["m"])
    assert (found.count("QLinearConv"), found.count("QLinearAdd"), found.count("Add")) == (2, 1, 0)
    (expected,), (painted,) = _run(model, _given()), _run(changed, _given())
    assert np.abs(painted - expected).mean() < 0.05 * np.abs(expected).mean()


def test_normalisations_of_the_picture_itself_are_left_alone() -> None:
    middle = [
        helper.make_node("ReduceMean", ["c"], ["mean"], keepdims=1),
        helper.make_node("Mul", ["c", "mean"], ["s"]),
        helper.make_node("Add", ["s", "shift"], ["n"]),
    ]
    changed, plan, _ = _quantised(_network(*middle, out="n"))
    assert [(c.scale, c.shift, c.out) for c in plan.convolutions] == [("", "", "c")]
    assert [node.op_type for node in changed.graph.node].count("Div") == 0  # nothing is left to compute


def test_without_normalisations_scales_are_constants(tmp_path: Path) -> None:
    changed, _, _ = _quantised(_network(helper.make_node("Relu", ["c"], ["r"]), out="r"))
    stored = {tensor.name for tensor in changed.graph.initializer}
    dequantised = [node for node in changed.graph.node if node.op_type == "DequantizeLinear"]
    assert all(set(node.input[1:]) <= stored for node in dequantised)
    assert _operations(changed, tmp_path).count("QLinearConv") == 1


def test_what_looks_at_the_picture_and_what_paints_stay_in_floats() -> None:
    model = _network(*NORMALISED, out="n")
    for least, count in ((1, 1), (CHANNELS * CHANNELS * 9, 1), (CHANNELS * CHANNELS * 9 + 1, 0)):
        plan = make_plan(Graph(model), model, ["x"], least=least)
        assert [c.weight for c in plan.convolutions] == ["middle_w"] * count
    assert not make_plan(Graph(model), model, ["x"], "seen", least=1).convolutions[1:]
    assert not make_plan(Graph(model), model, ["x"], "n", least=1).convolutions


def test_ranges_leave_out_a_share_of_each_picture() -> None:
    model = _network(*NORMALISED, out="n")
    values = [_given(), {**_given(), "x": 3 * _given()["x"]}]
    seen = [_run(model, given, "seen")[0] for given in values]
    found = measure(model, ["seen"], values, clipped=0.1)["seen"]
    assert found == pytest.approx((0, max(float(np.quantile(s, 0.9)) for s in seen)))
