from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_encoder import LOSSES, tiny_encoder

from impasto.errors import DeviceError, UnknownNameError, UsageError
from impasto.features.architectures import Architecture
from impasto.features.encoder import Encoder
from impasto.features.native import save_encoder
from impasto.optimize.painter import OptimizationPainter
from impasto.optimize.presets import find_preset
from impasto.optimize.settings import Settings
from impasto.painters import Painting, Progress, WeightedStyle
from impasto.pictures import Picture
from impasto.styles.code import StyleCode


def _picture(seed: int, width: int = 48, height: int = 32) -> Picture:
    rng = np.random.default_rng(seed)
    return Picture(rng.random((height, width, 3), np.float32), dpi=(300, 300))


CONTENT, STYLE = _picture(1), _picture(2, 40, 40)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    save_encoder(tiny_encoder(), path)
    return str(path)


@pytest.fixture
def settings(encoder: str) -> Settings:
    return Settings(
        losses=LOSSES,
        encoder=encoder,
        iterations=6,
        coarse_iterations=4,
        coarsest=12,
        precision="float32",
        device="cpu",
    )


def _paint(settings: Settings, content: Picture = CONTENT, **options: Any) -> Painting:
    painter = OptimizationPainter(settings, start=options.pop("start", None))
    return painter.paint(content, painter.prepare(options.pop("styles", [WeightedStyle(STYLE)])), **options)


def test_a_painting_has_the_content_s_size_and_keeps_its_other_parts(settings: Settings) -> None:
    painting = _paint(settings)
    assert painting.picture.size == CONTENT.size
    assert painting.picture.dpi == (300, 300)
    assert painting.picture.pixels.min() >= 0
    assert painting.picture.pixels.max() <= 1
    assert painting.stop == "finished"
    assert painting.facts["iterations"] == 4 + 4 + 6
    assert painting.facts["device"] == "cpu"
    assert painting.facts["precision"] == "float32"
    assert painting.facts["encoder"] == "tiny"


@pytest.mark.parametrize("start", ["content", "style", "noise"])
def test_the_same_seed_gives_the_same_painting(settings: Settings, start: str) -> None:
    chosen = replace(settings, start=start)  # type: ignore[arg-type]
    first, second = _paint(chosen), _paint(chosen)
    np.testing.assert_array_equal(first.picture.pixels, second.picture.pixels)


def test_another_seed_gives_other_noise(settings: Settings) -> None:
    first, second = (_paint(replace(settings, start="noise", seed=seed)) for seed in (0, 1))
    assert np.abs(first.picture.pixels - second.picture.pixels).max() > 0.1


def test_it_starts_from_the_picture_given(settings: Settings) -> None:
    """Without time for a step the start comes out, through the pyramid."""
    chosen = replace(settings, seconds=1e-9, scales=1, domain="free")
    painting = _paint(chosen, start=_picture(9))
    assert painting.stop == "time is up"
    np.testing.assert_allclose(painting.picture.pixels, _picture(9).pixels, atol=1e-6)
    assert painting.facts["iterations"] == 0


def test_progress_tells_where_it_is(settings: Settings) -> None:
    seen: list[Progress] = []
    _paint(settings, progress=seen.append)
    assert [progress.size for progress in seen if progress.iteration == 0] == [(12, 8), (24, 16), (48, 32)]
    assert {progress.scales for progress in seen} == {3}
    fractions = [progress.fraction for progress in seen]
    assert fractions == sorted(fractions)
    assert fractions[0] == 0
    assert fractions[-1] == pytest.approx(1)
    for progress in seen:
        assert progress.loss == pytest.approx(sum(progress.losses.values()), rel=1e-5)
        assert progress.preview().shape == (progress.size[1], progress.size[0], 3)
        assert progress.seconds >= 0


def test_a_preview_shows_its_own_step_even_when_asked_for_later(settings: Settings) -> None:
    now: list[Any] = []
    later: list[Any] = []

    def watch(progress: Progress) -> None:
        now.append(progress.preview())
        later.append(progress.preview)

    _paint(replace(settings, scales=1), progress=watch)
    for picture, preview in zip(now, later, strict=True):
        np.testing.assert_array_equal(picture, preview())


def test_interrupted_in_the_first_scale_it_returns_the_full_size(settings: Settings) -> None:
    calls = iter([False, False, True])
    painting = _paint(settings, should_stop=lambda: next(calls, True))
    assert painting.stop == "interrupted"
    assert painting.picture.size == CONTENT.size
    assert painting.facts["iterations"] == 1


