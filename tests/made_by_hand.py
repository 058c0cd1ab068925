"""Painters written node by node, as exports of ours are built, in a moment: torch takes seconds to export one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

from impasto.runtime.model import Model

Array = NDArray[Any]

CHANNELS, STYLES = 8, 2
LARGE = CHANNELS * CHANNELS * 9
"""Two convolutions have so many weights; all others have fewer."""


def painter(path: Path, names: tuple[str, ...] = ("dots", "waves"), seed: int = 0) -> Path:
    """A painter of some styles; without names, of any that has a code of two numbers."""
    random = np.random.default_rng(seed)

    def filters(outputs: int, inputs: int, size: int, gain: float = 1.4) -> Array:
        return random.normal(0, gain / np.sqrt(inputs * size * size), (outputs, inputs, size, size)).astype(np.float16)

    halves = {
        "stem": filters(CHANNELS, 3, 4),
        "first": filters(CHANNELS, CHANNELS, 3),
        "second": filters(CHANNELS, CHANNELS, 3),
        "speck": filters(CHANNELS, 6, 1, 0.2),
        "last": filters(12, CHANNELS, 1, 0.3),
        "table": random.normal(0, 0.5, (4 * CHANNELS, STYLES)).astype(np.float16),
    }
    floats = {
        "twice": np.array([1, 1, 2, 2]),
        "first_b": random.normal(0, 0.2, CHANNELS),
        "last_b": np.full(12, 0.5),
        **{"zero": np.array(0), "one": np.array(1), "small": np.array(1e-4)},
    }
    by_colour = np.arange(12).reshape(4, 3).T.ravel()  # squares are row, column, colour
    whole: dict[str, Any] = {"flat": [1, -1], "tall": [1, -1, 1, 1], "sides": [2, 3], "by_colour": by_colour}
    nodes = [helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT) for name in halves]
    nodes += [*_measuring(), *_painting()]
    sides = {"picture": (3, 8, ""), "grain": (6, 2, ""), "thumbnail": (3, 8, "t"), "thumbnail_grain": (6, 2, "t")}
    shapes: dict[str, list[Any]] = {
        name: [1, count, f"{times}*{t}height", f"{times}*{t}width"] for name, (count, times, t) in sides.items()
    }
    inputs = _ports(shapes | {"code": [1, STYLES]})
    outputs = _ports({"painting": [1, 3, "a", "b"], "squares": [1, "c", "d", 12], "modulation": [1, 4 * CHANNELS]})
    stored = {f"{name}_half": value for name, value in halves.items()}
    stored |= {name: np.asarray(value, np.float32) for name, value in floats.items()}
    stored |= {name: np.asarray(value) for name, value in whole.items()}
    about = {"format": "impasto-painter", "family": "by-hand", "name": "by-hand", "multiple": "8", "margin": "40"}
    about |= {"code_length": str(STYLES), "styles": json.dumps(names), "training": json.dumps({"steps": 5})}
    return _save(path, nodes, inputs, outputs, stored, about)


def style_side(path: Path) -> Path:
    """Makes codes: sums of what a large convolution sees in a picture."""
    random = np.random.default_rng(1)
    stored = {"look_half": random.normal(0, 0.3, (64, 3, 3, 3)).astype(np.float16)}
    stored["sum_half"] = random.normal(0, 0.2, (64, STYLES)).astype(np.float16)
    nodes = [
        helper.make_node("Cast", ["look_half"], ["look"], to=TensorProto.FLOAT),
        helper.make_node("Cast", ["sum_half"], ["sum"], to=TensorProto.FLOAT),
        helper.make_node("Conv", ["style", "look"], ["seen"]),
        helper.make_node("Relu", ["seen"], ["active"]),
        helper.make_node("ReduceMean", ["active", "sides"], ["mean"], keepdims=0),
        helper.make_node("MatMul", ["mean", "sum"], ["code"]),
    ]
    ports = _ports({"style": [1, 3, "height", "width"]}), _ports({"code": [1, STYLES]})
    about = {"format": "impasto-painter", "family": "by-hand", "name": "by-hand"}
    return _save(path, nodes, *ports, {**stored, "sides": np.array([2, 3])}, about)


def _measuring() -> list[NodeProto]:
    """From the thumbnail and the code to the modulation, in one part for each of two convolutions."""
    make = helper.make_node
    nodes = [
        make("Gemm", ["code", "table"], ["wishes"], transB=1),
        make("Reshape", ["wishes", "tall"], ["tall_wishes"]),
        make("Split", ["tall_wishes"], ["g1", "b1", "g2", "b2"], axis=1, num_outputs=4),
        *_looking("thumbnail", "thumbnail_grain", "t0"),
    ]
    for n, name in ((1, "first"), (2, "second")):
        bias = ["first_b"] if n == 1 else []
        nodes += [
            make("Conv", [f"t{n - 1}", name, *bias], [f"c{n}"], pads=[1] * 4),
            make("ReduceMean", [f"c{n}", "sides"], [f"mean{n}"]),
            make("Sub", [f"c{n}", f"mean{n}"], [f"centred{n}"]),
            make("Mul", [f"centred{n}", f"centred{n}"], [f"square{n}"]),
            make("ReduceMean", [f"square{n}", "sides"], [f"variance{n}"]),
            make("Add", [f"variance{n}", "small"], [f"floored{n}"]),
            make("Sqrt", [f"floored{n}"], [f"deviation{n}"]),
            make("Add", [f"g{n}", "one"], [f"gain{n}"]),
            make("Div", [f"gain{n}", f"deviation{n}"], [f"scale{n}"]),
            make("Mul", [f"mean{n}", f"scale{n}"], [f"moved{n}"]),
            make("Sub", [f"b{n}", f"moved{n}"], [f"shift{n}"]),
            make("Mul", [f"c{n}", f"scale{n}"], [f"s{n}"]),
            make("Add", [f"s{n}", f"shift{n}"], [f"n{n}"]),
            make("LeakyRelu", [f"n{n}"], [f"t{n}"], alpha=0.1),
        ]
    parts = [f"{kind}{n}" for n in (1, 2) for kind in ("scale", "shift")]
    together = make("Concat", parts, ["tall_modulation"], axis=1)
    return [*nodes, together, make("Reshape", ["tall_modulation", "flat"], ["modulation"])]


def _looking(picture: str, grain: str, out: str) -> list[NodeProto]:
    make = helper.make_node
    return [
        make("Conv", [picture, "stem"], [f"{out}_stem"], strides=[2, 2], pads=[1] * 4),
        make("Conv", [grain, "speck"], [f"{out}_specks"]),
        make("Resize", [f"{out}_specks", "", "twice"], [f"{out}_grain"], mode="nearest"),
        make("Add", [f"{out}_stem", f"{out}_grain"], [f"{out}_sum"]),
        make("Relu", [f"{out}_sum"], [out]),
    ]


def _painting() -> list[NodeProto]:
    make = helper.make_node
    return [
        make("Reshape", ["modulation", "tall"], ["known"]),
        make("Split", ["known"], ["scale_1", "shift_1", "scale_2", "shift_2"], axis=1, num_outputs=4),
        *_looking("picture", "grain", "p0"),
        make("Conv", ["p0", "first", "first_b"], ["pc1"], pads=[1] * 4),
        make("Mul", ["pc1", "scale_1"], ["ps1"]),
        make("Add", ["ps1", "shift_1"], ["pn1"]),
        make("LeakyRelu", ["pn1"], ["p1"], alpha=0.1),
        make("Conv", ["p1", "second"], ["pc2"], pads=[1] * 4),
        make("Mul", ["pc2", "scale_2"], ["ps2"]),
        make("Add", ["ps2", "shift_2"], ["pn2"]),
        make("Add", ["pn2", "p0"], ["p2"]),
        make("Conv", ["p2", "last", "last_b"], ["p3"]),
        make("Clip", ["p3", "zero", "one"], ["p4"]),
        make("Transpose", ["p4"], ["squares"], perm=[0, 2, 3, 1]),
        make("Gather", ["p4", "by_colour"], ["p5"], axis=1),
        make("DepthToSpace", ["p5"], ["painting"], blocksize=2, mode="CRD"),
    ]


def _ports(shapes: Mapping[str, list[Any]]) -> list[onnx.ValueInfoProto]:
    return [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()]


def _save(
    path: Path,
    nodes: list[NodeProto],
    inputs: list[onnx.ValueInfoProto],
    outputs: list[onnx.ValueInfoProto],
    stored: Mapping[str, Array],
    about: Mapping[str, str],
) -> Path:
    tensors = [numpy_helper.from_array(value, name) for name, value in stored.items()]
    graph = helper.make_graph(nodes, "by hand", inputs, outputs, tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    path.write_bytes(Model(model.SerializeToString()).described(about))
    return path
