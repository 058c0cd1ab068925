from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.features.architectures import Architecture
from impasto.features.encoder import Encoder
from impasto.grain import CHANNELS
from impasto.networks.colour import COLOURS, MAP, colour_map, colour_statistics, recolour
from impasto.networks.content_side import Seen, with_grain
from impasto.networks.folded import FoldedContent, together
from impasto.networks.modulation import Apply, Measure, ModulatedBlock
from impasto.networks.swift import SwiftDesign, SwiftNetwork, style_statistics

DESIGN = SwiftDesign(half=4, quarter=6, eighth=8, blocks=2, hidden=5)
BLOCKS = ((4, 4), (6,), (8,), (8, 8), (8,))


@pytest.fixture
def network() -> SwiftNetwork:
    torch.manual_seed(0)
    made = SwiftNetwork(DESIGN, Encoder(Architecture(BLOCKS), padding="reflect"))
    with torch.no_grad():  # a fresh network modulates next to nothing
        made.style.head.code.weight.normal_(std=0.5)
        made.content.grain_eighth.weight.normal_(std=0.2)
        made.content.grain_quarter.weight.normal_(std=0.2)
    return made.eval().requires_grad_(False)


def _pictures(seed: int, *shape: int) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def test_normalisation_against_numpy() -> None:
    x, code = _pictures(0, 2, 3, 4, 5), _pictures(1, 2, 6)
    found = Measure(code, (3,))(x).numpy()
    for b in range(2):
        for c in range(3):
            plane = x[b, c].double().numpy()
            gamma, beta = code[b, c].item(), code[b, 3 + c].item()
            expected = (plane - plane.mean()) / np.sqrt(plane.var() + 1e-4) * (1 + gamma) + beta
            np.testing.assert_allclose(found[b, c], expected, rtol=1e-4, atol=1e-5)


def test_a_thumbnail_s_statistics_replace_those_of_the_picture() -> None:
    code = _pictures(1, 1, 6)
    measure = Measure(code, (3,))
    small = _pictures(0, 1, 3, 4, 4)
    measure(small)
    large = _pictures(2, 1, 3, 8, 8) + 5
    scale = (1 + code[:, :3, None, None]) / (small.var((2, 3), correction=0, keepdim=True) + 1e-4).sqrt()
    expected = (large - small.mean((2, 3), keepdim=True)) * scale + code[:, 3:, None, None]
    torch.testing.assert_close(Apply(measure.modulation, (3,))(large), expected)


def test_a_flat_channel_stays_finite() -> None:
    assert torch.isfinite(Measure(torch.zeros(1, 2), (1,))(torch.ones(1, 1, 4, 4))).all()


def test_the_block_s_gradient() -> None:
    torch.manual_seed(0)
    block = ModulatedBlock(2).double()
    x, modulation = _pictures(0, 1, 2, 4, 4).double(), _pictures(1, 1, 8).double()
    x.requires_grad_(True)
    modulation.requires_grad_(True)
    assert torch.autograd.gradcheck(lambda x, modulation: block(x, Apply(modulation, (2, 2))), (x, modulation))
    assert torch.autograd.gradcheck(lambda x, code: block(x, Measure(code, (2, 2))), (x, modulation))


def test_the_wishes_are_used_up(network: SwiftNetwork) -> None:
    """As many numbers as the normalisations take, no more: each of them changes the painting."""
    wishes = network.style.head.wishes(network.style(_pictures(1, 1, 3, 32, 32)))
    picture = _pictures(0, 1, 3, 32, 48)
    assert network.content.modulation(with_grain(picture), wishes).shape == (1, wishes.shape[1] - COLOURS + MAP)
    wishes.requires_grad_(True)
    (slope,) = torch.autograd.grad(network.content(*[with_grain(picture)] * 2, wishes).square().sum(), wishes)
    assert (slope != 0).float().mean() > 0.95  # what is cut off by the range of colours is without effect


def test_a_blend_of_codes_asks_for_the_blend_of_what_they_ask_for(network: SwiftNetwork) -> None:
    head = network.style.head
    a, b = (network.style(_pictures(seed, 1, 3, 32, 32)) for seed in (1, 2))
    torch.testing.assert_close(head.wishes(1.3 * a - 0.3 * b), 1.3 * head.wishes(a) - 0.3 * head.wishes(b))


@pytest.mark.parametrize(("height", "width"), [(8, 8), (8, 64), (40, 24)])
def test_shapes(network: SwiftNetwork, height: int, width: int) -> None:
    codes = network.style(_pictures(1, 2, 3, 33, 47))
    assert codes.shape == (2, DESIGN.code_length)
    assert network(_pictures(0, 2, 3, height, width), _pictures(2, 2, 3, 16, 24), codes).shape == (
        2,
        3,
        height,
        width,
    )


