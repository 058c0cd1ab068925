"""ONNX's operators in torch, against ONNX Runtime."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from impasto.errors import ExportError, WeightsFormatError
from impasto.networks.onnx_graph import OnnxGraph
from impasto.networks.onnx_operators import OPERATORS

SHAPE = (1, 4, 6, 8)
FLOATS = np.random.default_rng(0)


def floats(*shape: int) -> np.ndarray[Any, Any]:
    return FLOATS.normal(size=shape).astype(np.float32)


def ints(*values: int) -> np.ndarray[Any, Any]:
    return np.array(values, np.int64)


def positive() -> np.ndarray[Any, Any]:
    return np.abs(floats(*SHAPE)) + 0.1


def model(
    operator: str, inputs: Sequence[Any], *, opset: int = 20, outputs: int = 1, shape: Any = SHAPE, **attributes: Any
) -> bytes:
    """A node on the input `x` and on constants; of several outputs, the first and the last are joined."""
    names = ["x", *("" if value is None else f"c{n}" for n, value in enumerate(inputs))]
    results = [f"y{n}" for n in range(outputs)]
    nodes = [helper.make_node(operator, names, results, **attributes)]
    if outputs > 1:
        nodes.append(helper.make_node("Concat", [results[0], results[-1]], ["joined"], axis=attributes["axis"]))
    stored = [numpy_helper.from_array(value, f"c{n}") for n, value in enumerate(inputs) if value is not None]
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, its)
        for name, its in (("x", shape), (nodes[-1].output[0], None))
    ]
    graph = helper.make_graph(nodes, "one", ends[:1], ends[1:], stored)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    data: bytes = made.SerializeToString()
    return data


def difference(data: bytes, x: np.ndarray[Any, Any]) -> float:
    """Between what ONNX Runtime makes of it, with nothing simplified, and what we do."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    expected = session.run(None, {"x": x})[0]
    found = OnnxGraph(data, {"x": x.shape})({"x": torch.from_numpy(x)}).numpy()
    assert found.shape == expected.shape
    assert np.abs(expected).max() > 0
    return float(np.abs(found - expected).max() / np.abs(expected).max())


PLAIN = ["Abs", "Elu", "Erf", "Exp", "GlobalAveragePool", "Identity", "LeakyRelu", "Neg", "Reciprocal", "Relu"]
PLAIN += ["Sigmoid", "Softmax", "Tanh", "Transpose", "Flatten", "Dropout"]
FLOOR = {"mode": "nearest", "nearest_mode": "floor"}
KERNEL = floats(5, 4, 3, 3)

