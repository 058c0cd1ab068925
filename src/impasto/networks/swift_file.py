"""`swift` in files: one safetensors file with both sides as trained, and one ONNX file a side as shipped."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from impasto import __version__
from impasto.errors import WeightsFormatError, WeightsMissingError
from impasto.features.architectures import Architecture
from impasto.features.encoder import Encoder
from impasto.files import place_file
from impasto.grain import CELL
from impasto.networks.export import Port, export, round_to_half
from impasto.networks.folded import FoldedContent, together
from impasto.networks.swift import MULTIPLE, Seen, SwiftDesign, SwiftNetwork, with_grain
from impasto.paths import is_file
from impasto.runtime.swift import KIND

_ENCODER = "encoder."  # what the names of the encoder's tensors begin with


def save_swift(network: SwiftNetwork, path: Path, *, weights: Mapping[str, Tensor] | None = None) -> None:
    """Write a network to `path`, whole or not at all.

    Args:
        weights: of `network.trained()`, in place of its own: an average, say.
    """
    trained = network.trained().state_dict() if weights is None else weights
    tensors = {name: tensor.detach().float().contiguous() for name, tensor in trained.items()}
    tensors |= {
        f"{_ENCODER}{n}": t.detach().float().contiguous() for n, t in network.style.encoder.state_dict().items()
    }
    encoder = network.style.encoder
    metadata = {
        "format": KIND,
        "design": json.dumps(asdict(network.design)),
        "encoder": json.dumps({"blocks": encoder.architecture.blocks, "padding": encoder.padding}),
    }
    place_file(path, save(tensors, metadata), overwrite=True)


def load_trained(path: Path) -> dict[str, Tensor]:
    """The weights of `SwiftNetwork.trained()` in a file of `save_swift`, of whatever design.

    Raises:
        WeightsMissingError, WeightsFormatError: as of `load_swift`.
    """
    return _trained(_read(path)[0])


def load_swift(path: Path) -> SwiftNetwork:
    """The network that `save_swift` wrote, ready to paint.

    Raises:
        WeightsMissingError: no such file.
        WeightsFormatError: another file, or a damaged one.
    """
    tensors, metadata = _read(path)
    try:
        design, encoder = SwiftDesign(**json.loads(metadata["design"])), json.loads(metadata["encoder"])
        blocks = tuple(tuple(block) for block in encoder["blocks"])
        network = SwiftNetwork(design, Encoder(Architecture(blocks), padding=encoder["padding"], name="lite"))
        own = {name.removeprefix(_ENCODER): t for name, t in tensors.items() if name.startswith(_ENCODER)}
        network.style.encoder.load_state_dict(own)
        network.trained().load_state_dict(_trained(tensors))
    except (RuntimeError, ValueError, KeyError, TypeError) as error:
        raise WeightsFormatError(f"{path.name} is damaged.") from error
    return network.eval().requires_grad_(False)


def _trained(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in tensors.items() if not name.startswith(_ENCODER)}


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """All tensors, and the metadata."""
    if not is_file(path):
        raise WeightsMissingError(f"There is no weight file {path.name!r} where you said.", hint="Check the path.")
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != KIND:
                raise WeightsFormatError(f"{path.name} holds no painter of this kind.")
            return {name: file.get_tensor(name) for name in file.keys()}, metadata  # noqa: SIM118 — it is no dict
    except (SafetensorError, ValueError, OSError) as error:
        raise WeightsFormatError(f"{path.name} is damaged.") from error


def export_swift(
    network: SwiftNetwork, folder: Path, *, name: str, training: Mapping[str, object], stem: str = "swift"
) -> dict[str, float]:
    """Write `STEM.onnx` (content side) and `STEM-style.onnx` (style side) into a folder.

    Args:
        name: of the network, by which style codes know it: another one for other weights.
        training: data, steps … for the files' own description.

    Returns:
        By file name, how far ONNX Runtime is from PyTorch; see `export`.
    """
    network = copy.deepcopy(network).eval()
    round_to_half(network)
    random = torch.Generator().manual_seed(0)
    common = {
        "format": KIND,
        "name": name,
        "version": __version__,
        "licence": "Apache-2.0",
        "range": "0-1",
        "colour": "RGB",
        "code_length": str(network.design.code_length),
        "training": dict(training),
    }
    style = Port("style", torch.rand(1, 3, 96, 128, generator=random), {2: ("height", 1), 3: ("width", 1)})
    content = [
        *_seen("picture", "grain", torch.rand(1, 3, 64, 96, generator=random), "height", "width"),
        *_seen(
            "thumbnail",
            "thumbnail_grain",
            torch.rand(1, 3, 48, 64, generator=random),
            "thumbnail_height",
            "thumbnail_width",
        ),
        Port("code", network.style(style.example)),
    ]
    rules = {"multiple": str(MULTIPLE), "margin": str(network.content.margin)}
    sides = {
        f"{stem}.onnx": (_ContentSide(network), content, ["painting", "squares", "modulation"], rules),
        f"{stem}-style.onnx": (network.style, [style], ["code"], {}),
    }
    return {
        file: export(module, inputs, outputs, folder / file, {**common, **more})
        for file, (module, inputs, outputs, more) in sides.items()
    }


class _ContentSide(nn.Module):
    """Gives away the modulation, and the painting in squares too: our own runtime asks for these alone."""

    def __init__(self, network: SwiftNetwork) -> None:
        super().__init__()
        self.content, self.head = network.content, network.style.head
        self.folded = FoldedContent(network.content)

    def forward(
        self, picture: Tensor, grain: Tensor, thumbnail: Tensor, thumbnail_grain: Tensor, code: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        modulation = self.content.modulation(Seen(thumbnail, thumbnail_grain), self.head.wishes(code))
        squares = self.folded(picture, grain, modulation)
        return together(squares), squares, modulation


def _seen(picture: str, grain: str, example: Tensor, height: str, width: str) -> tuple[Port, Port]:
    pictures, its_grain = with_grain(example)
    cells = MULTIPLE // CELL
    return (
        Port(picture, pictures, {2: (height, MULTIPLE), 3: (width, MULTIPLE)}),
        Port(grain, its_grain, {2: (height, cells), 3: (width, cells)}),
    )
