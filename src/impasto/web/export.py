"""A model as a folder that any web server can give away: a page that paints photographs and what a camera sees.

The page asks for nothing outside its folder. It runs the very networks of the command line, in WebAssembly, on the
same borders, tiles, thumbnails and grain; their rules are told in `model.json`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from impasto import __version__
from impasto.grain import CELL, CHANNELS
from impasto.pictures import encode_picture
from impasto.runtime.canvas import BORDER, FloatCanvas
from impasto.runtime.fast import LONGEST_STYLE, MEASURED, SMALLEST, THUMBNAIL_AREA, FastPainter, style_side
from impasto.runtime.model import Model
from impasto.runtime.network import Network, load_model
from impasto.runtime.opening import open_painter
from impasto.runtime.plain import COLOURS, LAYOUTS, LEAST_BORDER, RANGES, PlainPainter
from impasto.runtime.registry import ModelEntry
from impasto.web.folder import check_folder, place_folder
from impasto.web.runtime_files import VERSION, runtime_files
from impasto.web.styles import PageStyle, brushes, page_styles, sample, thumbnail

if TYPE_CHECKING:
    from impasto.features.partial import DownloadProgress

_HERE = Path(__file__).resolve().parent
PAGE = _HERE / "page"
COMMON = _HERE / "common"
"""Files of this page, and of the studio's."""
_PAINTING, _MODULATION, _STYLE = "painting.onnx", "modulation.onnx", "style.onnx"
# The camera's frames: their sides in pixels; the thumbnail's, and how many frames share one; how far each frame moves
# towards the modulation that it gave.
_LIVE: dict[str, Any] = {"side": 256, "thumbnail": 192, "every": 24, "step": 0.3}
_LIVE_BORDER = 8  # at least: the network's zeros don't show, though the last pixels are painted a little otherwise


@dataclass(frozen=True)
class Page:
    """A page that was written.

    Attributes:
        styles: how many it offers.
        size: of all its files, in bytes.
    """

    folder: Path
    styles: int
    size: int


def export_page(
    entry: ModelEntry,
    folder: Path,
    *,
    runtime: Path | None = None,
    offline: bool = False,
    overwrite: bool = False,
    progress: Callable[[DownloadProgress], None] | None = None,
) -> Page:
    """Write the page of a model into a new folder.

    Args:
        runtime, offline, progress: see `runtime_files`.
        overwrite: replace an earlier page.

    Raises:
        WeightsError, DownloadError, MissingExtraError: the model or onnxruntime-web can't be had.
        OutputError: the folder can't be written.
    """
    check_folder(folder, overwrite=overwrite)
    painter = open_painter(entry.path)
    offered = page_styles(painter)
    files = {f"ort/{name}": data for name, data in runtime_files(runtime, offline=offline, progress=progress).items()}
    files |= {path.name: path.read_bytes() for path in sorted([*PAGE.iterdir(), *COMMON.iterdir()])}
    content = sample()
    files["sample.webp"] = encode_picture(content, "webp", quality=85)
    files |= {f"styles/{style.name}.webp": thumbnail(painter, style, content) for style in offered}
    networks = _fast(painter, entry.path) if isinstance(painter, FastPainter) else {_PAINTING: _bytes(entry.path)}
    files |= networks
    files["codes.bin"] = np.concatenate([style.code.values.ravel() for style in offered]).astype("<f4").tobytes()
    files["model.json"] = _json(describe(painter, offered, networks))
    place_folder(folder, files, overwrite=overwrite)
    return Page(folder, len(offered), sum(map(len, files.values())))


def describe(
    painter: FastPainter | PlainPainter, offered: Sequence[PageStyle], networks: Sequence[str] | dict[str, bytes]
) -> dict[str, Any]:
    """What `model.json` tells the page."""
    network = painter.content if isinstance(painter, FastPainter) else painter.network
    about = network.metadata
    return {
        "format": "impasto-page",
        "version": __version__,
        "runtime": VERSION,
        "name": about.get("name", ""),
        "family": about.get("family", ""),
        "licence": about.get("licence", ""),
        "kind": "fast" if isinstance(painter, FastPainter) else "plain",
        "networks": sorted(networks),
        "brushes": list(brushes(painter)),
        "styles": [
            {"name": style.name, "kind": style.kind, "title": style.title, "about": style.about} for style in offered
        ],
        "rules": _rules(painter),
        "live": {**_LIVE, "border": _live_border(network.number("multiple", 1, 256))},
    }


def _live_border(multiple: int) -> int:
    """With which sides of frames are a multiple of this, and borders one of the grain's cells."""
    step = max(CELL, multiple // 2)
    return -(-_LIVE_BORDER // step) * step


def _rules(painter: FastPainter | PlainPainter) -> dict[str, Any]:
    """How pictures are prepared for the network."""
    if isinstance(painter, PlainPainter):
        about = painter.network.metadata
        low, high = RANGES[about["range"]]
        return {
            "border": LEAST_BORDER,
            "multiple": painter.network.number("multiple", 1, 256),
            "low": low,
            "high": high,
            "reversed": COLOURS.index(about["colour"]) == 1,
            "channelsLast": LAYOUTS.index(about["layout"]) == 1,
            "input": about["input"],
            "output": about["output"],
        }
    return {
        "border": BORDER,
        "multiple": painter.multiple,
        "margin": painter.margin,
        "tile": FloatCanvas.tile,
        "cell": CELL,
        "channels": CHANNELS,
        "thumbnailArea": THUMBNAIL_AREA,
        "longestStyle": LONGEST_STYLE,
        "smallest": SMALLEST,
        "codeLength": _code_length(painter.content),
        "modulation": _modulation(painter.content),
        "ownStylesOnly": bool(painter.styles),
    }


def _fast(painter: FastPainter, path: Path) -> dict[str, bytes]:
    """Its networks: what finds the modulation, what paints with it, and, where there is one, what looks at styles."""
    model = load_model(path)
    parts = {
        _MODULATION: model.part(["modulation"]),
        _PAINTING: model.part(["squares"], asked={"modulation": _modulation(painter.content)}),
    }
    networks = {name: Model(data).described({}) for name, data in parts.items()}  # with a checksum of their own
    if not painter.styles and style_side(path).is_file():
        networks[_STYLE] = _bytes(style_side(path))
    return networks


def _modulation(network: Network) -> tuple[int, ...]:
    """Its shape."""
    measure = network.function("modulation", *MEASURED, soon=True)
    cells = SMALLEST // CELL
    shapes = (1, 3, SMALLEST, SMALLEST), (1, CHANNELS, cells, cells), (1, _code_length(network))
    return measure(*(np.zeros(shape, np.float32) for shape in shapes)).shape


def _code_length(network: Network) -> int:
    return network.number("code_length", 1, 1_000_000)


def _bytes(path: Path) -> bytes:
    return load_model(path).data


def _json(content: dict[str, Any]) -> bytes:
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()
