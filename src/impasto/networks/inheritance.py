"""Beginning with the weights of another painter: of the same design, or with another width at 1/8 of the size.

Where the new network is narrower there, the channels stay that those after them listen to most (Li et al. 2017,
"Pruning filters for efficient ConvNets"; ours looks at the filters that read a channel, as a normalisation hides the
size of those that write it).
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from impasto.errors import UsageError
from impasto.networks.colour import COLOURS
from impasto.networks.content_side import ContentDesign, ContentSide
from impasto.networks.johnson import JohnsonNetwork
from impasto.networks.swift import SwiftNetwork

Weights = Mapping[str, Tensor]

_CONTENT, _HEAD = "content.", "head."
_TOLD = 3  # differences
_GRAIN = "grain_"  # what the names of weights begin with that older networks lack


def inherit(network: SwiftNetwork, weights: Weights) -> None:
    """Overwrite a network's trained weights by another's; what that one lacks stays as it is.

    Args:
        weights: of the other's `trained()`.

    Raises:
        UsageError: the other differs in more than its width at 1/8 of the size, or is narrower there.
    """
    content = {name.removeprefix(_CONTENT): t for name, t in weights.items() if name.startswith(_CONTENT)}
    rows = inherit_content(network.content, content)
    head = {name.removeprefix(_HEAD): t for name, t in weights.items() if name.startswith(_HEAD)}
    for name in ("code.weight", "code.bias"):
        if rows.max() < len(head.get(name, ())):
            head[name] = head[name][rows]
    _load(network.style.head, head)


def inherit_styles(network: JohnsonNetwork, content: Weights, wishes: Tensor) -> None:
    """Begin with the content side of another painter, and with what it would be asked for to paint in these styles.

    Args:
        content: weights of the other's `ContentSide`.
        wishes: (K, W), of the other; their colours are not looked at.

    Raises:
        UsageError: as of `inherit`.
    """
    if not isinstance(network.content, ContentSide):
        raise _another("Its content side is of another kind.")
    rows = inherit_content(network.content, content)
    if wishes.shape[1] <= int(rows.max()) + COLOURS:
        raise _another("Its style side asks for less.")
    with torch.no_grad():
        network.style.learnt.copy_(wishes[:, rows])


def inherit_content(network: ContentSide, weights: Weights) -> Tensor:
    """Overwrite a content side's weights by another's; what that one lacks stays as it is.

    Returns:
        Which of the other's wishes, in order, are those of this one: colours apart.

    Raises:
        UsageError: as of `inherit`.
    """
    old, design = dict(weights), network.design
    if "to_eighth.bias" not in old:
        raise _another("It is no such network.")
    wide = len(old["to_eighth.bias"])
    kept = _kept(old, design)
    for stem, axes in _reading(design).items():
        for name in (f"{stem}.weight", f"{stem}.bias"):
            for axis, channels in axes.items():
                if name in old and axis < old[name].dim():
                    old[name] = old[name].index_select(axis, kept[channels])
    for name in old:
        if name.startswith(_GRAIN):
            old[name] = _more_inputs(old[name], network.get_parameter(name).shape[1])
    _load(network, old)
    return _modulated_rows(design, wide, kept)


def _load(module: nn.Module, weights: Weights) -> None:
    own = module.state_dict()
    shapes = {name: (_size(tensor), _size(own[name])) for name, tensor in weights.items() if name in own}
    differing = [
        *(f"{name} is {its}, not {ours}" for name, (its, ours) in shapes.items() if its != ours),
        *(f"{name} is not known here" for name in weights if name not in own),
        *(f"{name} is missing" for name in own if name not in weights and not name.startswith(_GRAIN)),
    ]
    if differing:
        more = f", and {len(differing) - _TOLD} more differ" if len(differing) > _TOLD else ""
        raise _another(f"It differs: {', '.join(differing[:_TOLD])}{more}.")
    module.load_state_dict(weights, strict=False)


def _size(tensor: Tensor) -> str:
    return "×".join(str(side) for side in tensor.shape) or "1"


def _another(how: str) -> UsageError:
    return UsageError("The network to begin with is of another design.", hint=how)


def _more_inputs(weights: Tensor, count: int) -> Tensor:
    """Filters that take so many inputs, and what they have not known so far without effect."""
    new = weights.new_zeros(weights.shape[0], max(0, count - weights.shape[1]), *weights.shape[2:])
    return torch.cat([weights, new], 1)


def _reading(design: ContentDesign) -> dict[str, dict[int, str]]:
    """Which channels at 1/8 each layer writes (axis 0) and reads (axis 1)."""
    layers = {"to_eighth": {0: "stream"}, "from_eighth": {1: "stream"}}
    for n in range(design.blocks):
        layers[f"deep.{n}.first"] = {0: f"inner {n}", 1: "stream"}
        layers[f"deep.{n}.second"] = {0: "stream", 1: f"inner {n}"}
    return {**layers, "grain_eighth": {0: "stream"}}


def _kept(weights: Weights, design: ContentDesign) -> dict[str, Tensor]:
    """By group of channels, the places of those that stay, in their order."""
    heard: dict[str, Tensor] = {}
    for stem, axes in _reading(design).items():
        if 1 in axes and f"{stem}.weight" in weights:
            power = weights[f"{stem}.weight"].float().square().sum((0, 2, 3))
            heard[axes[1]] = heard.get(axes[1], torch.zeros_like(power)) + power
    if any(len(power) < design.eighth for power in heard.values()):
        raise _another("It is narrower at 1/8 of the size.")
    return {name: power.topk(design.eighth).indices.sort().values for name, power in heard.items()}


def _modulated_rows(design: ContentDesign, wide: int, kept: Mapping[str, Tensor]) -> Tensor:
    """Places, among the old head's outputs, of the new one's: γ and β of each normalisation in turn."""
    groups = ["", "stream", *(group for n in range(design.blocks) for group in (f"inner {n}", "stream"))]
    rows, place = [], 0
    for n, width in enumerate(design.modulated):
        group = groups[n] if n < len(groups) else ""
        old_width = wide if group else width
        channels = kept[group] if group else torch.arange(width)
        rows += [place + channels, place + old_width + channels]
        place += 2 * old_width
    return torch.cat(rows)
