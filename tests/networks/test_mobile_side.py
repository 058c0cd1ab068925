"""The content side of inverted residuals: all that its contract with the runtime asks of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from impasto.errors import UsageError
from impasto.networks.colour import MAP, colour_statistics
from impasto.networks.content_side import ContentDesign, Design, Seen, with_grain
from impasto.networks.inheritance import inherit_styles
from impasto.networks.johnson import JohnsonNetwork
from impasto.networks.johnson_file import export_johnson, load_johnson, save_johnson
from impasto.networks.mobile import MobileDesign
from impasto.painters import WeightedStyle
from impasto.pictures import Picture
from impasto.runtime.fast import FastPainter, FastSettings

DESIGN = MobileDesign(half=4, quarter=6, eighth=8, blocks=2, expansion=3)


def _pictures(seed: int, *shape: int) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def _network(design: Design = DESIGN) -> JohnsonNetwork:
    torch.manual_seed(0)
    made = JohnsonNetwork(design, ["dots"], colour_statistics(_pictures(7, 1, 3, 16, 16)))
    with torch.no_grad():
        made.style.learnt.normal_(std=0.3)
        for name, parameter in made.content.named_parameters():
            if name.startswith(("grain_", "last.")):
                parameter.normal_(std=0.2)
    return made.eval().requires_grad_(False)


def test_the_wishes_are_used_up_in_the_order_met() -> None:
    network, met = _network(), []
    seen = with_grain(_pictures(0, 1, 3, 32, 32))

    def normalise(x: Tensor) -> Tensor:
        met.append(x.shape[1])
        return x

    network.content._features(seen.pictures, seen.grain, normalise)
    assert tuple(met) == DESIGN.modulated
    assert DESIGN.wishes == 2 * sum(met) + 9


def test_a_tile_is_painted_as_the_whole_is() -> None:
    network = _network().double()
    picture = _pictures(0, 1, 3, 256, 264).double()
    seen = Seen(*(part.double() for part in with_grain(picture, 3)))
    modulation = network.content.modulation(
        Seen(seen.pictures[..., :64, :64], seen.grain[..., :16, :16]), _wishes(network)
    )
    whole = network.content.paint(seen, modulation)
    tile = network.content.paint(Seen(picture[:, :, 32:, 40:], seen.grain[:, :, 8:, 10:]), modulation)
    error = (tile - whole[:, :, 32:, 40:]).abs().amax((0, 1))
    margin = network.content.margin
    assert error[margin:, margin:].max() < 1e-12
    assert error[margin - 8 :, margin - 8 :].max() > 1e-9


def _wishes(network: JohnsonNetwork) -> Tensor:
    return torch.cat([network.style.learnt, network.style.colours], 1)


def test_a_file_keeps_the_network(tmp_path: Path) -> None:
    network, picture, code = _network(), _pictures(0, 1, 3, 32, 48), torch.ones(1, 1)
    save_johnson(network, tmp_path / "a.safetensors")
    loaded = load_johnson(tmp_path / "a.safetensors")
    assert loaded.design == DESIGN
    assert torch.equal(loaded(picture, picture, code), network(picture, picture, code))


def test_the_runtime_paints_as_pytorch_does_whole_or_in_tiles(tmp_path: Path) -> None:
    network, file = _network(), tmp_path / "a.onnx"
    assert export_johnson(network, file, name="mine", training={}, family="distilled", licence="MIT") < 1e-4
    painter = FastPainter(file)
    about = painter.content.metadata
    assert (painter.name, about["licence"]) == ("distilled", "MIT")
    photo = Picture(_pictures(1, 168, 200, 3).numpy())
    code = painter.prepare([WeightedStyle(painter.styles["dots"])])
    whole = painter.paint(photo, code).picture.pixels
    tiled = FastPainter(file, FastSettings(tile=64)).paint(photo, code)
    assert tiled.steps > 4
    np.testing.assert_allclose(tiled.picture.pixels, whole, atol=1e-5)
    batch = torch.from_numpy(photo.pixels).permute(2, 0, 1)[None]
    expected = load_half(network)(batch, batch, torch.ones(1, 1))[0].permute(1, 2, 0).clamp(0, 1).numpy()
    inside = (slice(network.content.margin, -network.content.margin),) * 2
    np.testing.assert_allclose(whole[inside], expected[inside], atol=1e-4)


def load_half(network: JohnsonNetwork) -> JohnsonNetwork:
    """The network as it is exported."""
    with torch.no_grad():
        for tensor in network.state_dict().values():
            tensor.copy_(tensor.half().float())
    return network


def test_pictures_may_keep_their_colours() -> None:
    design = ContentDesign(4, 6, 8, blocks=1, recolours=False)
    network, picture = _network(design), _pictures(0, 2, 3, 32, 48)
    with torch.no_grad():
        network.content.last.weight.zero_()
        assert network.content.last.bias is not None
        network.content.last.bias.zero_()
    modulation = network.content.modulation(with_grain(picture), _wishes(network).expand(2, -1))
    assert modulation[:, -MAP:].tolist() == [[1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0]] * 2
    torch.testing.assert_close(network(picture, picture, torch.ones(2, 1)), picture, atol=1e-6, rtol=0)


def test_grain_may_be_named_picture_by_picture() -> None:
    pictures = torch.zeros(3, 3, 16, 24)
    named = with_grain(pictures, [5, 9, 5]).grain
    assert torch.equal(named[0], named[2])
    assert torch.equal(named[1], with_grain(pictures[:1], 9).grain[0])
    assert torch.equal(with_grain(pictures, 5).grain, with_grain(pictures, [5, 6, 7]).grain)


def test_it_can_t_begin_with_a_network_of_plain_convolutions() -> None:
    other = _network(ContentDesign(4, 6, 8))
    with pytest.raises(UsageError, match="another design"):
        inherit_styles(_network(), other.content.state_dict(), _wishes(other))
