from __future__ import annotations

import numpy as np
import pytest
import torch

from impasto.losses.base import Targets
from impasto.losses.total_variation import (
    Reduction,
    TotalVariationLoss,
    Variation,
    absolute_variation,
    total_variation,
)

POWERS = [1.0, 1.25, 0.5]
REDUCTIONS: list[Reduction] = ["mean", "sum"]


def _picture(seed: int = 0, shape: tuple[int, ...] = (1, 3, 6, 5)) -> torch.Tensor:
    return torch.rand(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def _keras(picture: torch.Tensor, power: float) -> float:
    """As F. Chollet's Keras example writes it, with its sum; there `power` is 1.25."""
    x = picture.permute(0, 2, 3, 1).numpy()
    rows, columns = x.shape[1:3]
    a = np.square(x[:, : rows - 1, : columns - 1] - x[:, 1:, : columns - 1])
    b = np.square(x[:, : rows - 1, : columns - 1] - x[:, : rows - 1, 1:])
    return float(np.sum(np.power(a + b, power)))


@pytest.mark.parametrize("power", POWERS)
def test_against_numpy(power: float) -> None:
    picture = _picture()
    summed = _keras(picture, power)
    assert total_variation(picture, power=power, reduction="sum").item() == pytest.approx(summed, rel=1e-7)
    assert total_variation(picture, power=power).item() == pytest.approx(summed / (3 * 5 * 4), rel=1e-7)


def test_absolute_against_numpy() -> None:
    """tf.image.total_variation: every pair of neighbours, the last row and column too."""
    picture = _picture()
    x = picture.numpy()
    summed = np.abs(x[:, :, 1:] - x[:, :, :-1]).sum() + np.abs(x[:, :, :, 1:] - x[:, :, :, :-1]).sum()
    assert absolute_variation(picture, reduction="sum").item() == pytest.approx(summed, rel=1e-12)
    assert absolute_variation(picture).item() == pytest.approx(summed / (3 * (5 * 5 + 6 * 4)), rel=1e-12)


def test_known_values() -> None:
    picture = torch.tensor([[[[0.0, 1.0], [2.0, 0.0]]]])
    assert total_variation(picture, reduction="sum").item() == 1 + 4  # the corner's two differences
    assert total_variation(picture, power=0.5, reduction="sum").item() == pytest.approx(5**0.5)
    assert total_variation(picture, power=1.25, reduction="sum").item() == pytest.approx(5**1.25)
    assert absolute_variation(picture, reduction="sum").item() == 2 + 1 + 1 + 2


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("power", POWERS)
def test_gradient(power: float, reduction: Reduction) -> None:
    assert torch.autograd.gradcheck(
        lambda p: total_variation(p, power=power, reduction=reduction), _picture().requires_grad_(True)
    )


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_absolute_gradient(reduction: Reduction) -> None:
    assert torch.autograd.gradcheck(
        lambda p: absolute_variation(p, reduction=reduction), _picture().requires_grad_(True)
    )


@pytest.mark.parametrize("power", POWERS)
def test_an_even_picture_has_none_and_a_finite_slope(power: float) -> None:
    picture = torch.full((1, 3, 4, 4), 0.3, requires_grad=True)
    loss = total_variation(picture, power=power, reduction="sum")
    (slope,) = torch.autograd.grad(loss, picture)
    assert loss.item() == pytest.approx(0, abs=1e-4)
    assert torch.isfinite(slope).all()
    assert absolute_variation(picture).item() == 0


@pytest.mark.parametrize("shape", [(1, 3, 1, 1), (1, 3, 1, 7), (1, 3, 7, 1)])
def test_pictures_one_pixel_wide(shape: tuple[int, ...]) -> None:
    picture = _picture(shape=shape).requires_grad_(True)
    for loss in (total_variation(picture), total_variation(picture, reduction="sum"), absolute_variation(picture)):
        (slope,) = torch.autograd.grad(loss, picture)
        assert torch.isfinite(loss)
        assert torch.isfinite(slope).all()
    assert total_variation(picture).item() == 0


def test_brightness_does_not_matter_and_range_scales_by_its_power() -> None:
    picture = _picture()
    value = total_variation(picture, power=1.25, reduction="sum").item()
    assert total_variation(picture + 0.5, power=1.25, reduction="sum").item() == pytest.approx(value, rel=1e-9)
    scaled = TotalVariationLoss(power=1.25, reduction="sum", range=255).bind(Targets({}, []))(picture, {})
    assert scaled["total variation"].item() == pytest.approx(255**2.5 * value, rel=1e-6)


def test_mirroring_leaves_the_absolute_kind_alone() -> None:
    picture = _picture()
    assert absolute_variation(picture.flip(2, 3)).item() == pytest.approx(absolute_variation(picture).item())


@pytest.mark.parametrize(
    ("kind", "expected"), [("squared", 5 * 4.0), ("absolute", 6 * 2.0)]
)  # of a picture twice as bright
def test_the_loss(kind: Variation, expected: float) -> None:
    picture = torch.tensor([[[[0.0, 1.0], [2.0, 0.0]]]])
    loss = TotalVariationLoss(weight=7.0, reduction="sum", range=2.0, kind=kind)
    terms = loss.bind(Targets({}, []))(picture, {})
    assert {name: term.item() for name, term in terms.items()} == {"total variation": 7.0 * expected}
    assert loss.content_layers == loss.style_layers == ()
