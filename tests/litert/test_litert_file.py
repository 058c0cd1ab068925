"""Painters as .tflite files, run by LiteRT: `make litert` does it in an environment of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("ai_edge_litert", reason="LiteRT has an environment of its own: make litert")

import onnx
import torch
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from impasto.cli import main
from impasto.errors import ExportError, UsageError
from impasto.networks import litert_file
from impasto.networks.litert_buffer import description, finished
from impasto.networks.litert_file import check_size, converted, export_litert
from impasto.painting import paint
from impasto.pictures import Picture
from impasto.runtime.adoption import adopt
from impasto.runtime.fast import SHIPPED
from impasto.runtime.network import load_model

SIZE = 136, 72
STYLES = [("starry-night", 3.0), ("great-wave", 1.0)]
PHOTO = np.random.default_rng(0).random((9, 17, 3), np.float32).repeat(8, 0).repeat(8, 1)


def run(data: bytes, picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """As phones do: with LiteRT's usual speed-ups."""
    painting: NDArray[np.float32] = Interpreter(model_content=data).get_signature_runner()(picture=picture[None])[
        "painting"
    ]
    return painting[0]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The painter that ships, in a blend of two styles of the shelf."""
    target = tmp_path_factory.mktemp("litert") / "blend.tflite"
    done = export_litert(SHIPPED, STYLES, target, size=SIZE)
    assert (done.size, done.bytes, done.error <= 1 / 255) == (SIZE, target.stat().st_size, True)
    return target.read_bytes()


def test_litert_paints_as_our_runtime_does(exported: bytes) -> None:
    expected = paint(Picture(PHOTO), STYLES).pixels
    assert np.abs(run(exported, PHOTO) - expected).max() < 0.5 / 255
    assert np.abs(expected - PHOTO).mean() > 0.02
    assert len(exported) < SHIPPED.stat().st_size


def test_painters_made_elsewhere_do_too(tmp_path: Path) -> None:
    data = adopt(negative(tmp_path), name="negative", range="0-255", colour="BGR", licence="CC0-1.0")
    (tmp_path / "adopted.onnx").write_bytes(data)
    export_litert(tmp_path / "adopted.onnx", [], tmp_path / "negative.tflite", size=SIZE)
    written = (tmp_path / "negative.tflite").read_bytes()
    np.testing.assert_allclose(run(written, PHOTO), 1 - PHOTO * np.array([0.25, 0.5, 1], np.float32), atol=1e-3)
    told = description(written)
    assert (told["licence"], told["styles"], told["range"], told["colour"]) == (
        "CC0-1.0",
        {"negative": 1},
        "0-1",
        "RGB",
    )


def negative(folder: Path, operator: str = "Identity") -> Path:
    """A network from (1, 3, H, W), BGR from 0 to 255."""
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3, "h", "w"]) for name in "xy"]
    stored = [
        numpy_helper.from_array(np.array([1, 0.5, 0.25], np.float32).reshape(1, 3, 1, 1), "shares"),
        numpy_helper.from_array(np.full((1, 1, 1, 1), 255, np.float32), "white"),
    ]
    nodes = [
        helper.make_node(operator, ["x"], ["same"], **({"size": 1} if operator == "LRN" else {})),
        helper.make_node("Mul", ["same", "shares"], ["shaded"]),
        helper.make_node("Sub", ["white", "shaded"], ["y"]),
    ]
    graph = helper.make_graph(nodes, "negative", ends[:1], ends[1:], stored)
    path = folder / "negative.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), str(path))
    return path


def test_the_file_tells_about_itself(exported: bytes) -> None:
    told = description(exported)
    kept = ("family", "name", "licence")
    assert {key: told[key] for key in kept} == {key: load_model(SHIPPED).metadata[key] for key in kept}
    assert told["styles"] == {"starry-night": 0.75, "great-wave": 0.25}
    ends = {key: told[key] for key in ("input", "output", "shape", "type", "range", "colour", "layout")}
    assert ends == {
        "input": "picture",
        "output": "painting",
        "shape": [1, 72, 136, 3],
        "type": "float32",
        "range": "0-1",
        "colour": "RGB",
        "layout": "NHWC",
    }
    interpreter = Interpreter(model_content=exported)
    for end in (*interpreter.get_input_details(), *interpreter.get_output_details()):
        assert (end["shape"].tolist(), end["dtype"]) == ([1, 72, 136, 3], np.float32)
    assert b"(Apache-2.0): NHWC, RGB in 0-1; more in impasto.json" in schema.Model.GetRootAs(exported).Description()


def test_large_constants_are_in_half_precision_and_where_the_schema_wants_them(exported: bytes) -> None:
    model = schema.Model.GetRootAs(exported)
    start, kept = np.frombuffer(exported, np.uint8).ctypes.data, {}
    for n in range(model.BuffersLength()):
        content = model.Buffers(n).DataAsNumpy()
        if isinstance(content, np.ndarray):
            kept[n] = len(content)
            assert (content.ctypes.data - start) % 16 == 0
    types: dict[int, set[bool]] = {schema.TensorType.FLOAT32: set(), schema.TensorType.FLOAT16: set()}
    for graph in (model.Subgraphs(n) for n in range(model.SubgraphsLength())):
        for tensor in (graph.Tensors(n) for n in range(graph.TensorsLength())):
            if tensor.Buffer() in kept and tensor.Type() in types:
                types[tensor.Type()].add(kept[tensor.Buffer()] >= (2048 if tensor.Type() == 0 else 1024))
    assert types == {schema.TensorType.FLOAT32: {False}, schema.TensorType.FLOAT16: {True}}


def test_numbers_beyond_half_precision_stay_whole() -> None:
    class Louder(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("share", torch.full((1, 64, 64, 3), 1e5))

        def forward(self, picture: torch.Tensor) -> torch.Tensor:
            louder: torch.Tensor = picture * self.share
            return louder

    about = {"input": "picture", "output": "painting", "name": "louder", "licence": "CC0-1.0"}
    about |= {"range": "0-1", "colour": "RGB", "layout": "NHWC"}
    data = finished(converted(Louder(), (64, 64)), about)
    np.testing.assert_allclose(run(data, PHOTO[:64, :64]), 1e5 * PHOTO[:64, :64], rtol=1e-6)


def test_what_litert_can_t_run_is_told() -> None:
    with pytest.raises(ExportError, match="can't run"):
        litert_file.run(b"no model, but long enough to be one", PHOTO)


@pytest.mark.parametrize("size", [(100, 96), (96, 100), (56, 64), (64, 4104), (0, 0)])
def test_sizes_that_can_t_be_are_refused(size: tuple[int, int], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="can't be exported for") as told:
        export_litert(SHIPPED, STYLES, tmp_path / "none.tflite", size=size)
    width, height = told.value.hint.rpartition(" ")[2].split("x")
    check_size((int(width), int(height)))
    assert not (tmp_path / "none.tflite").exists()


def test_what_can_t_be_converted_is_told(tmp_path: Path) -> None:
    data = adopt(negative(tmp_path, "LRN"), name="negative", range="0-255")
    (tmp_path / "adopted.onnx").write_bytes(data)
    with pytest.raises(ExportError, match="can't be converted: LRN"):
        export_litert(tmp_path / "adopted.onnx", [], tmp_path / "none.tflite", size=(64, 64))
    assert not (tmp_path / "none.tflite").exists()


def test_what_paints_otherwise_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "adopted.onnx").write_bytes(adopt(negative(tmp_path), name="negative", range="0-255"))
    honest = litert_file.run
    monkeypatch.setattr(litert_file, "run", lambda data, picture: honest(data, picture) + 2 / 255)
    with pytest.raises(ExportError, match="differ by 2 of 255"):
        export_litert(tmp_path / "adopted.onnx", [], tmp_path / "none.tflite", size=(64, 64))
    assert not (tmp_path / "none.tflite").exists()


@pytest.fixture
def impasto(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    """Runs the command line where `adopted.onnx` is; returns the exit code and all that was said."""
    (tmp_path / "adopted.onnx").write_bytes(adopt(negative(tmp_path), name="negative", range="0-255"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IMPASTO_HOME", str(tmp_path / "home"))

    def run(model: str, *words: str) -> tuple[int, str]:
        capfd.readouterr()
        code = main(["export", model, "--to", "litert", "-o", "painter.tflite", *words])
        return code, "".join(capfd.readouterr())

    return run


def test_the_command_line_exports(impasto: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    code, said = impasto("adopted.onnx", "--size", "72")
    assert code == 0, said
    first_line, second_line = said.splitlines()  # the converter has much to say, none of it to our user
    assert first_line.startswith("adopted → painter.tflite  72×72, ")
    assert second_line.endswith("unzip -p painter.tflite impasto.json")
    written = tmp_path / "painter.tflite"
    first = written.read_bytes()
    assert description(first)["shape"] == [1, 72, 72, 3]
    code, said = impasto("adopted.onnx", "--size", "72x64")
    assert (code, "--overwrite" in said) == (21, True)
    assert written.read_bytes() == first
    code, said = impasto("adopted.onnx", "--size", "72x64", "--overwrite", "--json")
    told = json.loads(said)
    assert (code, told["width"], told["height"], told["bytes"]) == (0, 72, 64, written.stat().st_size)
    assert description(written.read_bytes())["shape"] == [1, 64, 72, 3]


def test_the_command_line_refuses(impasto: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    code, said = impasto("swift", "--style", "stary-night")
    assert (code, "Did you mean 'starry-night'" in said) == (3, True)
    code, said = impasto("swift")
    assert (code, "There is no style" in said) == (2, True)
    code, said = impasto("adopted.onnx", "--style", "starry-night")
    assert (code, "only a code" in said) == (2, True)
    code, said = impasto("swift", "--size", "640x481", "--style", "starry-night")
    assert (code, "--size 640x480" in said) == (2, True)
    code, said = impasto("swift", "--size", "wide", "--style", "starry-night")
    assert (code, "can't be understood" in said) == (2, True)
    assert not (tmp_path / "painter.tflite").exists()
