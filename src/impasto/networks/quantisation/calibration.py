"""From where to where a painter's tensors reach, measured on pictures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, helper

from impasto.networks.quantisation.convolutions import Range

CLIPPED = 1e-4
"""Share of a picture's numbers that are clipped at either end. After normalisation a few are ten times as large as
nearly all others: steps fine enough for these serve the painting better than room for those. ONNX Runtime's own
calibration takes a share of all pictures together, and would clip most where a style is strongest.
"""


def measure(
    model: ModelProto,
    tensors: Sequence[str],
    pictures: Iterable[Mapping[str, NDArray[np.float32]]],
    *,
    clipped: float = CLIPPED,
    threads: int | None = None,
) -> dict[str, Range]:
    """The range of each tensor: of all but a share of its numbers, in each picture.

    Args:
        model: in floats.
        pictures: what the model is given for each.
        clipped: that share, at either end.
        threads: None leaves it to ONNX Runtime.
    """
    import onnxruntime

    looked_into = ModelProto()
    looked_into.CopyFrom(model)
    looked_into.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in tensors)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = threads or 0
    session = onnxruntime.InferenceSession(looked_into.SerializeToString(), options, providers=["CPUExecutionProvider"])
    found: dict[str, list[Range]] = defaultdict(list)
    for given in pictures:
        for name, values in zip(tensors, session.run(list(tensors), dict(given)), strict=True):
            low, high = np.quantile(values, (clipped, 1 - clipped))
            found[name].append((float(low), float(high)))
    return {name: (min(low for low, _ in each), max(high for _, high in each)) for name, each in found.items()}
