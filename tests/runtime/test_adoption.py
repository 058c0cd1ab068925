"""Networks made elsewhere: built here as the well-known public exports are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

import impasto
from impasto.errors import UnknownNameError, UsageError, WeightsFormatError
from impasto.pictures import Picture
from impasto.runtime.adoption import adopt
from impasto.runtime.network import load_model
from impasto.runtime.opening import open_painter
from impasto.runtime.plain import PlainPainter
from impasto.runtime.registry import ModelEntry
from impasto.runtime.verification import verify_model

Array = NDArray[Any]


def _network(
    path: Path, nodes: Sequence[onnx.NodeProto], weights: dict[str, Array], shape: Sequence[int | str], out: str = "y"
) -> Path:
    ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in ("x", out)]
    stored = [numpy_helper.from_array(np.asarray(value), name) for name, value in weights.items()]
    # Old exports note the shapes of all values within.
    within = [helper.make_tensor_value_info(nodes[0].output[0], TensorProto.FLOAT, shape)]
    graph = helper.make_graph(nodes, "made elsewhere", ports[:1], ports[1:], stored, value_info=within)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, str(path))
    return path


def _mosaic(path: Path) -> Path:
    """As `fast_neural_style` of PyTorch's examples in the ONNX model zoo: 0 to 255, exported for 224 × 224 alone, with
    reflected borders, a convolution with a stride, instance normalisation and enlarging by a factor.
    """
    rng = np.random.default_rng(0)
    weights = {
        "pads": np.array([0, 0, 1, 1, 0, 0, 1, 1]),
        "down": rng.normal(0, 0.2, (4, 3, 3, 3)).astype(np.float32),
        "gain": np.ones(4, np.float32),
        "shift": np.zeros(4, np.float32),
        "none": np.array([], np.float32),
        "twice": np.array([1, 1, 2, 2], np.float32),
        "up": (40 * rng.normal(0, 0.3, (3, 4, 3, 3))).astype(np.float32),
        "gray": np.full(3, 128, np.float32),
    }
    nodes = [
        helper.make_node("Pad", ["x", "pads"], ["padded"], mode="reflect"),
        helper.make_node("Conv", ["padded", "down"], ["half"], strides=[2, 2]),
        helper.make_node("InstanceNormalization", ["half", "gain", "shift"], ["normal"]),
        helper.make_node("Relu", ["normal"], ["active"]),
        helper.make_node("Resize", ["active", "none", "twice"], ["large"], mode="nearest"),
        helper.make_node("Conv", ["large", "up", "gray"], ["y"], pads=[1, 1, 1, 1]),
    ]
    return _network(path, nodes, weights, [1, 3, 224, 224])


def _animated(path: Path) -> Path:
    """As AnimeGAN in TensorFlow: channels last, -1 to 1, both sides multiples of 32; here it gives back what it gets,
    reduced and enlarged 32 times.
    """
    weights = {"none": np.array([], np.float32), "small": np.array([1, 1, 1 / 32, 1 / 32], np.float32)}
    weights["large"] = 1 / weights["small"]
    nodes = [
        helper.make_node("Transpose", ["x"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("Resize", ["planes", "none", "small"], ["reduced"], mode="nearest"),
        helper.make_node("Resize", ["reduced", "none", "large"], ["enlarged"], mode="nearest"),
        helper.make_node("Transpose", ["enlarged"], ["y"], perm=[0, 2, 3, 1]),
    ]
    return _network(path, nodes, weights, [1, "height", "width", 3])


def _first_channel_less(path: Path, offset: float, shape: Sequence[int | str] = ("n", 3, "h", "w")) -> Path:
    """Takes `offset` from the first channel."""
    weights = {"offset": np.array([offset, 0, 0], np.float32).reshape(1, 3, 1, 1)}
    return _network(path, [helper.make_node("Sub", ["x", "offset"], ["y"])], weights, shape)


def _photo(width: int = 70, height: int = 50) -> Picture:
    y, x = np.mgrid[:height, :width].astype(np.float32)
    return Picture(np.stack([x / width, y / height, 0.5 + 0.3 * np.sin(x / 9)], 2).astype(np.float32))


def test_a_network_for_one_size_paints_all_sizes(tmp_path: Path) -> None:
    kept = tmp_path / "mosaic.onnx"
    kept.write_bytes(adopt(_mosaic(tmp_path / "m.onnx"), name="mosaic", range="0-255", multiple=4))
    for size in ((70, 50), (1, 1), (333, 21)):
        painted = impasto.paint(_photo(*size), model=str(kept))
        assert painted.size == size
        assert 0 <= painted.pixels.min() <= painted.pixels.max() <= 1
    assert verify_model(ModelEntry("mosaic", kept, "own")) is None
    assert load_model(kept).metadata["licence"] == "unknown"


def test_it_paints_what_the_network_makes_of_the_mirrored_picture(tmp_path: Path) -> None:
    import onnxruntime

    original = _mosaic(tmp_path / "m.onnx")
    kept = tmp_path / "mosaic.onnx"
    kept.write_bytes(adopt(original, name="mosaic", range="0-255", multiple=4))
    photo = _photo(224 - 64, 224 - 64)  # with its mirrored border it is of the size that the original takes
    mirrored = np.pad(photo.pixels, ((32, 32), (32, 32), (0, 0)), mode="reflect")
    session = onnxruntime.InferenceSession(original)
    expected = session.run(None, {"x": 255 * mirrored.transpose(2, 0, 1)[None]})[0][0].transpose(1, 2, 0) / 255
    painted = impasto.paint(photo, model=str(kept)).pixels
    np.testing.assert_allclose(painted, expected[32:-32, 32:-32].clip(0, 1), atol=1e-4)


def test_channels_may_come_last_and_sides_be_multiples(tmp_path: Path) -> None:
    kept = tmp_path / "kept.onnx"
    kept.write_bytes(adopt(_animated(tmp_path / "a.onnx"), name="anime", range="-1-1", multiple=32))
    assert load_model(kept).metadata["layout"] == "NHWC"
    flat = Picture(np.full((45, 61, 3), 0.3, np.float32))
    np.testing.assert_allclose(impasto.paint(flat, model=str(kept)).pixels, 0.3, atol=1e-6)


@pytest.mark.parametrize(("colour", "channel"), [("RGB", 0), ("BGR", 2)])
@pytest.mark.parametrize(("range_", "span"), [("0-1", 1.0), ("0-255", 255.0), ("-1-1", 2.0)])
def test_ranges_and_colours(tmp_path: Path, colour: str, channel: int, range_: str, span: float) -> None:
    kept = tmp_path / "kept.onnx"
    network = _first_channel_less(tmp_path / "n.onnx", 0.1 * span)
    kept.write_bytes(adopt(network, name="less", range=range_, colour=colour))
    expected = _photo().pixels.copy()
    expected[..., channel] = (expected[..., channel] - 0.1).clip(0, 1)
    np.testing.assert_allclose(impasto.paint(_photo(), model=str(kept)).pixels, expected, atol=1e-5)


def test_strength_is_how_much_shows(tmp_path: Path) -> None:
    kept = tmp_path / "kept.onnx"
    kept.write_bytes(adopt(_first_channel_less(tmp_path / "n.onnx", 0.5), name="less"))
    half = impasto.paint(_photo(), "less", model=str(kept), strength=0.5).pixels
    whole = impasto.paint(_photo(), "less", model=str(kept)).pixels
    np.testing.assert_allclose(half, (whole + _photo().pixels) / 2, atol=1e-6)


def test_the_wrong_range_is_noticed(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"not in the range 0-1\..*--range: 0-1, 0-255, -1-1"):
        adopt(_mosaic(tmp_path / "m.onnx"), name="mosaic", multiple=4)


def test_a_multiple_that_is_missing_is_noticed(tmp_path: Path) -> None:
    network = _mosaic(tmp_path / "m.onnx")
    nodes = onnx.load(str(network))
    nodes.graph.initializer[5].CopyFrom(numpy_helper.from_array(np.array([1, 1, 3, 3], np.float32), "twice"))
    onnx.save(nodes, str(network))
    with pytest.raises(UsageError, match=r"any size: .*must keep their size.*--multiple"):
        adopt(network, name="mosaic", range="0-255")


def test_what_is_no_painter_is_refused(tmp_path: Path, swift_file: Path) -> None:
    photo = tmp_path / "photo.onnx"
    photo.write_bytes(b"\xff\xd8\xff\xe0 no network")
    with pytest.raises(WeightsFormatError, match="no network"):
        adopt(photo, name="x")
    with pytest.raises(UsageError, match="a model of ours"):
        adopt(swift_file, name="x")
    gray = _network(tmp_path / "g.onnx", [helper.make_node("Relu", ["x"], ["y"])], {}, [1, 1, "h", "w"])
    with pytest.raises(UsageError, match="pictures of 1 channels"):
        adopt(gray, name="x")
    vector = _network(tmp_path / "v.onnx", [helper.make_node("Relu", ["x"], ["y"])], {}, [1, 10])
    with pytest.raises(UsageError, match="no network from one picture to one picture"):
        adopt(vector, name="x")
    with pytest.raises(UnknownNameError, match="0-255"):
        adopt(gray, name="x", range="0-256")


def test_what_needs_a_network_of_ours_is_refused(tmp_path: Path) -> None:
    kept = tmp_path / "kept.onnx"
    kept.write_bytes(adopt(_first_channel_less(tmp_path / "n.onnx", 0.5), name="less"))
    for settings in ({"brush": 2.0}, {"tile": 128}, {"strength": 1.2}):
        with pytest.raises(UsageError, match="adopted model has no"):
            impasto.paint(_photo(), model=str(kept), **settings)
    with pytest.raises(UsageError, match="own style only"):
        impasto.paint(_photo(), "mosaic", model=str(kept))
    painter = open_painter(kept)
    assert isinstance(painter, PlainPainter)
    assert painter.about == {"network": "less", "device": "cpu"}


@pytest.mark.parametrize(
    "change", [{"range": "0-2"}, {"layout": "CHWN"}, {"multiple": "0"}, {"input": "z"}, {"name": "../x"}]
)
def test_impossible_metadata_is_refused(tmp_path: Path, change: dict[str, str]) -> None:
    kept, wrong = tmp_path / "kept.onnx", tmp_path / "wrong.onnx"
    kept.write_bytes(adopt(_first_channel_less(tmp_path / "n.onnx", 0.5), name="less"))
    wrong.write_bytes(load_model(kept).described(change))
    with pytest.raises(WeightsFormatError):
        open_painter(wrong)
