"""`impasto train distill`: from any painter to a small one that paints at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from cli_answer import Answer
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from impasto.runtime.adoption import adopt

Impasto = Callable[..., Answer]


@pytest.fixture
def studio(folder: Path) -> list[str]:
    """Photographs, an adopted network that takes 0.2 from red, and a config for a run of seconds; the words that start
    it.
    """
    rng = np.random.default_rng(0)
    Path("photos").mkdir()
    for n in range(2):
        pixels = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((48, 48)).save(folder / "photos" / f"{n}.png")
    ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 3, "h", "w"]) for name in "xy"]
    offset = numpy_helper.from_array(np.array([0.2, 0, 0], np.float32).reshape(1, 3, 1, 1), "offset")
    graph = helper.make_graph([helper.make_node("Sub", ["x", "offset"], ["y"])], "cold", ports[:1], ports[1:], [offset])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), "cold.onnx")
    Path("cold.onnx").write_bytes(adopt(Path("cold.onnx"), name="cold", licence="MIT"))
    config = {"size": 32, "batch": 1, "thumbnail": [32, 32], "pairs": 2, "log_every": 1}
    (folder / "run.toml").write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in config.items()))
    return ["train", "distill", "--content", "photos", "--run", "run", "--config", "run.toml", "--steps", "2"]


@pytest.mark.slow
def test_trains_and_the_student_paints(impasto: Impasto, studio: list[str]) -> None:
    words = [*studio, "--teacher-model", "cold.onnx", "--student", "mobilenet", "--width", "0.1"]
    answer = impasto(*words, "--json")
    assert answer.code == 0, answer.err
    *steps, result = answer.objects
    assert [o["step"] for o in steps] == [1, 2]
    assert set(steps[0]["losses"]) == {"pixels", "features"}
    assert result == {"weights": "run/student.safetensors", "step": 2}
    student = "run/distilled-cold.onnx"
    about = {entry.key: entry.value for entry in onnx.load(student).metadata_props}
    assert (about["family"], about["name"], about["licence"]) == ("distilled", "distilled-cold", "MIT")
    training = json.loads(about["training"])
    assert (training["teacher"], training["style"], training["student"], training["width"]) == (
        *("cold", "cold"),
        *("mobilenet", 0.1),
    )
    answer = impasto("paint", "photo.jpg", "--model", student, "-o", "painted.png")
    assert answer.code == 0, answer.err
    with Image.open("painted.png") as painted:
        assert painted.size == (64, 48)
    answer = impasto("models", "verify", student)
    assert (answer.code, "whole" in answer.out) == (0, True)
    answer = impasto(*words, "--steps", "3", "--json", "--print-config")
    assert "width = 0.1" in answer.out


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--student", "mobilnet"], 3, "Did you mean 'mobilenet'"),
        (["--width", "0"], 2, "width is 0.0"),
        (["--teacher-model", "swft"], 3, "Did you mean 'swift'"),
        (["--teacher-model", "photo.jpg"], 32, "photo.jpg"),
        (["--teacher-model", "swift"], 2, "There is no style. Name at least one style."),
        (["--style", "stary-night"], 3, "Did you mean 'starry-night'"),
        (["--style", "photo.jpg:-1"], 2, "must be a positive number"),
        (["--teacher-model", "cold.onnx", "--style", "photo.jpg"], 2, "own style only"),
        (["--teacher-model", "cold.onnx", "--name", "a/b"], 2, "can't be called 'a/b'"),
        (["--teacher-model", "cold.onnx", "--content", "home"], 54, "no pictures in home"),
        (["--teacher-model", "cold.onnx", "--teacher", "gone.safetensors"], 31, "gone.safetensors"),
        (["--style", "starry-night", "--config", "gram.toml"], 2, "no picture of the style 'starry-night'"),
    ],
)
def test_refusals(impasto: Impasto, studio: list[str], words: list[str], code: int, says: str) -> None:
    Path("gram.toml").write_text("gram_weight = 1.0\n")
    answer = impasto(*studio, *words)
    assert (answer.code, answer.out) == (code, ""), answer.err
    assert says in answer.err.replace("\nhint:", "")
    assert not Path("run").exists()


def test_photographs_are_needed(impasto: Impasto) -> None:
    answer = impasto("train", "distill", "--style", "starry-night", "--run", "run")
    assert answer.code == 2
    assert "--content and --run are both needed." in answer.err
