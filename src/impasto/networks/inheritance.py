"""Beginning with the weights of another `swift`: the same design, or one with other widths at 1/8 of the size.

Where the new network is narrower there, the channels stay that those after them listen to most (Li et al. 2017,
"Pruning filters for efficient ConvNets"; ours looks at the filters that read a channel, as a normalisation hides the
size of those that write it).
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from impasto.errors import UsageError
from impasto.networks.swift import SwiftDesign, SwiftNetwork

Weights = Mapping[str, Tensor]


def inherit(network: SwiftNetwork, weights: Weights) -> None:
    """Overwrite a network's trained weights by another's; what that one lacks stays as it is.

    Args:
        weights: of the other's `trained()`.

    Raises:
        UsageError: the other differs in more than its width at 1/8 of the size, or is narrower there.
    """
    old, trained, design = dict(weights), network.trained(), network.design
    if "content.to_eighth.bias" not in old:
        raise _another("it is no such network")
    wide = len(old["content.to_eighth.bias"])
    kept = _kept(old, design)
    for stem, axes in _reading(design).items():
        for name in (f"{stem}.weight", f"{stem}.bias"):
            for axis, channels in axes.items():
                if name in old and axis < old[name].dim():
                    old[name] = old[name].index_select(axis, kept[channels])
    rows = _modulated_rows(design, wide, kept)
    for name in ("head.code.weight", "head.code.bias"):
        if rows.max() < len(old[name]):
            old[name] = old[name][rows]
    for name in old:
        if _is_grain(name):
            old[name] = _more_inputs(old[name], trained.get_parameter(name).shape[1])
    try:
        missing, unexpected = trained.load_state_dict(old, strict=False)
    except RuntimeError as error:
        raise _another(str(error)) from error
    if unexpected or any(not _is_grain(name) for name in missing):
        raise _another(", ".join([*unexpected, *missing]))


def _another(how: str) -> UsageError:
    return UsageError("The network to begin with is of another design.", hint=f"It differs in: {how[:200]}.")


def _is_grain(name: str) -> bool:
    return name.startswith("content.grain_")


def _more_inputs(weights: Tensor, count: int) -> Tensor:
    """Filters that take so many inputs, and what they have not known so far without effect."""
    new = weights.new_zeros(weights.shape[0], max(0, count - weights.shape[1]), *weights.shape[2:])
    return torch.cat([weights, new], 1)


def _reading(design: SwiftDesign) -> dict[str, dict[int, str]]:
    """Which channels at 1/8 each layer writes (axis 0) and reads (axis 1)."""
    layers = {"content.to_eighth": {0: "stream"}, "content.from_eighth": {1: "stream"}}
    for n in range(design.blocks):
        layers[f"content.deep.{n}.first"] = {0: f"inner {n}", 1: "stream"}
        layers[f"content.deep.{n}.second"] = {0: "stream", 1: f"inner {n}"}
    return {**layers, "content.grain_eighth": {0: "stream"}}


def _kept(weights: Weights, design: SwiftDesign) -> dict[str, Tensor]:
    """By group of channels, the places of those that stay, in their order."""
    heard: dict[str, Tensor] = {}
    for stem, axes in _reading(design).items():
        if 1 in axes and f"{stem}.weight" in weights:
            power = weights[f"{stem}.weight"].float().square().sum((0, 2, 3))
            heard[axes[1]] = heard.get(axes[1], torch.zeros_like(power)) + power
    if any(len(power) < design.eighth for power in heard.values()):
        raise _another("it is narrower at 1/8 of the size")
    return {name: power.topk(design.eighth).indices.sort().values for name, power in heard.items()}


def _modulated_rows(design: SwiftDesign, wide: int, kept: Mapping[str, Tensor]) -> Tensor:
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
