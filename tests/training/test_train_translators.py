"""Training `pix2pix` and `cyclegan` for real, only small: domains, pools, what is learnt, resumption."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from impasto.errors import TrainingDataError, UsageError
from impasto.training.cyclegan import CycleGANTask
from impasto.training.domains import Domain, Pairs, Unpaired, find_pairs
from impasto.training.image_pool import ImagePool
from impasto.training.pix2pix import Pix2PixTask
from impasto.training.run import TrainingProgress
from impasto.training.sources import find_pictures
from impasto.training.task import Task
from impasto.training.trainer import Trainer
from impasto.training.translator_settings import CycleGANTraining, Pix2PixTraining

_COMMON: dict[str, Any] = {
    "steps": 6,
    "size": 32,
    "batch": 2,
    "warm_up": 2,
    "checkpoint_every": 3,
    "log_every": 3,
    "samples_every": 6,
    "device": "cpu",
    "half": 4,
    "quarter": 6,
    "blocks": 1,
    "critic_width": 4,
    "critic_layers": 1,
}
PAIRED = Pix2PixTraining(**_COMMON)
UNPAIRED = CycleGANTraining(**_COMMON, pool=4)


@pytest.fixture
def domains(tmp_path: Path) -> tuple[Path, Path]:
    """Red pictures with bright stripes, and the same in blue with dark ones."""
    folders = tmp_path / "a", tmp_path / "b"
    rng = np.random.default_rng(0)
    for folder in folders:
        folder.mkdir()
    for n in range(5):
        y, x = np.mgrid[0:40, 0 : 36 + n]
        waves = 0.15 * np.sin(x * rng.uniform(0.2, 1) + y * rng.uniform(0.2, 1))[..., None]
        colour = np.array([0.7, 0.45, 0.3]) + rng.uniform(-0.1, 0.1, 3)
        for folder, pixels in zip(folders, (colour + waves, colour[::-1] - waves), strict=True):
            Image.fromarray(np.uint8(pixels * 255)).save(folder / f"{n}.png")
    return folders


def _pairs(folders: tuple[Path, Path], channels: tuple[int, int] = (3, 3)) -> Pairs:
    first, second = find_pairs([folders[0]], [folders[1]])
    return Pairs(Domain(first, channels[0]), Domain(second, channels[1]))


def _task(settings: Pix2PixTraining | CycleGANTraining, folders: tuple[Path, Path]) -> Task[Any]:
    channels = settings.source_channels, settings.target_channels
    if isinstance(settings, Pix2PixTraining):
        return Pix2PixTask(settings, _pairs(folders, channels))
    sides = [Unpaired(Domain(find_pictures([f]), c)) for f, c in zip(folders, channels, strict=True)]
    return CycleGANTask(settings, *sides)


def test_pix2pix_learns(domains: tuple[Path, Path], tmp_path: Path) -> None:
    reports: list[TrainingProgress] = []
    settings = replace(PAIRED, steps=150, log_every=25, checkpoint_every=500, samples_every=500, learning_rate=5e-3)
    Trainer(_task(settings, domains), tmp_path / "run").run(reports.append)
    assert reports[-1].losses["pixels"] < 0.4 * reports[0].losses["pixels"]
    assert set(reports[-1].losses) == {"pixels", "adversarial", "critic"}


def test_cyclegan_learns_to_come_back(domains: tuple[Path, Path], tmp_path: Path) -> None:
    reports: list[TrainingProgress] = []
    settings = replace(UNPAIRED, steps=250, log_every=25, checkpoint_every=500, samples_every=500, learning_rate=5e-3)
    settings = replace(settings, critic_learning_rate=3e-3, critic_layers=2, critic_width=8, identity_weight=0.1)
    task = _task(settings, domains)
    Trainer(task, tmp_path / "run").run(reports.append)
    first, last = reports[0].losses, reports[-1].losses
    # Painters go away from their inputs, and still come back.
    assert last["cycle there"] < 0.1
    assert last["adversarial there"] < first["adversarial there"] + 0.5
    assert {"adversarial there", "cycle back", "identity back", "critic there", "critic back"} <= set(last)
    red = torch.from_numpy(_pairs(domains).crop(np.random.default_rng(0), 32)[0]).permute(2, 0, 1)[None]
    with torch.no_grad():
        blue = task.shipped["there"](red)  # type: ignore[index,operator]
    assert blue[0, 2].mean() - blue[0, 0].mean() > red[0, 2].mean() - red[0, 0].mean() + 0.2


def _chance(*purpose: int) -> np.random.Generator:
    return np.random.default_rng(purpose)


def _first_losses(
    settings: CycleGANTraining, domains: tuple[Path, Path], *, player: int = 0
) -> dict[str, tuple[float, float]]:
    """Weights and values of what the painters are told, or the critics, before anybody has learnt anything."""
    task = _task(settings, domains)
    samples = range(settings.batch)
    losses = task.losses(task.players[0], samples, _chance)
    if player:
        losses = task.losses(task.players[player], samples, _chance)
    return {name: (weight, value.item()) for name, (weight, value) in losses.items()}


def test_noise_on_the_way_back_costs_what_it_is_large(domains: tuple[Path, Path]) -> None:
    # Translators begin with the picture itself, so that at first all that is lost is the noise: |N(0, σ)| = σ · √(2/π).
    settings = replace(UNPAIRED, batch=4)
    quiet, noisy = (
        _first_losses(replace(settings, cycle_noise=noise), domains)["cycle there"][1] for noise in (0, 0.2)
    )
    assert quiet < 0.03
    assert noisy == pytest.approx(0.2 * np.sqrt(2 / np.pi), rel=0.1)


class _Moving(torch.nn.Module):
    def __init__(self, *pixels: int) -> None:
        super().__init__()
        self.pixels = pixels

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return pictures.roll(self.pixels, (2, 3))


@pytest.mark.parametrize("pixels", [(0, 1), (1, 0)])
def test_what_one_way_moves_the_other_cannot_move_back_unseen(
    pixels: tuple[int, int], domains: tuple[Path, Path]
) -> None:
    lost = {}
    for mirror, step in ((False, 49), (True, 50)):
        task: Any = _task(replace(UNPAIRED, steps=100, batch=4, cycle_noise=0.0, mirror_from=0.5), domains)
        task.ready(step)
        task.painters["there"], task.painters["back"] = _Moving(*pixels), _Moving(*(-n for n in pixels))
        lost[mirror] = task.losses(task.players[0], range(4), _chance)["cycle there"][1].item()
    assert lost[False] == 0
    assert lost[True] > 0.01


def test_light_and_dark_stay_in_place(domains: tuple[Path, Path], tmp_path: Path) -> None:
    settings = replace(UNPAIRED, light_weight=4.0)
    weight, error = _first_losses(settings, domains)["light back"]
    assert weight == 4
    assert error < 0.03  # as a translator begins with the picture itself, and both domains are as light
    dark = tmp_path / "dark"
    dark.mkdir()
    for path in domains[1].iterdir():
        Image.open(path).point(lambda sample: sample // 2).save(dark / path.name)
    darker = np.mean([np.asarray(Image.open(path)).mean() for path in dark.iterdir()]) / 255
    for way in ("light there", "light back"):  # by as much as one domain is darker than the other
        expected = pytest.approx(darker + 30 * darker**2, rel=0.15)
        assert _first_losses(settings, (domains[0], dark))[way][1] == expected
    assert "light there" not in _first_losses(replace(settings, light_weight=0.0), domains)


def test_critics_are_kept_from_steepness(domains: tuple[Path, Path]) -> None:
    settings = replace(UNPAIRED, penalty_weight=0.5)
    told = _first_losses(settings, domains, player=1)
    assert {name: weight for name, (weight, _) in told.items()} == {
        "critic there": 1, "penalty there": 0.5, "critic back": 1, "penalty back": 0.5
    }  # fmt: skip
    assert told["penalty there"][1] > 0
    assert _first_losses(replace(settings, penalty_weight=0.0), domains, player=1).keys() == {
        "critic there",
        "critic back",
    }
    steep = {}
    for weight in (0.0, 10.0):
        task = _task(replace(settings, penalty_weight=weight, steps=40, critic_learning_rate=3e-3), domains)
        Trainer(task, domains[0].parent / f"run-{weight:.0f}").run()
        pictures = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0)).requires_grad_()
        critic: Any = task.players[1].module
        (slope,) = torch.autograd.grad(critic["there"](pictures).sum(), pictures)
        steep[weight] = slope.norm().item()
    assert steep[10.0] < 0.5 * steep[0.0]


@pytest.mark.parametrize("settings", [PAIRED, UNPAIRED], ids=["pix2pix", "cyclegan"])
def test_an_interrupted_run_goes_on_to_the_same_bits(
    settings: Pix2PixTraining | CycleGANTraining, domains: tuple[Path, Path], tmp_path: Path
) -> None:
    settings = replace(settings, steps=9, checkpoint_every=4)
    whole = Trainer(_task(settings, domains), tmp_path / "whole").run()
    cut = Trainer(_task(settings, domains), tmp_path / "cut")
    cut.run(should_stop=lambda: cut.step == 6)
    resumed = Trainer(_task(settings, domains), tmp_path / "cut").run()
    tensors, expected = load_file(resumed), load_file(whole)
    assert all(torch.equal(tensors[name], expected[name]) for name in expected)
    assert (tmp_path / "whole" / "samples" / "0000006.jpg").exists()


@pytest.mark.parametrize("settings", [PAIRED, UNPAIRED], ids=["pix2pix", "cyclegan"])
@pytest.mark.parametrize("channels", [(1, 1), (1, 3), (3, 1)])
def test_domains_may_be_gray(
    channels: tuple[Literal[1, 3], Literal[1, 3]],
    settings: Pix2PixTraining | CycleGANTraining,
    domains: tuple[Path, Path],
    tmp_path: Path,
) -> None:
    its = replace(settings, source_channels=channels[0], target_channels=channels[1])
    if isinstance(its, CycleGANTraining):
        its = replace(its, identity_weight=0.5)
    reports: list[TrainingProgress] = []
    trainer = Trainer(_task(its, domains), tmp_path / "run")
    trainer.run(reports.append)
    # Only where both are of a kind can a picture be held to itself.
    assert ("identity there" in reports[-1].losses) == (settings is UNPAIRED and channels == (1, 1))


def test_sixteen_bits_are_kept(tmp_path: Path) -> None:
    values = np.arange(40 * 40, dtype=np.uint16).reshape(40, 40) * 7 + 3
    Image.fromarray(values).save(tmp_path / "x.png")
    domain = Domain(find_pictures([tmp_path]), 1)
    assert np.array_equal(domain.picture(domain.sources[0])[..., 0], values)
    crop = Unpaired(domain).crop(np.random.default_rng(0), 40, mirror=False)
    np.testing.assert_allclose(crop[..., 0], values / 65535, rtol=1e-6)


def test_crops_of_a_pair_are_of_one_place(domains: tuple[Path, Path]) -> None:
    pairs = _pairs(domains)
    for n in range(10):
        first, second = pairs.crop(np.random.default_rng(n), 32)
        # Where one is brighter than it is on average the other is darker.
        apart = [crop.mean(2) - crop.mean() for crop in (first, second)]
        assert np.corrcoef(apart[0].ravel(), apart[1].ravel())[0, 1] < -0.98
        assert np.array_equal(first, _pairs(domains).crop(np.random.default_rng(n), 32)[0])


def test_bad_pairs_are_skipped_and_counted(domains: tuple[Path, Path]) -> None:
    (domains[0] / "0.png").write_bytes(b"no picture")
    Image.new("RGB", (40, 44)).save(domains[1] / "1.png")
    pairs = _pairs(domains)
    for n in range(40):
        pairs.crop(np.random.default_rng(n), 32)
    assert pairs.skipped == 2
    with pytest.raises(TrainingDataError, match="at least 64 pixels"):
        _pairs(domains).crop(np.random.default_rng(0), 64)
    alone = Unpaired(Domain(find_pictures([domains[0]]), 3))
    for n in range(40):
        alone.crop(np.random.default_rng(n), 32)
    assert alone.skipped == 1
    with pytest.raises(TrainingDataError, match="at least 64 pixels"):
        alone.crop(np.random.default_rng(0), 64)


def test_pairs_go_by_name(domains: tuple[Path, Path]) -> None:
    (domains[1] / "4.png").unlink()
    (domains[1] / "3.png").rename(domains[1] / "3.tif.png")
    first, second = find_pairs([domains[0]], [domains[1]])
    assert [source.name for source in first] == [source.name for source in second] == ["0.png", "1.png", "2.png"]
    with pytest.raises(TrainingDataError, match="Two pictures are called '0'"):
        find_pairs([domains[0], domains[0]], [domains[1]])
    for path in domains[1].iterdir():
        path.rename(path.with_name(f"x{path.name}"))
    with pytest.raises(TrainingDataError, match="No two pictures go by the same name"):
        find_pairs([domains[0]], [domains[1]])


def test_pools_give_older_pictures_half_of_the_time() -> None:
    pool = ImagePool(10)
    rng = np.random.default_rng(0)
    shown = [float(pool.exchange(0, torch.full((1, 1, 1), float(n)), rng)) for n in range(2000)]
    assert shown[:10] == list(range(10))
    ages = np.arange(10, 2000) - shown[10:]
    assert 0.45 < (ages > 0).mean() < 0.55
    assert len(set(shown)) >= len(shown) - 10  # but for the first ten, nothing is shown twice
    again = ImagePool(10)
    again.load(pool.state(), torch.device("cpu"))
    one, other = (p.exchange(0, torch.zeros(1, 1, 1), np.random.default_rng(5)) for p in (pool, again))
    assert torch.equal(one, other)
    assert float(ImagePool(0).exchange(0, torch.ones(1, 1, 1), rng)) == 1


def test_pools_go_on_where_the_training_is() -> None:
    pool, again = ImagePool(1), ImagePool(1)
    pool.exchange(0, torch.ones(1, 1, 1), np.random.default_rng(0))
    elsewhere = torch.device("meta")  # any device but that of the checkpoint
    again.load(pool.state(), elsewhere)
    newer = torch.zeros(1, 1, 1, device=elsewhere)
    shown = [again.exchange(0, newer, np.random.default_rng(n)) for n in range(8)]
    assert any(picture is not newer for picture in shown)
    assert torch.cat([newer, *shown]).device == elsewhere


@pytest.mark.parametrize(
    "change",
    [
        {"size": 34},
        {"source_channels": 2},
        {"critic_layers": 0},
        {"critic_layers": 4},
        {"pool": -1},
        {"penalty_weight": -1},
        {"mirror_from": 2},
    ],
)
def test_settings_are_checked(change: dict[str, int]) -> None:
    with pytest.raises(UsageError):
        replace(UNPAIRED, **change)  # type: ignore[arg-type]