CASES: list[tuple[str, Sequence[Any], dict[str, Any]]] = [
    *((operator, [], {}) for operator in PLAIN),
    *((operator, [floats(4, 1, 1)], {}) for operator in ("Add", "Sub", "Mul", "Div", "Max", "Min", "PRelu", "Sum")),
    ("Pow", [np.array(2, np.float32)], {}),
    ("LeakyRelu", [], {"alpha": 0.3}),
    ("Elu", [], {"alpha": 0.5}),
    ("Softmax", [], {"axis": 1}),
    ("Transpose", [], {"perm": [0, 2, 3, 1]}),
    ("Flatten", [], {"axis": 2}),
    ("Clip", [np.array(-0.5, np.float32), np.array(0.5, np.float32)], {}),
    ("Clip", [None, np.array(0.5, np.float32)], {}),
    ("Clip", [], {"opset": 6, "min": -0.2, "max": 0.7}),
    ("Cast", [], {"to": 1}),
    ("Concat", [floats(1, 2, 6, 8)], {"axis": 1}),
    ("Split", [ints(1, 3)], {"axis": 1, "outputs": 2}),
    ("Split", [], {"axis": 3, "outputs": 3, "num_outputs": 3}),
    ("Split", [], {"axis": 1, "outputs": 2, "split": [3, 1], "opset": 11}),
    ("Slice", [ints(1, -3), ints(3, 1000), ints(1, 3)], {}),
    ("Slice", [ints(0), ints(1000), ints(2), ints(2)], {}),
    ("Slice", [ints(-1), ints(-1000), ints(1), ints(-1)], {}),  # flips, as from BGR to RGB
    ("Slice", [], {"opset": 9, "starts": [1], "ends": [4], "axes": [2]}),
    ("Gather", [ints(2, 0)], {"axis": 1}),
    ("Gather", [np.array(-1, np.int64)], {"axis": 1}),
    ("Reshape", [ints(0, 2, -1)], {}),
    ("Unsqueeze", [ints(0, -1)], {}),
    ("Unsqueeze", [], {"axes": [2], "opset": 11}),
    ("Squeeze", [ints(0)], {}),
    ("Squeeze", [], {"opset": 11}),
    ("Expand", [ints(3, 1, 1, 1)], {}),
    ("Tile", [ints(1, 2, 1, 3)], {}),
    ("ReduceMean", [ints(2, 3)], {"keepdims": 0}),
    ("ReduceMean", [], {"opset": 13, "axes": [1, -1]}),
    ("ReduceMean", [], {}),
    ("ReduceSum", [ints(2)], {}),
    ("ReduceSum", [], {"noop_with_empty_axes": 1}),
    ("ReduceMax", [ints(1, 2)], {}),
    ("ReduceMin", [ints(1)], {"keepdims": 0}),
    ("MatMul", [floats(8, 3)], {}),
    ("Gemm", [floats(5, 8), floats(5)], {"shape": (6, 8), "transB": 1, "alpha": 0.5, "beta": 2.0}),
    ("Gemm", [floats(6, 5)], {"shape": (6, 8), "transA": 1}),
    ("Conv", [KERNEL], {}),
    ("Conv", [KERNEL, floats(5)], {"strides": [2, 2], "pads": [1, 1, 1, 1]}),
    ("Conv", [KERNEL], {"pads": [0, 1, 1, 0], "dilations": [2, 1]}),
    ("Conv", [KERNEL], {"auto_pad": "SAME_UPPER", "strides": [2, 2]}),
    ("Conv", [KERNEL], {"auto_pad": "SAME_LOWER", "strides": [2, 2]}),
    ("Conv", [KERNEL], {"auto_pad": "VALID"}),
    ("Conv", [floats(4, 1, 3, 3)], {"group": 4}),
    ("ConvTranspose", [floats(4, 5, 3, 3), floats(5)], {"strides": [2, 2]}),
    ("ConvTranspose", [floats(4, 5, 3, 3)], {"strides": [2, 2], "pads": [1, 1, 1, 1], "output_padding": [1, 1]}),
    ("ConvTranspose", [floats(4, 5, 3, 3)], {"strides": [2, 2], "pads": [0, 1, 1, 0]}),
    ("MaxPool", [], {"kernel_shape": [2, 2], "strides": [2, 2]}),
    ("MaxPool", [], {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}),
    ("AveragePool", [], {"kernel_shape": [2, 2], "strides": [2, 2]}),
    ("AveragePool", [], {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "count_include_pad": 1}),
    ("Pad", [ints(0, 0, 1, 2, 0, 0, 3, 4)], {"mode": "reflect"}),
    ("Pad", [ints(0, 0, 1, 2, 0, 0, 3, 4)], {"mode": "edge"}),
    ("Pad", [ints(0, 1, 1, 2, 0, 0, 3, 4), np.array(0.5, np.float32)], {}),
    ("Pad", [ints(1, 2), None, ints(3)], {"mode": "reflect"}),
    ("Pad", [], {"opset": 10, "pads": [0, 0, 1, 1, 0, 0, 1, 1], "value": 2.0}),
    ("Resize", [None, np.array([1, 1, 2, 4], np.float32)], {"mode": "nearest"}),
    *(
        ("Resize", [None, np.array([1, 1, 2, 3], np.float32)], {**FLOOR, "coordinate_transformation_mode": where})
        for where in ("asymmetric", "tf_half_pixel_for_nn")
    ),
    ("Resize", [None, np.array([1, 1, 2, 1.5], np.float32)], {"mode": "linear"}),
    ("Resize", [None, None, ints(1, 4, 9, 16)], {"mode": "linear", "coordinate_transformation_mode": "align_corners"}),
    ("Resize", [np.array([1, 1, 2, 2], np.float32)], {"opset": 10}),
    ("Upsample", [np.array([1, 1, 2, 2], np.float32)], {"opset": 9}),
    ("Upsample", [], {"opset": 8, "scales": [1.0, 1.0, 2.0, 2.0]}),
    ("DepthToSpace", [], {"blocksize": 2}),
    ("DepthToSpace", [], {"blocksize": 2, "mode": "CRD"}),
    ("BatchNormalization", [floats(4), floats(4), floats(4), np.abs(floats(4)) + 0.5], {"epsilon": 1e-3}),
    ("InstanceNormalization", [floats(4), floats(4)], {}),
    ("LayerNormalization", [floats(8), floats(8)], {}),
]


