"""What the page paints, against what the command line paints."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from opened import Opened
from PIL import Image

import impasto
from impasto.grain import grain
from impasto.pictures import read_picture
from impasto.pictures.resize import resize, thumbnail
from impasto.runtime.adoption import adopt
from impasto.runtime.registry import ModelEntry, find_model

pytestmark = pytest.mark.slow
PageOf = Callable[[ModelEntry], Path]
OpenPage = Callable[..., Opened]


def _distance(page: Opened, painting: impasto.Picture) -> float:
    """Mean distance in steps of 8 bits."""
    wanted = painting.pixels * 255
    found = page.pixels()
    assert found.shape == wanted.shape
    return float(np.abs(found - wanted).mean())


@pytest.fixture(scope="module")
def tiled(page_of: PageOf, swift: ModelEntry, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a painter of any style, with tiles so small that the photo has several."""
    folder = tmp_path_factory.mktemp("tiled") / "page"
    shutil.copytree(page_of(swift), folder)
    about = json.loads((folder / "model.json").read_text("utf-8"))
    about["rules"]["tile"] = 64
    (folder / "model.json").write_text(json.dumps(about), "utf-8")
    return folder


def test_any_style_with_its_dials(
    tiled: Path, open_page: OpenPage, swift: ModelEntry, photo: Path, tmp_path: Path
) -> None:
    page = open_page(tiled)
    page.choose_photo(photo)

    def paint(style: Any = "plaid", **settings: float) -> impasto.Picture:
        painting = impasto.paint(read_picture(photo), style, model=str(swift.path), **settings)
        assert isinstance(painting, impasto.Picture)
        return painting

    dusk = paint("dusk")
    assert _distance(page, dusk) < 0.5  # of which 1/4 is rounding
    page.choose_style("plaid")
    assert _distance(page, paint()) < 0.5
    page.dial("brush", "0.5")
    assert _distance(page, paint(brush=2**0.5)) < 0.5
    page.dial("brush", "0")
    page.dial("strength", "40")
    assert _distance(page, paint(strength=0.4)) < 0.5
    page.dial("strength", "150")
    assert _distance(page, paint(strength=1.5)) < 0.5
    page.dial("strength", "100")
    page.dial("blend", "dusk")
    page.dial("share", "25")
    assert _distance(page, paint([("plaid", 0.75), ("dusk", 0.25)])) < 0.5
    assert _distance(page, paint()) > 2, "another picture, that is"
    page.dial("blend", "")
    style = tmp_path / "style.png"
    Image.fromarray(np.random.default_rng(7).integers(0, 256, (70, 110, 3), dtype=np.uint8)).save(style)
    with page.painting():
        page.tab.set_input_files("#picture", style)
    assert page.tab.inner_text("#title") == "Your own"
    assert _distance(page, paint(read_picture(style))) < 0.5
    assert page.wrong == []
    _check_grain(page)
    _check_resizing(page, photo)


def test_own_styles_are_blended(page_of: PageOf, open_page: OpenPage, johnson: ModelEntry, photo: Path) -> None:
    page = open_page(page_of(johnson))
    page.choose_photo(photo)
    assert not page.tab.is_visible("#brush-dial")
    assert page.tab.query_selector(".adder") is None
    page.dial("blend", "night-sky")
    page.dial("share", "30")
    page.dial("strength", "50")
    wanted = impasto.paint(
        read_picture(photo), [("dots", 0.7), ("night-sky", 0.3)], model=str(johnson.path), strength=0.5
    )
    assert _distance(page, wanted) < 0.5


def _swapped(path: Path) -> None:
    """A network that turns colours into others, each pixel for itself, channels last."""
    turned = np.array([[0.2, 0.5, 0.1], [0.7, 0.1, 0.3], [0.1, 0.4, 0.6]], np.float32)
    weights = [numpy_helper.from_array(turned, "turned")]
    node = helper.make_node("MatMul", ["x", "turned"], ["y"])
    ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 256, 256, 3]) for name in "xy"]
    graph = helper.make_graph([node], "swapped", ports[:1], ports[1:], weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), str(path))


def test_an_adopted_network(page_of: PageOf, open_page: OpenPage, photo: Path, tmp_path: Path) -> None:
    _swapped(tmp_path / "made.onnx")
    path = tmp_path / "swapped.onnx"
    path.write_bytes(adopt(tmp_path / "made.onnx", name="swapped", range="0-255", colour="BGR", multiple=16))
    page = open_page(page_of(ModelEntry("swapped", path, "file")))
    page.choose_photo(photo)
    page.dial("strength", "80")
    assert _distance(page, impasto.paint(read_picture(photo), model=str(path), strength=0.8)) < 0.5
    assert not page.tab.is_visible("#blend-dial")


def test_the_network_that_ships(page_of: PageOf, open_page: OpenPage, photo: Path) -> None:
    page = open_page(page_of(find_model("swift")))
    page.wait()
    names = page.tab.eval_on_selector_all("[role=radio]", "tiles => tiles.map((tile) => tile.dataset.name)")
    assert {"starry-night", "great-wave", "mosaic"} <= set(names)
    page.choose_photo(photo)
    assert _distance(page, impasto.paint(read_picture(photo), "starry-night")) < 1


def _array(page: Opened, module: str, code: str, **values: object) -> NDArray[np.float32]:
    found = page.tab.evaluate(
        f"([address, values]) => import(address).then((its) => [...({code})(its, values)])",
        [page.address + module, values],
    )
    return np.array(found, np.float32)


def _check_grain(page: Opened) -> None:
    found = _array(page, "grain.js", "(its) => its.grain(-14, -3, 40, 53)")
    np.testing.assert_allclose(found, grain((-14, 26), (-3, 50)).ravel(), atol=1e-6)


def _check_resizing(page: Opened, photo: Path) -> None:
    pixels = read_picture(photo).pixels
    planes = "{width: 150, height: 90, planes: Float32Array.from(planes)}"
    for name, size, wanted in (
        ("shrunk", (56, 32), thumbnail(pixels, (56, 32))),
        ("shrunk", (152, 88), thumbnail(pixels, (152, 88))),
        ("resized", (75, 45), resize(pixels, (75, 45))),
        ("resized", (211, 127), resize(pixels, (211, 127))),
    ):
        code = f"(its, {{planes}}) => its.{name}({planes}, {size[0]}, {size[1]}).planes"
        found = _array(page, "pixels.js", code, planes=pixels.transpose(2, 0, 1).ravel().tolist())
        np.testing.assert_allclose(found, wanted.transpose(2, 0, 1).ravel(), atol=2e-6)
