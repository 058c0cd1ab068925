"""Painters as functions of a picture: against our own runtime's painting."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from impasto.errors import UsageError
from impasto.features.architectures import Architecture
from impasto.features.encoder import Encoder
from impasto.networks.attention import AttentionDesign
from impasto.networks.decoder_file import export_painter, make_painter
from impasto.networks.standalone import Shrink, StandaloneFast, StandalonePlain, pads
from impasto.networks.translator import Translator
from impasto.networks.translator_design import TranslatorDesign
from impasto.networks.translator_file import export_translator
from impasto.painters import WeightedStyle
from impasto.pictures import Picture
from impasto.pictures.resize import thumbnail
from impasto.runtime.adoption import adopt
from impasto.runtime.fast import SHIPPED, FastPainter
from impasto.runtime.plain import COLOURS, RANGES, PlainPainter

RANDOM = np.random.default_rng(0)


def photo(width: int, height: int) -> Picture:
    return Picture(RANDOM.random((height // 8, width // 8, 3), np.float32).repeat(8, 0).repeat(8, 1))


def difference(network: torch.nn.Module, picture: Picture, expected: Picture) -> float:
    with torch.no_grad():
        painting = network(torch.from_numpy(picture.pixels)[None])[0].numpy()
    return float(np.abs(painting - expected.pixels).max())


# The last two are larger than a thumbnail: one is halved on the way, both are shrunk by fractions.
@pytest.mark.parametrize("size", [(64, 64), (136, 72), (408, 512), (1024, 640)])
def test_a_fast_painter_paints_the_same(johnson_file: Path, size: tuple[int, int]) -> None:
    painter, picture = FastPainter(johnson_file), photo(*size)
    code = painter.prepare(
        [WeightedStyle(painter.styles["dots"], 1.0), WeightedStyle(painter.styles["night-sky"], 3.0)]
    )
    network = StandaloneFast(johnson_file, painter, code, size)
    assert difference(network, picture, painter.paint(picture, code).picture) < 1e-4


@pytest.mark.parametrize("family", ["adain", "attention"])
def test_painters_with_an_encoder_do_too(family: str, tmp_path: Path) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        blocks = ((4, 4), (6,), (8,), (8, 8), (8,))
        encoder = Encoder(Architecture(blocks), layers=("relu4_1",), padding="reflect")
        network = make_painter(family, encoder, AttentionDesign(slots=6, keys=4, heads=2, blocks=1, places=5))
    export_painter(network, tmp_path, name="small", training={})
    file = tmp_path / f"{family}.onnx"
    painter, picture = FastPainter(file), photo(136, 72)
    code = painter.look(photo(96, 96), [1.0])
    alone = StandaloneFast(file, painter, code, picture.size)
    assert difference(alone, picture, painter.paint(picture, code).picture) < 1e-4


def test_translators_do_too(tmp_path: Path) -> None:
    file = tmp_path / "translator.onnx"
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = Translator(TranslatorDesign(source=1, target=3, half=4, quarter=6, blocks=1))
    export_translator(network, file, family="pix2pix", name="small", training={})
    painter, picture = FastPainter(file), photo(136, 72)
    code = painter.prepare([WeightedStyle(painter.styles["small"])])
    alone = StandaloneFast(file, painter, code, picture.size)
    assert difference(alone, picture, painter.paint(picture, code).picture) < 1e-4


def test_the_shipped_one_does_too() -> None:
    painter, picture = FastPainter(SHIPPED), photo(160, 96)
    code = painter.look(photo(96, 96), [1.0])
    network = StandaloneFast(SHIPPED, painter, code, picture.size)
    assert difference(network, picture, painter.paint(picture, code).picture) < 1e-4


@pytest.mark.parametrize(
    ("size", "to"),
    [((512, 384), (408, 304)), ((1024, 768), (408, 304)), ((64, 64), (64, 64)), ((4096, 64), (2808, 48))],
)
def test_thumbnails_are_those_of_the_runtime(size: tuple[int, int], to: tuple[int, int]) -> None:
    pixels = RANDOM.random((size[1], size[0], 3), np.float32)
    found = Shrink(size, to)(torch.from_numpy(pixels).permute(2, 0, 1)[None])[0].permute(1, 2, 0).numpy()
    np.testing.assert_allclose(found, thumbnail(pixels, to), atol=1e-6)


def adopted(folder: Path, *, layout: str, range: str, colour: str, multiple: int) -> PlainPainter:
    """A network that does something else to each colour, and blurs."""
    low, high = RANGES[range]
    kernel = np.zeros((3, 3, 3, 3), np.float32)
    for place, weight in enumerate((0.05, 0.1, 0.09)):
        kernel[place, place] = weight
    shift = np.array([0, 0.1, 0.2], np.float32) * (high - low)
    stored = [numpy_helper.from_array(array, name) for array, name in ((kernel, "kernel"), (shift, "shift"))]
    if layout == "NCHW":
        nodes = [helper.make_node("Conv", ["x", "kernel", "shift"], ["y"], pads=[1, 1, 1, 1])]
    else:
        nodes = [
            helper.make_node("Transpose", ["x"], ["planes"], perm=[0, 3, 1, 2]),
            helper.make_node("Conv", ["planes", "kernel", "shift"], ["blurred"], pads=[1, 1, 1, 1]),
            helper.make_node("Transpose", ["blurred"], ["y"], perm=[0, 2, 3, 1]),
        ]
    shape = [1, 3, "h", "w"] if layout == "NCHW" else [1, "h", "w", 3]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in "xy"]
    graph = helper.make_graph(nodes, "blur", ends[:1], ends[1:], stored)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(made, str(folder / "blur.onnx"))
    data = adopt(folder / "blur.onnx", name="blur", range=range, colour=colour, multiple=multiple)
    (folder / "adopted.onnx").write_bytes(data)
    return PlainPainter(folder / "adopted.onnx")


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize("range", RANGES)
@pytest.mark.parametrize("colour", COLOURS)
def test_an_adopted_painter_paints_the_same(tmp_path: Path, layout: str, range: str, colour: str) -> None:
    painter, picture = adopted(tmp_path, layout=layout, range=range, colour=colour, multiple=28), photo(136, 72)
    expected = painter.paint(picture, painter.prepare([WeightedStyle(painter.codes.own["blur"])])).picture
    network = StandalonePlain(tmp_path / "adopted.onnx", painter, picture.size)
    assert difference(network, picture, expected) < 1e-5


def test_borders_reach_up_to_a_multiple() -> None:
    assert pads((64, 128), 32, 48) == [32, 48, 32, 32]
    with pytest.raises(UsageError, match="64×128 are too small") as told:
        pads((64, 128), 32, 256)
    assert told.value.hint == "Try 168 or more."
