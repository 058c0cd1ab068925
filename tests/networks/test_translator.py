from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from impasto.errors import WeightsFormatError
from impasto.networks.critic import PatchCritic
from impasto.networks.levelled import levelled
from impasto.networks.translator import Translator
from impasto.networks.translator_design import MULTIPLE, TranslatorDesign
from impasto.networks.translator_file import export_translator, load_translator, save_translator
from impasto.painters import WeightedStyle
from impasto.pictures import Picture
from impasto.runtime.canvas import BORDER
from impasto.runtime.fast import FastPainter, FastSettings


def _network(source: int = 3, target: int = 3) -> Translator:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = Translator(TranslatorDesign(source, target, half=6, quarter=8, blocks=2))
        nn.init.normal_(network.last.weight, std=0.1)
    return network.eval().requires_grad_(False)


def _pictures(height: int, width: int, channels: int = 3) -> Tensor:
    return torch.rand(1, channels, height, width, generator=torch.Generator().manual_seed(0))


def test_each_place_is_levelled_by_itself() -> None:
    x = torch.randn(2, 5, 3, 4)
    exact = x.double().numpy()
    mean, variance = exact.mean(1, keepdims=True), exact.var(1, keepdims=True)
    np.testing.assert_allclose(levelled(x), (exact - mean) / np.sqrt(variance + 1e-5), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("source", "target"), [(3, 3), (1, 1), (3, 1), (1, 3)])
def test_at_first_a_picture_is_nearly_itself(source: int, target: int) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = Translator(TranslatorDesign(source, target, half=6, quarter=8, blocks=2))
    picture = _pictures(16, 20, source)
    same = picture if source == target else picture.mean(1, keepdim=True).expand(-1, target, -1, -1)
    translated = network(picture)
    assert translated.shape == (1, target, 16, 20)
    assert (translated - same).abs().mean() < 0.1


def test_tiles_are_those_of_the_whole_and_the_margin_no_larger_than_it_must_be() -> None:
    network = _network()
    picture = _pictures(160, 16)
    whole = network(picture)
    tile = network(picture[:, :, : 80 + network.margin])
    torch.testing.assert_close(tile[:, :, :80], whole[:, :, :80], rtol=1e-4, atol=1e-5)
    furthest = 0
    for row in range(80, 84):
        seen = picture.clone().requires_grad_()
        network(seen)[0, :, row].sum().backward()
        assert seen.grad is not None
        rows = seen.grad[0].abs().sum((0, 2)).nonzero()
        furthest = max(furthest, row - int(rows.min()), int(rows.max()) - row)
    assert network.margin - MULTIPLE < furthest <= network.margin


@pytest.mark.parametrize(("source", "target"), [(3, 3), (1, 1), (1, 3)])
def test_the_runtime_paints_what_the_network_does(source: int, target: int, tmp_path: Path) -> None:
    network = _network(source, target)
    path = tmp_path / "day-night.onnx"
    assert export_translator(network, path, family="pix2pix", name="day-night", training={}) < 1e-4
    pixels = _pictures(64, 80)[0].permute(1, 2, 0).numpy().copy()
    painter = FastPainter(path, FastSettings(threads=1, tile=64))
    assert (painter.name, list(painter.styles)) == ("pix2pix", ["day-night"])
    style = painter.prepare([WeightedStyle(painter.styles["day-night"])])
    found = painter.paint(Picture(pixels), style).picture.pixels
    batch = torch.from_numpy(pixels).permute(2, 0, 1)[None]
    if source == 1:
        batch = (torch.tensor([0.299, 0.587, 0.114])[None, :, None, None] * batch).sum(1, keepdim=True)
    mirrored = nn.functional.pad(batch, (BORDER,) * 4, mode="reflect")
    expected = network(mirrored)[0, :, BORDER:-BORDER, BORDER:-BORDER].clamp(0, 1).permute(1, 2, 0)
    np.testing.assert_allclose(found, expected.expand(-1, -1, 3), atol=5e-3)  # weights are stored in half precision


def test_files_keep_a_translator(tmp_path: Path) -> None:
    network = _network(1, 3)
    save_translator(network, tmp_path / "it.safetensors")
    again = load_translator(tmp_path / "it.safetensors")
    picture = _pictures(16, 16, 1)
    assert torch.equal(again(picture), network(picture))
    (tmp_path / "it.safetensors").write_bytes(b"no")
    with pytest.raises(WeightsFormatError):
        load_translator(tmp_path / "it.safetensors")


def test_three_layers_look_at_patches_of_70_pixels() -> None:
    """As published. By the gradient, without the normalisation, which sees all of a picture."""
    critic = PatchCritic(3, width=4)
    picture = torch.rand(1, 3, 128, 128, requires_grad=True)
    x = picture
    for step in critic.steps:
        x = step(x)
    verdicts = critic.last(x)
    verdicts[0, 0, 7, 7].backward()
    assert picture.grad is not None
    seen = picture.grad[0].abs().sum(0).nonzero()
    assert (seen.max(0).values - seen.min(0).values + 1).tolist() == [70, 70]
    assert [step.out_channels for step in critic.steps] == [4, 8, 16, 32]  # type: ignore[union-attr]


def test_codes_change_the_verdict_by_a_projection() -> None:
    critic = PatchCritic(3, width=4, code=5)
    pictures, codes = torch.rand(2, 3, 64, 64), torch.randn(2, 5)
    assert critic.project is not None
    without, both = critic(pictures), critic(pictures, codes)
    doubled = critic(pictures, 2 * codes)
    assert both.shape == without.shape
    assert (both - without).abs().max() > 1e-4
    torch.testing.assert_close(doubled - without, 2 * (both - without), rtol=1e-3, atol=1e-4)  # linear in the code
