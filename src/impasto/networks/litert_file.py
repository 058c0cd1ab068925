"""Painters out to LiteRT, for phones: one .tflite for pictures of one size in one style.

It takes a picture and gives a painting, each (1, H, W, 3), float32, RGB in [0, 1]. It is made from the painter's own
file, whatever its family, by way of torch, and compared with our runtime's painting before it is kept.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from impasto.errors import ExportError, UsageError
from impasto.extras import needs_extra
from impasto.files import check_place, place_file
from impasto.networks.litert_buffer import finished
from impasto.networks.standalone import StandaloneFast, StandalonePlain
from impasto.painting import read_styles, style_side
from impasto.pictures import Picture
from impasto.runtime.fast import Floats
from impasto.runtime.opening import open_painter
from impasto.runtime.plain import PlainPainter
from impasto.styles.shares import shares

INPUT, OUTPUT = "picture", "painting"
SMALLEST, LARGEST, MULTIPLE = 64, 4096, 8  # of the sides
TOLERANCE = 1 / 255


class Exported(NamedTuple):
    """What was written.

    Attributes:
        size: (width, height) of its pictures.
        bytes: of the file.
        error: the largest difference to our runtime's painting of a test picture, both in [0, 1].
    """

    size: tuple[int, int]
    bytes: int
    error: float


def export_litert(
    model: Path,
    styles: Sequence[tuple[str, float]],
    target: Path,
    *,
    size: tuple[int, int] = (512, 512),
    overwrite: bool = False,
) -> Exported:
    """Write a painter as one .tflite file, whole or not at all.

    Args:
        model: the painter's file.
        styles: names, or files of pictures, with weights. May be empty where the painter has only one.
        size: (width, height) of the pictures that it will paint.

    Raises:
        MissingExtraError: what converts is not installed.
        UsageError, UnknownNameError, PictureError: a size or a style that can't be.
        WeightsError: the painter's file is missing or damaged.
        OutputError: `target` can't be written.
        ExportError: the painter has parts that can't be converted, or paints something else once converted.
    """
    check_size(size)
    check_place(target, overwrite=overwrite)
    with needs_extra("Exporting to LiteRT"), _quiet():
        import litert_torch  # noqa: F401 — before work is spent on what needs it
        from ai_edge_litert import interpreter  # noqa: F401
    painter = open_painter(model)
    found = read_styles(list(styles), side=style_side(size), codes=painter.codes)
    code = painter.prepare(found)
    if isinstance(painter, PlainPainter):
        network: nn.Module = StandalonePlain(model, painter, size)
        about = painter.network.metadata
    else:
        network = StandaloneFast(model, painter, code, size)
        about = painter.content.metadata
    names = [word for word, _ in styles] or list(painter.codes.own)
    told = dict(zip(names, shares([style.weight for style in found]), strict=True))
    data = finished(converted(network, size), _description(about, told, size))
    picture = _test_picture(size)
    error = float(np.abs(run(data, picture) - painter.paint(Picture(picture), code).picture.pixels).max())
    if not error <= TOLERANCE:
        raise ExportError(f"The exported painter's paintings differ by {255 * error:.2g} of 255.")
    place_file(target, data, overwrite=overwrite)
    return Exported(size, len(data), error)


def check_size(size: tuple[int, int]) -> None:
    """
    Raises:
        UsageError: pictures of (width, height) can't be exported for.
    """
    if any(side % MULTIPLE or not SMALLEST <= side <= LARGEST for side in size):
        near = "x".join(str(min(LARGEST, max(SMALLEST, round(side / MULTIPLE) * MULTIPLE))) for side in size)
        raise UsageError(
            f"Pictures of {size[0]}×{size[1]} can't be exported for.",
            hint=f"Both sides must be multiples of {MULTIPLE} from {SMALLEST} to {LARGEST}: --size {near}",
        )


def converted(network: nn.Module, size: tuple[int, int]) -> bytes:
    """A module from one picture to one painting, for pictures of (width, height), as LiteRT's converter makes it.

    Raises:
        ExportError: it can't.
    """
    example = torch.zeros(1, size[1], size[0], 3)
    with _quiet():
        import litert_torch

        litert_torch.config.show_progress = False
        try:
            model = litert_torch.convert(network.eval().requires_grad_(False), (example,))
            return bytes(model.model_content())
        except MemoryError:
            raise
        except Exception as error:  # torch's exporter and the converter have no common base but this
            reason = f"{type(error).__name__}: {error}".splitlines()[0][:200]
            raise ExportError(f"LiteRT's converter can't convert the painter ({reason}).") from error


def run(data: bytes, picture: Floats) -> Floats:
    """(H, W, 3) in [0, 1] → the same, as a file's content paints it.

    Raises:
        ExportError: LiteRT's runtime can't run it.
    """
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    # The plain kernels: what speeds up others talks on standard error.
    how = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    try:
        interpreter = Interpreter(model_content=data, num_threads=os.cpu_count(), experimental_op_resolver_type=how)
        painting: Floats = interpreter.get_signature_runner()(**{INPUT: picture[None]})[OUTPUT][0]
    except (RuntimeError, ValueError) as error:
        reason = str(error).splitlines()[0][:200]
        raise ExportError(f"LiteRT can't run the exported painter ({reason}).", hint="Try a smaller --size.") from error
    return painting


def _description(about: Mapping[str, str], styles: Mapping[str, float], size: tuple[int, int]) -> dict[str, Any]:
    return {
        "format": "impasto-litert",
        **{key: about.get(key, "unknown") for key in ("family", "name", "version", "licence")},
        "styles": {Path(name).stem: round(share, 4) for name, share in styles.items()},
        "input": INPUT,
        "output": OUTPUT,
        "shape": [1, size[1], size[0], 3],
        "type": "float32",
        "range": "0-1",
        "colour": "RGB",
        "layout": "NHWC",
    }


def _test_picture(size: tuple[int, int]) -> Floats:
    """Coloured squares, on a ramp of brightness."""
    width, height = size
    squares = np.random.default_rng(0).random((height // 8, width // 8, 3), np.float32).repeat(8, 0).repeat(8, 1)
    return np.asarray(0.6 * squares + np.linspace(0, 0.4, width, dtype=np.float32)[:, None], np.float32)


@contextmanager
def _quiet() -> Iterator[None]:
    """The converter and what it is built on tell of missing hardware, of deprecations and of their progress."""
    for name, value in {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0"}.items():
        os.environ.setdefault(name, value)
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)
