"""`impasto models`."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_answer import Answer

Impasto = Callable[..., Answer]


@pytest.fixture
def file(folder: Path, johnson_file: Path) -> Path:
    """A painter of two styles with random weights."""
    shutil.copy(johnson_file, folder)
    return Path(johnson_file.name)


def test_models_are_added_listed_used_and_removed(impasto: Impasto, file: Path) -> None:
    answer = impasto("models", "add", file, "--name", "Two Styles")
    assert (answer.code, "--model two-styles" in answer.err) == (0, True), answer.err
    told = {entry["name"]: entry for entry in impasto("models", "list", "--json").objects}
    assert told["swift"]["kind"] == "shipped"
    assert (told["two-styles"]["family"], told["two-styles"]["styles"]) == ("johnson", ["dots", "night-sky"])
    assert "two-styles" in impasto("models").out
    answer = impasto("paint", "photo.jpg", "--model", "two-styles", "--style", "dots", "-o", "painting.png")
    assert answer.code == 0, answer.err
    assert impasto("models", "remove", "two-styles").code == 0
    answer = impasto("paint", "photo.jpg", "--model", "two-styles", "--style", "dots", "-o", "again.png")
    assert (answer.code, "two-styles" in answer.err) == (3, True)


def test_what_is_no_painter_is_not_added(impasto: Impasto, folder: Path) -> None:
    answer = impasto("models", "add", "photo.jpg", "--name", "mine")
    assert (answer.code, "no network" in answer.err) == (32, True)
    answer = impasto("models", "add", "gone.onnx", "--name", "mine")
    assert answer.code == 31
    assert not (folder / "home").exists()


def test_a_model_tells_about_itself(impasto: Impasto, file: Path) -> None:
    answer = impasto("models", "show", file)
    assert "family: johnson" in answer.out
    assert "  steps: 5" in answer.out
    assert "styles: dots, night-sky" in answer.out
    assert impasto("models", "show", file, "--json").objects[0]["training"] == {"steps": 5}


def test_verify_finds_what_is_damaged(impasto: Impasto, file: Path) -> None:
    assert impasto("models", "verify", "swift").out.split() == ["swift", "whole"]
    assert impasto("models", "add", file, "--name", "two").code == 0
    kept = Path("home/models/two.onnx")
    data = bytearray(kept.read_bytes())
    data[data.rindex(b"folded.content.fine.first.weight_half") + 60] ^= 255
    kept.write_bytes(data)
    answer = impasto("models", "verify", "--json")
    assert answer.code == 60
    whole = {entry["name"]: entry["whole"] for entry in answer.objects if "name" in entry}
    assert [name for name, its in whole.items() if not its] == ["two"]
    assert {"swift", "johnson-starry-night"} <= whole.keys()
    kept.write_bytes(b"nothing")
    assert "damaged" in impasto("models").out


def test_networks_made_elsewhere_are_adopted(impasto: Impasto, folder: Path) -> None:
    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3, 224, 224]) for name in "xy"]
    node = helper.make_node("Sub", ["white", "x"], ["y"])
    white = numpy_helper.from_array(np.full((1, 1, 1, 1), 255, np.float32), "white")
    graph = helper.make_graph([node], "negative", ports[:1], ports[1:], [white])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), "negative.onnx")
    answer = impasto("models", "add", "negative.onnx", "--name", "negative")
    assert (answer.code, "--range" in answer.err) == (2, True)
    answer = impasto("models", "add", "negative.onnx", "--name", "negative", "--range", "0-255", "--licence", "CC0")
    assert answer.code == 0, answer.err
    assert impasto("models", "verify").code == 0
    answer = impasto("paint", "photo.jpg", "--model", "negative", "--json")
    assert answer.code == 0, answer.err
    assert answer.objects[0]["output"].endswith("photo-negative.jpg")