@pytest.mark.parametrize(
    ("operator", "inputs", "options"), CASES, ids=[f"{n} {case[0]}" for n, case in enumerate(CASES)]
)
def test_each_does_what_onnx_runtime_does(operator: str, inputs: Sequence[Any], options: dict[str, Any]) -> None:
    data = model(operator, inputs, **options)
    assert difference(data, floats(*options.get("shape", SHAPE))) < 1e-5


@pytest.mark.parametrize("operator", ["Sqrt", "Log"])
def test_those_of_positive_numbers_too(operator: str) -> None:
    assert difference(model(operator, []), positive()) < 1e-5


def test_all_are_tried() -> None:
    assert OPERATORS.keys() == {case[0] for case in CASES} | {"Sqrt", "Log"}


@pytest.mark.parametrize(
    ("operator", "inputs", "options"),
    [
        ("Pad", [ints(0, 1, 0, 0, 0, 1, 0, 0)], {"mode": "reflect"}),
        ("Resize", [None, np.array([1, 1, 2, 2], np.float32)], {"mode": "cubic"}),
        ("Resize", [None, np.array([1, 1, 1.5, 2], np.float32)], {}),
        ("Resize", [None, np.array([1, 1, 2, 2], np.float32)], FLOOR),
        ("Upsample", [np.array([1, 1, 2, 2], np.float32)], {"opset": 9, "mode": "linear"}),
        ("MaxPool", [], {"kernel_shape": [2, 2], "strides": [2, 2], "ceil_mode": 1}),
        ("ConvTranspose", [floats(4, 5, 3, 3)], {"output_shape": [20, 20], "strides": [2, 2]}),
        ("AveragePool", [], {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}),
    ],
)
def test_what_torch_does_otherwise_is_refused(operator: str, inputs: Sequence[Any], options: dict[str, Any]) -> None:
    network = OnnxGraph(model(operator, inputs, **options), {"x": SHAPE})
    with pytest.raises(ExportError, match="can't be converted"):
        network({"x": torch.zeros(SHAPE)})


def test_other_operators_are_named() -> None:
    with pytest.raises(ExportError, match="can't be converted: LRN"):
        OnnxGraph(model("LRN", [], size=3), {"x": SHAPE})


def test_shapes_that_the_network_can_t_take_are_refused() -> None:
    with pytest.raises(WeightsFormatError, match="of this size"):
        OnnxGraph(model("MatMul", [floats(8, 3)]), {"x": (1, 4, 6, 7)})
    with pytest.raises(WeightsFormatError, match="something else"):
        OnnxGraph(model("Relu", []), {"picture": SHAPE})


def test_what_depends_on_the_shape_alone_is_computed_beforehand() -> None:
    """As torch's older exporter writes `x.view(x.shape[0], -1)`."""
    nodes = [
        helper.make_node("Shape", ["x"], ["shape"]),
        helper.make_node("Gather", ["shape", "first"], ["batch"]),
        helper.make_node("Concat", ["batch", "rest"], ["wanted"], axis=0),
        helper.make_node("Reshape", ["x", "wanted"], ["y"]),
    ]
    stored = [numpy_helper.from_array(ints(n), name) for n, name in ((0, "first"), (-1, "rest"))]
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in (("x", ["n", 4, "h", "w"]), ("y", None))]
    graph = helper.make_graph(nodes, "view", ends[:1], ends[1:], stored)
    data = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8).SerializeToString()
    assert difference(data, floats(*SHAPE)) == 0
    assert len(onnx.load_model_from_string(data).graph.node) == 4
