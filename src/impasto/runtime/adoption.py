"""Adopting networks made elsewhere: what their files lack is found out, or asked for, and written into them."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from impasto.errors import ImpastoError, UnknownNameError, UsageError, WeightsFormatError
from impasto.runtime.model import DamagedModelError, Model
from impasto.runtime.network import load_model
from impasto.runtime.plain import COLOURS, KIND, RANGES, PlainPainter

_SMALL, _LARGE = (160, 96), (192, 128)  # of test pictures: (height, width)
_FLAT = 0.01  # of the deviation of all numbers
_MOSTLY_CLIPPED = 0.9  # of the numbers: then the range is another


def adopt(
    path: Path, *, name: str, range: str = "0-1", colour: str = "RGB", multiple: int = 1, licence: str = "unknown"
) -> bytes:
    """A network from a picture to a picture as a file that `PlainPainter` paints with.

    Args:
        path: ONNX: one input and one output, each (1, 3, H, W) or (1, H, W, 3), float32.
        range: what 0 and 1 are to the network: "0-1", "0-255" or "-1-1".
        colour: "RGB" or "BGR".
        multiple: what both sides must be multiples of.

    Raises:
        WeightsMissingError, WeightsFormatError: no network, or one of another kind.
        UnknownNameError: an unknown range or order of colours.
        UsageError: it can't paint, or not in this range.
    """
    for kind, given, known in (("range", range, RANGES), ("order of colours", colour, COLOURS)):
        if given not in known:
            raise UnknownNameError(kind, given, known)
    model = load_model(path)
    if model.metadata.get("format", "").startswith("impasto-"):
        raise UsageError(f"{path.name} is a model of ours.", hint="Add it without a range, colours and a multiple.")
    source, result, layout = _ports(model, path.name)
    about = {
        "format": KIND,
        "family": "adopted",
        "name": name,
        "range": range,
        "colour": colour,
        "layout": layout,
        "multiple": str(multiple),
        "licence": licence,
        "input": source,
        "output": result,
    }
    try:
        data = Model(model.freed()).described(about)
    except DamagedModelError as error:
        raise WeightsFormatError(f"{path.name} is no network, or a damaged one.") from error
    _try(data, path.name)
    return data


def _ports(model: Model, name: str) -> tuple[str, str, str]:
    """Names of the input and the output, and the layout."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(model.data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's own have no common base but this
        raise WeightsFormatError(f"{name} can't be run.") from error
    inputs, outputs = session.get_inputs(), session.get_outputs()
    if len(inputs) != 1 or len(outputs) != 1 or inputs[0].type != "tensor(float)" or len(inputs[0].shape) != 4:
        raise UsageError(
            f"{name} is no network from one picture to one picture.",
            hint="It must take and give one float32 tensor of (1, 3, H, W) or (1, H, W, 3).",
        )
    shape = inputs[0].shape
    if shape[1] != 3 and shape[3] == 3:
        return inputs[0].name, outputs[0].name, "NHWC"
    if shape[1] in (1, 2, 4) or (isinstance(shape[1], int) and shape[1] > 4):
        raise UsageError(f"{name} takes pictures of {shape[1]} channels.", hint="It must be 3: red, green and blue.")
    return inputs[0].name, outputs[0].name, "NCHW"


def _try(data: bytes, name: str) -> None:
    """Paint two small pictures.

    Raises:
        UsageError: that fails, or what comes out is in another range.
    """
    random = np.random.default_rng(0)
    with TemporaryDirectory() as folder:
        file = Path(folder) / name
        file.write_bytes(data)
        painter = PlainPainter(file)
        for height, width in (_SMALL, _LARGE):
            picture = random.random((height // 8, width // 8, 3), np.float32).repeat(8, 0).repeat(8, 1)
            try:
                painted = painter.run(picture)
            except ImpastoError as error:
                raise UsageError(
                    f"{name} can't paint pictures of any size: {error.message}",
                    hint="Try --multiple 4, 8 or 32; a network for one size alone can't be adopted.",
                ) from error
            if not np.isfinite(painted).all():
                raise UsageError(f"{name} paints what is no picture.", hint="Try another --range.")
            if painted.std() < _FLAT or (painted <= 0).mean() + (painted >= 1).mean() > _MOSTLY_CLIPPED:
                raise UsageError(
                    f"What {name} paints is not in the range {painter.network.metadata['range']}.",
                    hint=f"Name another --range: {', '.join(RANGES)}.",
                )
