"""Pages of small models."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from opened import Opened
from PIL import Image

from impasto.pictures import Picture
from impasto.runtime.fast import FastPainter
from impasto.runtime.network import load_model
from impasto.runtime.registry import ModelEntry
from impasto.styles import shelf
from impasto.web.export import export_page
from impasto.web.serving import serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser

DIST = Path(__file__).parent / "node_modules" / "onnxruntime-web" / "dist"


@pytest.fixture(scope="session")
def dist() -> Path:
    """onnxruntime-web, as `make` gets it."""
    if not DIST.is_dir():
        pytest.skip("onnxruntime-web is not here: npm ci --prefix tests/web")
    return DIST


@pytest.fixture(scope="session", autouse=True)
def _home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IMPASTO_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(scope="session")
def swift(swift_file: Path) -> ModelEntry:
    """A painter of any style, and two styles on the shelf for it: `dusk` and `plaid`."""
    entry = ModelEntry("small", swift_file, "file")
    painter, rng = FastPainter(entry.path), np.random.default_rng(5)
    for name, dark, light in (("dusk", (0.1, 0.1, 0.3), (0.4, 0.3, 0.6)), ("plaid", (0.3, 0.5, 0.2), (0.9, 0.6, 0.5))):
        blocks = np.array(dark) + rng.random((5, 7, 1)) * np.subtract(light, dark)
        shelf.add(name, painter.look(Picture(blocks.repeat(8, 0).repeat(8, 1).astype(np.float32))))
    return entry


@pytest.fixture(scope="session")
def johnson(swift: ModelEntry, tmp_path_factory: pytest.TempPathFactory) -> ModelEntry:
    """The same content side as a painter of its own styles, as many as its code is long."""
    model = load_model(swift.path)
    names = ["dots", "night-sky", *(f"style-{n}" for n in range(2, int(model.metadata["code_length"])))]
    path = tmp_path_factory.mktemp("johnson") / "several.onnx"
    path.write_bytes(model.described({"name": "several", "family": "johnson", "styles": json.dumps(names)}))
    return ModelEntry("several", path, "file")


@pytest.fixture(scope="session")
def page_of(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[ModelEntry], Path]:
    """The folder of a model's page; each is written once."""
    written: dict[Path, Path] = {}

    def page(entry: ModelEntry) -> Path:
        if entry.path not in written:
            folder = tmp_path_factory.mktemp("page") / "page"
            export_page(entry, folder, runtime=dist)
            written[entry.path] = folder
        return written[entry.path]

    return page


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Opened]]:
    """Opens the page in a folder as a new visitor sees it."""
    opened: list[Opened] = []

    def visit(folder: Path, *, isolated: bool = False, **visitor: object) -> Opened:
        opened.append(Opened(browser, serving(folder, isolated=isolated), visitor))
        return opened[-1]

    yield visit
    for page in opened:
        page.close()


@pytest.fixture(scope="session")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """150 × 90 pixels: sides that no multiple fits."""
    rng = np.random.default_rng(3)
    blocks = Image.fromarray(rng.integers(0, 256, (6, 10, 3), dtype=np.uint8))
    path = tmp_path_factory.mktemp("photo") / "photo.png"
    blocks.resize((150, 90), Image.Resampling.BICUBIC).save(path)
    return path
