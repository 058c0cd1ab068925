from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from impasto.losses.base import Features, Targets
from impasto.losses.gram import gram_and_mean
from impasto.losses.moments import MomentsLoss, moments, moments_error
from impasto.losses.style import GramLoss

PICTURE = torch.zeros(1, 3, 8, 8)


def _maps(seed: int, shape: tuple[int, ...] = (1, 3, 4, 5)) -> torch.Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)) + 0.5


def _flat(features: torch.Tensor) -> NDArray[np.float64]:
    return features[0].detach().double().numpy().reshape(features.shape[1], -1)


def _in_numpy(features: torch.Tensor, style: torch.Tensor) -> float:
    x, y = _flat(features), _flat(style)
    of_mean = np.sum((x.mean(1) - y.mean(1)) ** 2) / np.sum(y.mean(1) ** 2)
    a, b = np.cov(x, bias=True), np.cov(y, bias=True)
    return float(of_mean + np.sum((a - b) ** 2) / np.sum(b**2))


def _value(loss: MomentsLoss | GramLoss, styles: list[tuple[Features, float]], features: Features) -> float:
    (term,) = loss.bind(Targets({}, styles))(PICTURE, features).values()
    return term.item()


def test_moments_against_numpy() -> None:
    features = _maps(0)
    mean, covariance = moments(features)
    np.testing.assert_allclose(mean[0].numpy(), _flat(features).mean(1), rtol=1e-12)
    np.testing.assert_allclose(covariance[0].numpy(), np.cov(_flat(features), bias=True), rtol=1e-12)


def test_moments_of_a_batch_are_those_of_each() -> None:
    both = moments(torch.cat([_maps(0), _maps(1)]))
    for i in range(2):
        for found, expected in zip(both, moments(_maps(i)), strict=True):
            torch.testing.assert_close(found[i], expected[0])


def test_error_known_value() -> None:
    mean, covariance = torch.tensor([[3.0, 4.0]]), torch.tensor([[[2.0, 0.0], [0.0, 1.0]]])
    found = moments_error(mean + 1, covariance * 3, mean, covariance)
    assert found.item() == pytest.approx(2 / 25 + 4, rel=1e-6)


def test_loss_against_numpy() -> None:
    loss = MomentsLoss({"relu1_1": 0.25}, weight=3.0)
    found = _value(loss, [({"relu1_1": _maps(1)}, 1.0)], {"relu1_1": _maps(0)})
    assert found == pytest.approx(0.75 * _in_numpy(_maps(0), _maps(1)), rel=1e-6)


def test_loss_gradient() -> None:
    bound = MomentsLoss({"relu1_1": 1.0}).bind(Targets({}, [({"relu1_1": _maps(1)}, 1.0)]))
    assert torch.autograd.gradcheck(
        lambda features: bound(PICTURE, {"relu1_1": features})["style/relu1_1"], _maps(0).requires_grad_(True)
    )


def test_zero_at_the_style_itself_and_wherever_places_are_shuffled() -> None:
    style = _maps(1)
    order = torch.randperm(20, generator=torch.Generator().manual_seed(0))
    shuffled = style.flatten(2)[:, :, order].unflatten(2, (5, 4))
    loss = MomentsLoss({"relu1_1": 1.0})
    assert _value(loss, [({"relu1_1": style}, 1.0)], {"relu1_1": style}) == 0
    assert _value(loss, [({"relu1_1": style}, 1.0)], {"relu1_1": shuffled}) < 1e-25


def test_flat_maps_with_the_right_mean_satisfy_a_gram_matrix_not_the_moments() -> None:
    """What the loss is for: features far from 0 make a Gram matrix of means, and strokes count for nothing in it."""
    style = 20 + _maps(1)
    flat = style.mean((2, 3), keepdim=True).expand_as(style)
    styles: list[tuple[Features, float]] = [({"relu1_1": style}, 1.0)]
    assert _value(GramLoss({"relu1_1": 1.0}), styles, {"relu1_1": flat}) < 1e-4
    assert _value(MomentsLoss({"relu1_1": 1.0}), styles, {"relu1_1": flat}) == pytest.approx(1, rel=1e-6)


