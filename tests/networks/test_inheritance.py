from __future__ import annotations

import re
from collections.abc import Mapping

import pytest
import torch
from torch import Tensor

from impasto.errors import UsageError
from impasto.features.architectures import Architecture
from impasto.features.encoder import Encoder
from impasto.networks.inheritance import inherit
from impasto.networks.swift import SwiftDesign, SwiftNetwork

BLOCKS = ((4, 4), (6,), (8,), (8, 8), (8,))


def _network(eighth: int = 8, *, quarter: int = 6, seed: int = 0) -> SwiftNetwork:
    torch.manual_seed(seed)
    made = SwiftNetwork(SwiftDesign(4, quarter, eighth, 2, 5), Encoder(Architecture(BLOCKS), padding="reflect"))
    with torch.no_grad():
        made.style.head.code.weight.normal_(std=0.5)
        made.content.grain_eighth.weight.normal_(std=0.2)
    return made.eval().requires_grad_(False)


def _paint(network: SwiftNetwork) -> torch.Tensor:
    random = torch.Generator().manual_seed(3)
    picture, style = (torch.rand(1, 3, 48, 64, generator=random) for _ in "ab")
    return network(picture, picture, network.style(style))


def _silence(network: SwiftNetwork, unheard: list[int]) -> None:
    """Nobody listens to these channels of the stream at 1/8, nor of what the blocks have inside."""
    content = network.content
    for layer in (content.from_eighth, *(conv for block in content.deep for conv in (block.first, block.second))):
        layer.weight[:, unheard] = 0


def test_the_same_design_paints_the_same() -> None:
    old, new = _network(seed=0), _network(seed=1)
    new.style.encoder.load_state_dict(old.style.encoder.state_dict())
    inherit(new, old.trained().state_dict())
    torch.testing.assert_close(_paint(new), _paint(old))


def test_a_narrower_one_paints_the_same_where_nobody_listened_to_the_rest() -> None:
    old, new = _network(12, seed=0), _network(8, seed=1)
    _silence(old, [0, 3, 7, 11])
    new.style.encoder.load_state_dict(old.style.encoder.state_dict())
    inherit(new, old.trained().state_dict())
    torch.testing.assert_close(_paint(new), _paint(old), rtol=1e-4, atol=1e-5)


def test_weights_from_before_the_grain_leave_it_as_it_is() -> None:
    old, new = _network(seed=0), _network(seed=1)
    weights = {n: t for n, t in old.trained().state_dict().items() if ".grain_" not in n}
    before = new.content.grain_eighth.weight.clone()
    inherit(new, weights)
    assert torch.equal(new.content.grain_eighth.weight, before)
    assert torch.equal(new.content.stem.weight, old.content.stem.weight)


def test_kinds_of_grain_that_are_new_are_without_effect_at_first() -> None:
    old, new = _network(seed=0), _network(seed=1)
    weights = dict(old.trained().state_dict())
    for name in ("content.grain_eighth.weight", "content.grain_quarter.weight"):
        weights[name] = weights[name][:, :2]
    inherit(new, weights)
    for layer in (new.content.grain_eighth, new.content.grain_quarter):
        assert (layer.weight[:, 2:] == 0).all()
    assert torch.equal(new.content.grain_eighth.weight[:, :2], old.content.grain_eighth.weight[:, :2])


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (_network(6), "It is narrower at 1/8 of the size."),
        (_network(quarter=9), r"It differs: \S+ is [\d×]+, not [\d×]+, .*, and \d+ more differ\."),
    ],
)
def test_other_designs_are_refused(other: SwiftNetwork, told: str) -> None:
    refused(other.trained().state_dict(), told)


def test_weights_that_lack_a_part_are_refused() -> None:
    weights = dict(_network().trained().state_dict())
    del weights["content.last.bias"]
    refused(weights, "It differs: last.bias is missing.")


def test_weights_that_have_a_part_too_many_are_refused() -> None:
    refused({**_network().trained().state_dict(), "head.more": torch.ones(1)}, "It differs: more is not known here.")


def test_weights_of_something_else_are_refused() -> None:
    refused({"conv.weight": torch.ones(3)}, "It is no such network.")


def refused(weights: Mapping[str, Tensor], told: str) -> None:
    with pytest.raises(UsageError, match="another design") as refusal:
        inherit(_network(), weights)
    assert re.fullmatch(told, str(refusal.value.hint)), refusal.value.hint
