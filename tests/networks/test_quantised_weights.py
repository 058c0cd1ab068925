"""Weights in eight bits, against formulas of their own in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from impasto.networks.quantisation.graph import Graph
from impasto.networks.quantisation.weights import RUN, STORED, store_halves, store_large, whole

Floats = NDArray[np.float32]

SOME = arrays(np.float32, array_shapes(min_dims=2, max_dims=4, max_side=5), elements=st.floats(-100, 100, width=32))


@given(weight=SOME, most=st.sampled_from([STORED, RUN]), data=st.data())
def test_rounding_is_off_by_half_a_step_at_most(weight: Floats, most: int, data: Any) -> None:
    axis = data.draw(st.integers(-1, weight.ndim - 1))
    numbers, scales = whole(weight, axis, most)
    assert numbers.dtype == np.int8
    assert np.abs(numbers.astype(int)).max() <= most
    error = np.abs(weight.astype(np.float64) - numbers * scales.astype(np.float64))
    assert (error <= scales.astype(np.float64) / 2 * (1 + 1e-5)).all()
    # Of each channel, the largest weight gets the largest number: no step is wasted.
    channels = np.moveaxis(numbers, axis, 0).reshape(weight.shape[axis], -1)
    values = np.moveaxis(weight, axis, 0).reshape(weight.shape[axis], -1)
    lively = np.abs(values).max(1) > 1e-30
    assert (np.abs(channels.astype(int)).max(1)[lively] == most).all()
    assert scales.shape == tuple(n if k == axis % weight.ndim else 1 for k, n in enumerate(weight.shape))


def test_pairs_of_products_fit_into_sixteen_bits() -> None:
    assert 2 * 255 * RUN <= np.iinfo(np.int16).max < 2 * 255 * (RUN + 1)


def _model(
    nodes: list[onnx.NodeProto], weights: dict[str, NDArray[Any]], inputs: dict[str, list[Any]]
) -> onnx.ModelProto:
    ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()]
    stored = [numpy_helper.from_array(value, name) for name, value in weights.items()]
    out = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "g", ports, [out], stored)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def _run(model: onnx.ModelProto, **given: Floats) -> Floats:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    result: Floats = session.run(None, given)[0]
    return result


@pytest.mark.parametrize(
    ("kind", "shape", "axis", "attributes"),
    [
        ("Conv", (5, 3, 3, 3), 0, {}),
        ("ConvTranspose", (3, 5, 3, 3), 1, {}),
        ("MatMul", (7, 4), 1, {}),
        ("Gemm", (7, 4), 1, {}),
        ("Gemm", (4, 7), 0, {"transB": 1}),
    ],
)
def test_stored_weights_are_used_as_floats(
    kind: str, shape: tuple[int, ...], axis: int, attributes: dict[str, int]
) -> None:
    random = np.random.default_rng(0)
    weight = random.normal(size=shape).astype(np.float32)
    x = random.normal(size=(1, 3, 6, 6) if len(shape) == 4 else (2, 7)).astype(np.float32)
    model = _model([helper.make_node(kind, ["x", "w"], ["y"], **attributes)], {"w": weight}, {"x": list(x.shape)})
    others = tuple({*range(weight.ndim)} - {axis})
    scales = np.abs(weight).max(others, keepdims=True) / 127
    model_of_rounded = _model(list(model.graph.node), {"w": np.round(weight / scales) * scales}, {"x": list(x.shape)})
    graph = Graph(model)
    assert store_large(graph, 20) == 1
    stored = graph.finished()
    assert sorted(t.data_type for t in stored.graph.initializer) == [TensorProto.FLOAT, TensorProto.INT8]
    np.testing.assert_allclose(_run(stored, x=x), _run(model_of_rounded, x=x), atol=1e-5)


def test_small_weights_and_other_operands_stay() -> None:
    weights = {"w": np.ones((4, 3, 3, 3), np.float32), "t": np.ones((200, 2), np.float32)}
    nodes = [helper.make_node("Conv", ["x", "w"], ["c"]), helper.make_node("Gather", ["t", "i"], ["g"])]
    nodes += [helper.make_node("ReduceSum", ["c"], ["s"]), helper.make_node("Mul", ["s", "g"], ["y"])]
    graph = Graph(_model(nodes, weights | {"i": np.array(3)}, {"x": [1, 3, 8, 8]}))
    assert store_large(graph, 109) == 0
    assert store_large(graph, 108) == 1


def test_halves_lose_nothing() -> None:
    exact, inexact = np.arange(64, dtype=np.float32), np.arange(64, dtype=np.float32) + np.float32(1e-3)
    large = np.full(64, 1e5, np.float32)
    nodes = [helper.make_node("Sum", ["x", "a", "b", "c"], ["y"])]
    graph = Graph(_model(nodes, {"a": exact, "b": inexact, "c": large}, {"x": [64]}))
    store_halves(graph)
    model = graph.finished()
    kinds = {t.name: t.data_type for t in model.graph.initializer}
    assert kinds == {"a_half": TensorProto.FLOAT16, "b": TensorProto.FLOAT, "c": TensorProto.FLOAT}
    x = np.zeros(64, np.float32)
    np.testing.assert_array_equal(_run(model, x=x), exact + inexact + large)


def test_a_shared_weight_is_stored_once() -> None:
    weight = np.random.default_rng(0).normal(size=(3, 3, 3, 3)).astype(np.float32)
    nodes = [helper.make_node("Conv", ["x", "w"], ["c"], pads=[1] * 4), helper.make_node("Conv", ["c", "w"], ["y"])]
    graph = Graph(_model(nodes, {"w": weight}, {"x": [1, 3, 8, 8]}))
    assert store_large(graph, 1) == 1
    model = graph.finished()
    assert [t.data_type for t in model.graph.initializer].count(TensorProto.INT8) == 1
    assert _run(model, x=np.ones((1, 3, 8, 8), np.float32)).shape == (1, 3, 6, 6)
