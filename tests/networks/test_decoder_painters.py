"""AdaIN and attention: the formulas against NumPy, tiles, files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from impasto.errors import UsageError, WeightsFormatError
from impasto.features.architectures import Architecture, MobileArchitecture
from impasto.features.encoder import Encoder
from impasto.features.mobile import MobileEncoder
from impasto.networks.adain import AdaINNetwork, mean_and_deviation
from impasto.networks.attention import Attend, AttentionDesign, SlotHead
from impasto.networks.decoder_file import (
    DecoderNetwork,
    export_painter,
    in_squares,
    load_painter,
    make_painter,
    save_painter,
)
from impasto.networks.folded import together
from impasto.networks.inside_out import MULTIPLE, stages
from impasto.painters import WeightedStyle
from impasto.pictures import Picture
from impasto.runtime.canvas import BORDER
from impasto.runtime.fast import FastPainter, FastSettings

BLOCKS = ((4, 4), (5,), (6, 7), (8, 8), (8,))
DESIGN = AttentionDesign(slots=5, keys=6, heads=2, blocks=1, places=4)
FAMILIES = ("adain", "attention")


def _encoder() -> Encoder:
    """With random weights, its channels alive."""
    encoder = Encoder(Architecture(BLOCKS), padding="reflect")
    for name in encoder.convolutions:
        nn.init.normal_(encoder.convolution(name).weight, std=0.3)
        nn.init.constant_(encoder.convolution(name).bias, 0.5)  # type: ignore[arg-type]
    return encoder


@pytest.fixture(params=FAMILIES)
def network(request: pytest.FixtureRequest) -> DecoderNetwork:
    with torch.random.fork_rng():
        torch.manual_seed(2)
        network = make_painter(request.param, _encoder(), DESIGN).eval()
        for parameter in network.parameters():
            if parameter.dim() == 1 and parameter.requires_grad:
                nn.init.normal_(parameter, 0.1, 0.1)
    return network.requires_grad_(False)


def _pictures(height: int, width: int, seed: int = 0) -> Tensor:
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed))


def test_features_get_mean_and_deviation_of_the_style() -> None:
    network = AdaINNetwork(_encoder())
    content, style = _pictures(48, 64), _pictures(40, 40, 1)
    code = network.style(style)
    features = network.encoder(content, ("relu4_1",))["relu4_1"]
    factor, summand = network.modulation(content, code).double()[:, :, None, None].chunk(2, 1)
    moved = (features.double() * factor + summand).detach().numpy()
    wanted = network.encoder(style, ("relu4_1",))["relu4_1"].double().detach().numpy()
    np.testing.assert_allclose(moved.mean((2, 3)), wanted.mean((2, 3)), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(moved.std((2, 3)), wanted.std((2, 3)), rtol=1e-2, atol=5e-3)  # but for the floor
    assert np.abs(features.detach().numpy().std((2, 3)) - wanted.std((2, 3))).max() > 0.05


def test_mean_and_deviation_are_those_of_numpy() -> None:
    x = torch.randn(2, 3, 5, 7)
    exact = x.double().numpy()
    expected = np.concatenate([exact.mean((2, 3)), np.sqrt(exact.var((2, 3)) + 1e-5)], 1)
    np.testing.assert_allclose(mean_and_deviation(x), expected, rtol=1e-5, atol=1e-6)


def test_attention_weighs_mean_and_deviation_place_by_place() -> None:
    attend = Attend(4, 3)
    x, keys = torch.randn(2, 4, 3, 5), torch.randn(2, 6, 3)
    mean, deviation = torch.randn(2, 6, 4), torch.rand(2, 6, 4)
    found = attend(x, keys, mean, deviation).detach().numpy()
    weight, bias = (p.detach().double().numpy() for p in (attend.query.weight[:, :, 0, 0], attend.query.bias))  # type: ignore[index,union-attr]
    for b, row, column in np.ndindex(2, 3, 5):
        place = x[b, :, row, column].double().numpy()
        logits = keys[b].double().numpy() @ (weight @ place + bias) / np.sqrt(3)
        shares = np.exp(logits) / np.exp(logits).sum()
        expected = place * (shares @ deviation[b].double().numpy()) + shares @ mean[b].double().numpy()
        np.testing.assert_allclose(found[b, :, row, column], expected, rtol=1e-4, atol=1e-5)


def test_slots_that_look_everywhere_hold_the_whole_pictures_statistics() -> None:
    head = SlotHead(DESIGN, fine=3, deep=2)
    nn.init.zeros_(head.queries.weight)
    fine, deep = np.random.default_rng(0).random((7, 3)), np.random.default_rng(1).random((7, 2))
    places = np.concatenate([fine, fine**2 + 0.01, deep], 1)  # as if each place varied by 0.1
    slots = head.slots(head(torch.tensor(places.reshape(1, -1), dtype=torch.float32)))
    expected = np.concatenate([fine, deep], 1).mean(0)
    variance = np.concatenate([fine.var(0) + 0.01, deep.var(0)])
    for m in range(DESIGN.slots):
        np.testing.assert_allclose(slots.mean[0, m].detach(), expected, rtol=1e-5)
        np.testing.assert_allclose(slots.deviation[0, m].detach(), np.sqrt(variance + 1e-5), rtol=1e-4)


def test_slots_differ_where_their_queries_do() -> None:
    head = SlotHead(DESIGN, fine=3, deep=2)
    nn.init.normal_(head.queries.weight, std=5.0)
    slots = head.slots(head(torch.rand(1, 16 * 8)))
    assert slots.mean.var(1).max() > 1e-3


def test_the_decoder_mirrors_the_encoder() -> None:
    widths = [[(c.in_channels, c.out_channels) for c in stage.convolutions] for stage in stages(Architecture(BLOCKS))]  # type: ignore[union-attr]
    assert widths == [[(8, 7)], [(7, 6), (6, 5)], [(5, 4)], [(4, 4), (4, 3)]]


def test_tiles_are_painted_as_the_whole_is(network: DecoderNetwork) -> None:
    whole = _pictures(256, 64)
    modulation = network.modulation(whole[:, :, ::2, ::2].contiguous(), network.style(_pictures(48, 64, 1)))
    expected = network.paint(whole, modulation)
    tile = network.paint(whole[:, :, : 128 + network.margin], modulation)
    torch.testing.assert_close(tile[:, :, :128], expected[:, :, :128], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_margin_is_as_large_as_it_must_be(family: str) -> None:
    """By the gradient, in a network in which nothing is cut off: how far does what a pixel sees reach?"""
    encoder = Encoder(Architecture(BLOCKS), padding="reflect", pooling="average")
    network = make_painter(family, encoder, DESIGN).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.full_like(parameter, 0.1) + 0.1 * torch.rand_like(parameter))
    picture = _pictures(256, 16)
    code = torch.rand(1, network.code_length)
    modulation = network.modulation(picture, code)
    furthest = 0
    for row in range(120, 128):
        seen = picture.clone().requires_grad_()
        network.paint(seen, modulation)[0, :, row].sum().backward()
        assert seen.grad is not None
        rows = seen.grad[0].abs().sum((0, 2)).nonzero()
        furthest = max(furthest, row - int(rows.min()), int(rows.max()) - row)
    assert network.margin - MULTIPLE < furthest <= network.margin


def test_blends_of_codes_are_blends_of_what_they_say(network: DecoderNetwork) -> None:
    content = _pictures(64, 64)
    codes = [network.style(_pictures(48, 64, n)) for n in (1, 2)]
    half = network.modulation(content, (codes[0] + codes[1]) / 2)
    both = [network.modulation(content, code) for code in codes]
    torch.testing.assert_close(half, (both[0] + both[1]) / 2, rtol=1e-4, atol=1e-5)


def test_squares_are_put_together_again() -> None:
    pictures = _pictures(6, 10)
    assert torch.equal(together(in_squares(pictures)), pictures)


def test_files_keep_a_painter(network: DecoderNetwork, tmp_path: Path) -> None:
    save_painter(network, tmp_path / "it.safetensors")
    again = load_painter(tmp_path / "it.safetensors", network.family)
    content, code = _pictures(64, 64), network.style(_pictures(48, 64, 1))
    assert torch.equal(again(content, content, code), network(content, content, code))
    other = next(family for family in FAMILIES if family != network.family)
    with pytest.raises(WeightsFormatError, match="no painter of this kind"):
        load_painter(tmp_path / "it.safetensors", other)


def test_the_runtime_paints_what_the_network_does(network: DecoderNetwork, tmp_path: Path) -> None:
    errors = export_painter(network, tmp_path, name="tiny", training={"steps": 0})
    assert max(errors.values()) < 1e-4
    photo, style = (Picture(_pictures(80, 104, n)[0].permute(1, 2, 0).numpy().copy()) for n in (3, 4))
    painter = FastPainter(tmp_path / f"{network.family}.onnx", FastSettings(threads=1))
    found = painter.paint(photo, painter.prepare([WeightedStyle(style)])).picture.pixels
    batch, its = (torch.from_numpy(p.pixels.copy()).permute(2, 0, 1)[None] for p in (photo, style))
    # As large as a thumbnail may be, the picture is its own.
    modulation = network.modulation(batch, network.style(its))
    mirrored = nn.functional.pad(batch, (BORDER,) * 4, mode="reflect")
    expected = network.paint(mirrored, modulation)[0, :, BORDER:-BORDER, BORDER:-BORDER].clamp(0, 1)
    np.testing.assert_allclose(found, expected.permute(1, 2, 0), atol=5e-3)  # weights are stored in half precision
    tiled = FastPainter(tmp_path / f"{network.family}.onnx", FastSettings(threads=1, tile=64))
    again = tiled.paint(photo, tiled.prepare([WeightedStyle(style)])).picture.pixels
    np.testing.assert_allclose(again, found, atol=1e-4)


@pytest.mark.parametrize("family", FAMILIES)
def test_encoders_without_a_mirror_image_are_refused(family: str) -> None:
    with pytest.raises(UsageError, match="inverted residuals") as refusal:
        make_painter(family, MobileEncoder(MobileArchitecture((4, 4, 4, 4, 4), width=0.1)), DESIGN)
    assert "lite" in str(refusal.value.hint)