def test_a_tile_is_painted_as_the_whole_is(network: SwiftNetwork) -> None:
    """Away from its border by as much as the network sees; statistics come from the thumbnail."""
    picture, thumbnail = _pictures(0, 1, 3, 256, 320).double(), _pictures(1, 1, 3, 40, 48)
    codes = network.style(_pictures(2, 1, 3, 32, 32))
    modulation = network.content.modulation(with_grain(thumbnail), network.style.head.wishes(codes)).double()
    network = network.double()
    seen = Seen(picture, with_grain(picture, seed=3).grain.double())
    whole = network.content.paint(seen, modulation)
    tile = network.content.paint(Seen(picture[:, :, 32:, 40:], seen.grain[:, :, 8:, 10:]), modulation)
    error = (tile - whole[:, :, 32:, 40:]).abs().amax((0, 1))
    margin = network.content.margin
    assert error[margin:, margin:].max() < 1e-12
    assert error[margin - 8 :, margin - 8 :].max() > 1e-7


def test_style_statistics_against_numpy() -> None:
    features = {f"relu{block}_1": _pictures(block, 1, 2, 5, 6) for block in range(1, 6)}
    expected: list[float] = []
    for block in range(1, 6):
        planes = features[f"relu{block}_1"][0].double().numpy().reshape(2, -1)
        expected += list(np.sqrt(planes.mean(1) + 1e-6)) + list(np.sqrt(np.sqrt(planes.var(1) + 1e-6)))
    np.testing.assert_allclose(style_statistics(features)[0].numpy(), expected, rtol=1e-5)


def test_the_encoder_is_not_trained(network: SwiftNetwork) -> None:
    network.requires_grad_(True)
    names = dict(network.trained().named_parameters())
    assert {name.split(".")[0] for name in names} == {"content", "head"}


def test_calibrated_inputs_have_mean_0_and_deviation_1(network: SwiftNetwork) -> None:
    statistics = _pictures(0, 50, network.style.head.first.in_features + COLOURS) * 7 + 3
    network.style.head.calibrate(statistics)
    inputs = (statistics[:, :-COLOURS] - network.style.head.centre) / network.style.head.spread
    assert inputs.mean(0).abs().max() < 1e-4
    assert (inputs.std(0) - 1).abs().max() < 1e-2


def test_untrained_it_paints_with_the_style_s_colours_alone() -> None:
    torch.manual_seed(0)
    network = SwiftNetwork(DESIGN, Encoder(Architecture(BLOCKS), padding="reflect")).eval().requires_grad_(False)
    network.content.last.weight.zero_()
    content, style = _pictures(0, 1, 3, 32, 48), _pictures(1, 1, 3, 32, 32)
    colours = colour_map(colour_statistics(content), colour_statistics(style))
    torch.testing.assert_close(network(content, content, network.style(style)), recolour(content, colours))


def test_the_stem_sees_pictures_around_0(network: SwiftNetwork) -> None:
    picture, stem = _pictures(0, 1, 3, 32, 48), network.content.stem
    expected = F.conv2d(4 * (picture - 0.5), stem.weight, stem.bias, stride=2)
    torch.testing.assert_close(F.conv2d(picture, *network.content.stem_filters(), stride=2), expected)


def test_folded_it_paints_the_same(network: SwiftNetwork) -> None:
    """But for the border, where the zeros beyond it mean black now, not gray."""
    picture, thumbnail = _pictures(0, 1, 3, 192, 160), _pictures(1, 1, 3, 40, 48)
    codes = network.style(_pictures(2, 1, 3, 32, 32))
    modulation = network.content.modulation(with_grain(thumbnail), network.style.head.wishes(codes))
    expected = network(picture, thumbnail, codes)
    found = together(FoldedContent(network.content)(*with_grain(picture), modulation))
    assert found.shape == expected.shape
    inside = (..., slice(margin := network.content.margin, -margin), slice(margin, -margin))
    torch.testing.assert_close(found[inside], expected[inside].clamp(0, 1), atol=1e-4, rtol=0)
    assert ((found > 0) & (found < 1)).float().mean() > 0.1


def test_squares_are_put_together_row_by_row() -> None:
    picture = _pictures(0, 2, 3, 4, 6)
    squares = torch.empty(2, 2, 3, 12)
    for y in range(2):
        for x in range(3):
            square = picture[:, :, 2 * y : 2 * y + 2, 2 * x : 2 * x + 2]
            squares[:, y, x] = square.permute(0, 2, 3, 1).reshape(2, 12)
    torch.testing.assert_close(together(squares), picture)


def test_grain_is_seen_by_thumbnails_and_pictures(network: SwiftNetwork) -> None:
    picture, codes = _pictures(0, 1, 3, 64, 64), network.style(_pictures(1, 1, 3, 32, 32))
    a, b = (network(picture, picture, codes, seed=seed) for seed in (0, 1))
    assert (a - b).abs().mean() > 1e-3
    wishes = network.style.head.wishes(codes)
    a, b = (network.content.modulation(with_grain(picture, seed), wishes) for seed in (0, 1))
    assert (a - b).abs().max() > 1e-3


def test_each_picture_of_a_batch_has_its_own_grain() -> None:
    pictures = torch.zeros(3, 3, 16, 24)
    first, last = with_grain(pictures, 5), with_grain(pictures[2:], 7)
    assert first.grain.shape == (3, CHANNELS, 4, 6)
    torch.testing.assert_close(first.grain[2:], last.grain)
    assert not torch.equal(first.grain[0], first.grain[1])
