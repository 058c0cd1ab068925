"""Parts of models, against ONNX's own package and ONNX Runtime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impasto.grain import CHANNELS
from impasto.runtime.model import DamagedModelError, Model


def _run(data: bytes, feed: dict[str, np.ndarray]) -> np.ndarray:
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, feed)[0])


@pytest.fixture(scope="module")
def feed() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {
        "picture": rng.random((1, 3, 64, 40), dtype=np.float32),
        "grain": rng.standard_normal((1, CHANNELS, 16, 10), dtype=np.float32),
        "thumbnail": rng.random((1, 3, 32, 48), dtype=np.float32),
        "thumbnail_grain": rng.standard_normal((1, CHANNELS, 8, 12), dtype=np.float32),
    }


@pytest.fixture(scope="module")
def code(swift_file: Path) -> np.ndarray:
    length = int(Model(swift_file.read_bytes()).metadata["code_length"])
    return np.random.default_rng(1).standard_normal((1, length), dtype=np.float32)


def test_metadata_is_what_onnx_reads(swift_file: Path) -> None:
    model, proto = Model(swift_file.read_bytes()), onnx.load(swift_file)
    assert model.metadata == {entry.key: entry.value for entry in proto.metadata_props}


def test_whatever_entries_say_the_checksum_is_right(swift_file: Path) -> None:
    model = Model(swift_file.read_bytes())
    again = Model(model.described({**model.metadata, "name": "other", "checksum": "0" * 64}))
    assert again.intact
    assert again.metadata == {**model.metadata, "name": "other", "checksum": again.metadata["checksum"]}


def test_two_parts_are_the_whole(swift_file: Path, feed: dict[str, np.ndarray], code: np.ndarray) -> None:
    data = swift_file.read_bytes()
    whole = _run(data, {**feed, "code": code})
    model = Model(data)
    first = model.part(["modulation"])
    modulation = _run(first, {name: feed[name] for name in ("thumbnail", "thumbnail_grain")} | {"code": code})
    second = model.part(["painting"], {"modulation": modulation})
    np.testing.assert_allclose(
        _run(second, {name: feed[name] for name in ("picture", "grain")}), whole, rtol=1e-3, atol=1e-4
    )


def test_parts_are_valid_models_with_nothing_too_much(swift_file: Path, code: np.ndarray) -> None:
    model = Model(swift_file.read_bytes())
    part = onnx.load_from_string(model.part(["painting"], {"modulation": np.ones_like(code)}))
    onnx.checker.check_model(part)
    assert [port.name for port in part.graph.input] == ["picture", "grain"]
    assert [port.name for port in part.graph.output] == ["painting"]
    used = {name for node in part.graph.node for name in node.input}
    made = {name for node in part.graph.node for name in node.output}
    assert {stored.name for stored in part.graph.initializer} <= used
    assert "modulation" not in made
    assert len(part.graph.node) < len(onnx.load(swift_file).graph.node)


def test_an_input_can_be_given(swift_file: Path, feed: dict[str, np.ndarray], code: np.ndarray) -> None:
    data = swift_file.read_bytes()
    fixed = Model(data).part(["painting", "modulation"], {"code": code})
    np.testing.assert_allclose(_run(fixed, feed), _run(data, {**feed, "code": code}), rtol=1e-3, atol=1e-4)


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_mutated_bytes_are_a_model_or_damaged(swift_file: Path, data: st.DataObject) -> None:
    whole = bytearray(swift_file.read_bytes())
    places = data.draw(st.lists(st.integers(0, min(len(whole), 3000) - 1), min_size=1, max_size=5))
    for place in places:
        whole[place] = data.draw(st.integers(0, 255))
    cut = bytes(whole[: data.draw(st.integers(0, len(whole)))])
    for damaged in (bytes(whole), cut):
        try:
            model = Model(damaged)
            about, part = model.metadata, model.part(["painting"])
        except DamagedModelError:
            continue
        assert Model(part).metadata == about


@pytest.mark.parametrize("field", [b"\x08\x00", b"\x0a\x00", b"\x3a\x00"])
def test_a_bomb_of_tiny_fields_is_refused_at_once(field: bytes) -> None:
    with pytest.raises(DamagedModelError):
        Model(field * 10_000_000)


def test_many_nodes_take_no_more_than_linear_time(swift_file: Path) -> None:
    proto = onnx.load(swift_file)
    for n in range(20_000):
        proto.graph.node.add(op_type="Relu", input=[f"x{n}"], output=[f"x{n + 1}"])
    assert len(Model(proto.SerializeToString()).part(["painting"])) < 2 * swift_file.stat().st_size


def test_models_that_refer_to_other_files_are_refused(swift_file: Path) -> None:
    proto = onnx.load(swift_file)
    onnx.external_data_helper.set_external_data(proto.graph.initializer[0], "secret.bin")
    with pytest.raises(DamagedModelError, match="another file"):
        Model(proto.SerializeToString())
    hidden = onnx.load(swift_file)
    tensor = onnx.TensorProto(name="t", data_type=1, dims=[1])
    onnx.external_data_helper.set_external_data(_with_raw(tensor), "secret.bin")
    hidden.graph.node.append(onnx.helper.make_node("Constant", [], ["t"], value=tensor))
    with pytest.raises(DamagedModelError, match="another file"):
        Model(hidden.SerializeToString())


def test_graphs_in_graphs_are_refused(swift_file: Path) -> None:
    proto = onnx.load(swift_file)
    nested = onnx.helper.make_graph([], "nested", [], [])
    proto.graph.node.append(onnx.helper.make_node("If", ["c"], ["y"], then_branch=nested, else_branch=nested))
    with pytest.raises(DamagedModelError, match="graphs in graphs"):
        Model(proto.SerializeToString())


def _with_raw(tensor: onnx.TensorProto) -> onnx.TensorProto:
    tensor.raw_data = b"\0\0\0\0"
    return tensor