def test_several_styles_are_the_mean_of_their_moments_by_share() -> None:
    styles: list[tuple[Features, float]] = [({"relu1_1": _maps(1)}, 0.7), ({"relu1_1": _maps(2, (1, 3, 6, 2))}, 0.3)]
    kept = [[share * part for part in moments(style["relu1_1"])] for style, share in styles]
    expected = moments_error(*moments(_maps(0)), kept[0][0] + kept[1][0], kept[0][1] + kept[1][1]).item()
    loss = MomentsLoss({"relu1_1": 1.0})
    assert _value(loss, styles, {"relu1_1": _maps(0)}) == pytest.approx(expected, rel=1e-9)
    twice = [(styles[0][0], 0.4), (styles[0][0], 0.6)]
    once = _value(loss, styles[:1], {"relu1_1": _maps(0)})
    assert once != pytest.approx(expected, rel=1e-3)
    assert _value(loss, [(styles[0][0], 1.0)], {"relu1_1": _maps(0)}) == pytest.approx(
        _value(loss, twice, {"relu1_1": _maps(0)}), rel=1e-9
    )


def test_it_does_not_depend_on_the_encoder_s_scale() -> None:
    loss = MomentsLoss({"relu1_1": 1.0})
    expected = _value(loss, [({"relu1_1": _maps(1)}, 1.0)], {"relu1_1": _maps(0)})
    scaled = _value(loss, [({"relu1_1": 50 * _maps(1)}, 1.0)], {"relu1_1": 50 * _maps(0)})
    assert scaled == pytest.approx(expected, rel=1e-6)


def test_it_is_finite_for_a_style_without_anything_in_it() -> None:
    features = _maps(0).requires_grad_(True)
    bound = MomentsLoss({"relu1_1": 1.0}).bind(Targets({}, [({"relu1_1": torch.zeros_like(features)}, 1.0)]))
    term = bound(PICTURE, {"relu1_1": features})["style/relu1_1"]
    assert torch.isfinite(term)
    assert torch.isfinite(torch.autograd.grad(term, features)[0]).all()


@pytest.mark.parametrize("parts", [(1.0, 0.0), (0.0, 1.0), (1.0, 1.0)])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_low_precision_is_summed_up_in_float32(parts: tuple[float, float], layout: torch.memory_format) -> None:
    """Gradients by way of the Gram matrix alone, the mean alone, and both."""
    random = torch.Generator().manual_seed(0)
    low = torch.randn((2, 3, 100, 130), generator=random).to(torch.bfloat16).contiguous(memory_format=layout)
    exact = low.double().requires_grad_(True)
    low.requires_grad_(True)
    upstream = [torch.randn(shape, generator=random) for shape in ((2, 3, 3), (2, 3))]

    def slope(features: torch.Tensor) -> torch.Tensor:
        outputs = [
            part * (found * weight.to(found.dtype)).sum()
            for part, found, weight in zip(parts, gram_and_mean(features), upstream, strict=True)
            if part
        ]
        return torch.autograd.grad(torch.stack(outputs).sum(), features)[0]

    for found, expected in zip(gram_and_mean(low), gram_and_mean(exact), strict=True):
        assert found.dtype == torch.float32
        torch.testing.assert_close(found.double(), expected, rtol=1e-5, atol=1e-6)
    gradient = slope(low)
    assert gradient.dtype == torch.bfloat16
    torch.testing.assert_close(gradient.double(), slope(exact), rtol=2**-8, atol=1e-7)


def test_default_layers_count_the_same_and_one_in_all() -> None:
    loss = MomentsLoss()
    assert loss.style_layers == ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
    assert sum(loss.layers.values()) == pytest.approx(1)
    assert loss.content_layers == ()


def test_it_prints_as_its_own_description() -> None:
    assert str(MomentsLoss({"relu4_1": 1.0})) == "MomentsLoss(layers={'relu4_1': 1.0}, weight=1.0)"
