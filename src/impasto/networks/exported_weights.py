"""Weights of painters read back from their ONNX files: what ships is enough to train on from."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from impasto.errors import WeightsFormatError
from impasto.extras import needs_extra
from impasto.networks.colour import COLOURS
from impasto.networks.content_side import ContentDesign
from impasto.networks.folded import ORDER
from impasto.runtime.network import load_model

_HALF, _CONTENT = "_half", "folded.content."


class ExportedWeights(NamedTuple):
    """Of a `swift` or a `johnson`, in the precision of its file.

    Attributes:
        content: of the `ContentSide`, by name.
        code_weight, code_bias: of the layer that turns codes into wishes; of a `johnson`, what it has learnt of each of
            its styles, and nothing.
    """

    content: dict[str, Tensor]
    code_weight: Tensor
    code_bias: Tensor

    def wishes(self, codes: Tensor) -> Tensor:
        """(B, D) → (B, W), without the colours."""
        return codes[:, : self.code_weight.shape[1]] @ self.code_weight.T + self.code_bias


def read_exported(path: Path) -> ExportedWeights:
    """The weights in the file of a content side.

    Raises:
        WeightsMissingError: no such file.
        WeightsFormatError: another file, or a damaged one.
        MissingExtraError: onnx is not installed.
    """
    with needs_extra("Beginning with a painter's weights"):
        import onnx
        from onnx import numpy_helper
    load_model(path)  # its errors are ours
    try:
        stored = onnx.load(str(path), load_external_data=False).graph.initializer
        tensors = _floats({t.name: torch.from_numpy(numpy_helper.to_array(t).copy()).float() for t in stored})
        content = {name.removeprefix(_CONTENT): t for name, t in tensors.items() if name.startswith(_CONTENT)}
        stem, bias = tensors["folded.stem_weight"].squeeze(2), tensors["folded.stem_bias"]
        content["stem.weight"] = stem / 4  # see `ContentFrame.stem_filters`
        content["stem.bias"] = bias + stem.sum((1, 2, 3)) / 2
        for name in ("last.weight", "last.bias"):
            content[name] = tensors[f"folded.{name.replace('.', '_')}"][ORDER.argsort()]
        if "style.code.weight" in tensors:
            return ExportedWeights(content, tensors["style.code.weight"], tensors["style.code.bias"])
        table = _table(tensors, content)
        return ExportedWeights(content, table.T, torch.zeros(table.shape[1]))
    except (KeyError, ValueError, RuntimeError) as error:
        raise WeightsFormatError(f"{path.name} is no painter to begin with.") from error


def _floats(stored: dict[str, Tensor]) -> dict[str, Tensor]:
    """By the names that they have in the network."""
    from impasto.networks.quantisation.weights import MARK, SCALES

    scales = {name.removesuffix(SCALES): tensor for name, tensor in stored.items() if name.endswith(SCALES)}
    return {
        name.removeprefix(MARK).removesuffix(_HALF): scales[name] * tensor if name in scales else tensor
        for name, tensor in stored.items()
        if not name.endswith(SCALES)
    }


def _table(tensors: dict[str, Tensor], content: dict[str, Tensor]) -> Tensor:
    """What a `johnson` has learnt of its styles, (K, W); the exporter gives it a name of its own."""
    half, quarter, eighth = (len(content[f"{name}.bias"]) for name in ("stem", "to_quarter", "to_eighth"))
    blocks = sum(name.startswith("deep.") and name.endswith(".first.bias") for name in content)
    wishes = ContentDesign(half, quarter, eighth, blocks).wishes
    (table,) = (t for t in tensors.values() if t.dim() == 2 and t.shape[1] == wishes)
    return table[:, :-COLOURS]
