from __future__ import annotations

import numpy as np
import pytest
import torch

from impasto.optimize.domain import Bounded, Clipped, Free, parametrisation


def test_by_name() -> None:
    assert isinstance(parametrisation("bounded", 1), Bounded)
    assert isinstance(parametrisation("clipped", 255), Clipped)
    assert type(parametrisation("free", 255)) is Free


@pytest.mark.parametrize("name", ["bounded", "clipped", "free"])
@pytest.mark.parametrize("pixel_range", [1, 255])
def test_variables_are_the_inverse_of_picture(name: str, pixel_range: float) -> None:
    domain = parametrisation(name, pixel_range)  # type: ignore[arg-type]
    picture = torch.linspace(0, 1, 257, dtype=torch.float64).reshape(1, 1, 1, -1)
    back = domain.picture(domain.variables(picture))
    # The bounded one keeps a grey level's distance from both ends, where its slope would be exactly zero.
    expected = picture.clamp(1 / 256, 255 / 256) if name == "bounded" else picture
    torch.testing.assert_close(back, expected, rtol=0, atol=1e-12)


def test_bounded_is_a_squared_sine() -> None:
    angles = torch.linspace(-7, 7, 101, dtype=torch.float64)
    np.testing.assert_allclose(Bounded().picture(angles).numpy(), (1 - np.cos(2 * angles.numpy())) / 2, atol=1e-15)


def test_bounded_never_leaves_the_range_of_a_picture() -> None:
    angles = 1e3 * torch.randn(10_000, generator=torch.Generator().manual_seed(0))
    picture = Bounded().picture(angles)
    assert picture.min() >= 0
    assert picture.max() <= 1


def test_bounded_slope_is_2_sqrt_x_1_minus_x() -> None:
    picture = torch.tensor([1 / 256, 0.1, 0.5, 0.9, 255 / 256], dtype=torch.float64)
    angles = Bounded().variables(picture).requires_grad_(True)
    (slope,) = torch.autograd.grad(Bounded().picture(angles).sum(), angles)
    torch.testing.assert_close(slope, 2 * (picture * (1 - picture)).sqrt())
    assert torch.autograd.gradcheck(Bounded().picture, angles)


def test_black_and_white_can_move() -> None:
    angles = Bounded().variables(torch.tensor([0.0, 1.0])).requires_grad_(True)
    (slope,) = torch.autograd.grad(Bounded().picture(angles).sum(), angles)
    assert (slope.abs() > 0.1).all()


def test_free_variables_are_pixels_times_the_range() -> None:
    domain = Free(255)
    assert domain.variables(torch.tensor([0.0, 1.0])).tolist() == [0, 255]
    assert domain.picture(torch.tensor([-51.0, 510.0])).tolist() == pytest.approx([-0.2, 2])


def test_projection_clips_in_place_and_only_where_asked() -> None:
    for domain, expected in [(Clipped(255), [0, 100, 255]), (Free(255), [-20, 100, 300]), (Bounded(), [-20, 100, 300])]:
        variables = torch.tensor([-20.0, 100.0, 300.0], requires_grad=True)
        domain.project(variables)
        assert variables.tolist() == expected