def test_more_of_a_style_makes_a_painting_nearer_to_it(settings: Settings) -> None:
    other = _picture(3, 40, 40).with_pixels(_picture(3, 40, 40).pixels ** 4)  # a darker one
    mean = {
        share: _paint(
            replace(settings, iterations=40, scales=1),
            styles=[WeightedStyle(STYLE, 1 - share), WeightedStyle(other, share)],
        ).picture.pixels.mean()
        for share in (0.1, 0.9)
    }
    assert mean[0.9] < mean[0.1]


def test_shares_are_relative(settings: Settings) -> None:
    painter = OptimizationPainter(settings)
    prepared = painter.prepare([WeightedStyle(STYLE, 2), WeightedStyle(CONTENT, 6)])
    assert [share for _, share in prepared.styles] == [0.25, 0.75]


def test_a_style_code_is_no_picture(settings: Settings) -> None:
    code = StyleCode(np.zeros((1, 4), np.float32), (1.0,), "swift")
    with pytest.raises(UsageError, match="looks at the style picture"):
        OptimizationPainter(settings).prepare([WeightedStyle(code)])


@pytest.mark.parametrize("weight", [0, -1, math.nan, math.inf])
def test_weights_that_are_none(settings: Settings, weight: float) -> None:
    with pytest.raises(UsageError) as caught:
        OptimizationPainter(settings).prepare([WeightedStyle(STYLE, weight)])
    assert caught.value.exit_code == 2


def test_no_style(settings: Settings) -> None:
    with pytest.raises(UsageError, match="no style"):
        OptimizationPainter(settings).prepare([])


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (3, 2)])
def test_tiny_pictures(settings: Settings, size: tuple[int, int]) -> None:
    painting = _paint(settings, _picture(1, *size), styles=[WeightedStyle(_picture(2, 1, 3))])
    assert painting.picture.size == size
    assert np.isfinite(painting.picture.pixels).all()


def test_a_size_asked_for(settings: Settings) -> None:
    assert _paint(replace(settings, size=24)).picture.size == (24, 16)
    assert _paint(replace(settings, size=(20, 20))).picture.size == (20, 20)


def test_checkpointing_paints_the_same(settings: Settings) -> None:
    plain, recomputed = _paint(settings), _paint(replace(settings, checkpointing=True))
    np.testing.assert_allclose(recomputed.picture.pixels, plain.picture.pixels, atol=1e-5)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
def test_a_device_that_is_not_here(settings: Settings) -> None:
    with pytest.raises(DeviceError) as caught:
        OptimizationPainter(replace(settings, device="cuda"))
    assert caught.value.exit_code == 51


@pytest.mark.parametrize("name", ["keras-guide", "tensorflow-tutorial", "tf2-painting", "pytorch-guide"])
def test_a_preset_on_an_encoder_that_lacks_its_layers(encoder: str, name: str) -> None:
    with pytest.raises(UnknownNameError, match="layer of the encoder 'tiny'") as caught:
        OptimizationPainter(replace(find_preset(name).settings, encoder=encoder, device="cpu"))
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("name", ["gatys", "keras-guide", "tensorflow-tutorial", "tf2-painting", "pytorch-guide"])
def test_every_preset_paints(tmp_path: Path, name: str) -> None:
    """The recipes' optimisers and ranges on a narrow VGG-19, small and short: the loss falls."""
    torch.manual_seed(0)
    encoder = Encoder(Architecture(((4, 5), (6, 7), (8, 9, 8, 9), (10, 9, 8, 9), (7, 8, 7, 8))))
    with torch.no_grad():
        for parameter in encoder.parameters():
            torch.nn.init.normal_(parameter, std=(2 / max(1, parameter[0].numel())) ** 0.5)
        encoder.input_affine.weight.copy_(255 * torch.eye(3).reshape(3, 3, 1, 1))
        encoder.input_affine.bias.fill_(-120)
    save_encoder(encoder, tmp_path / "narrow.safetensors")
    recipe = find_preset(name).settings
    size: Any = (32, 32) if isinstance(recipe.size, tuple) else 32
    settings = replace(
        recipe,
        encoder=str(tmp_path / "narrow.safetensors"),
        size=size,
        iterations=15,
        coarse_iterations=15,
        device="cpu",
    )
    losses: list[float] = []
    painting = _paint(settings, progress=lambda progress: losses.append(progress.loss))
    assert max(painting.picture.size) == 32
    assert painting.facts["iterations"] == 15 * (recipe.scales or 1)
    # The last scale's own start, not the first scale's: their losses are of different pictures.
    assert min(losses[-16:]) < 0.9 * losses[-16]
