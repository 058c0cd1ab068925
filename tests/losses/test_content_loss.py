from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from impasto.losses.base import Targets, full_precision
from impasto.losses.content import ContentError, ContentLoss, content_error

ERRORS: list[ContentError] = ["relative", "mean", "half_sum", "normalised"]


def _maps(seed: int, shape: tuple[int, ...] = (1, 3, 4, 5), dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.randn(shape, dtype=dtype, generator=torch.Generator().manual_seed(seed))


def _in_numpy(features: torch.Tensor, target: torch.Tensor, error: ContentError) -> float:
    f, p = features.double().numpy(), target.double().numpy()
    if error == "half_sum":
        return float(0.5 * np.sum((f - p) ** 2))
    if error == "normalised":
        return float(np.mean([(_standard(x, f) - _standard(y, p)) ** 2 for x, y in zip(f[0], p[0], strict=True)]) / 2)
    mean = np.sum((f - p) ** 2) / f.size
    return float(mean if error == "mean" else mean / (np.sum(p**2) / p.size))


def _standard(channel: NDArray[np.float64], maps: NDArray[np.float64]) -> NDArray[np.float64]:
    floor = 1e-3 * np.mean([np.var(other) for other in maps[0]]) + 1e-8
    return np.asarray((channel - channel.mean()) / np.sqrt(np.var(channel) + floor))


@pytest.mark.parametrize(
    ("error", "expected"),
    [("half_sum", 0.5 * (1 + 4 + 0 + 9)), ("mean", 14 / 4), ("relative", 14 / 30)],
)
def test_known_value(error: ContentError, expected: float) -> None:
    target = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
    features = torch.tensor([[[[2.0, 4.0], [3.0, 1.0]]]])
    assert content_error(features, target, error).item() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("error", ERRORS)
def test_against_numpy(error: ContentError) -> None:
    features, target = _maps(0), _maps(1)
    assert content_error(features, target, error).item() == pytest.approx(_in_numpy(features, target, error), rel=1e-7)


@pytest.mark.parametrize("error", ERRORS)
def test_gradient(error: ContentError) -> None:
    features, target = _maps(0).requires_grad_(True), _maps(1)
    assert torch.autograd.gradcheck(lambda f: content_error(f, target, error), features)


def test_normalised_of_several_pictures_is_the_mean_of_each() -> None:
    scale = torch.tensor([1.0, 30.0])[:, None, None, None]
    features, target = (scale * _maps(0, (2, 3, 4, 5))).requires_grad_(True), scale * _maps(1, (2, 3, 4, 5))
    each = [_in_numpy(f[None].detach(), t[None], "normalised") for f, t in zip(features, target, strict=True)]
    assert content_error(features, target, "normalised").item() == pytest.approx(np.mean(each), rel=1e-7)
    assert torch.autograd.gradcheck(lambda f: content_error(f, target, "normalised"), features)


@pytest.mark.parametrize("error", ERRORS)
def test_zero_at_the_content_itself_with_zero_slope(error: ContentError) -> None:
    features = _maps(0).requires_grad_(True)
    loss = content_error(features, features.detach().clone(), error)
    (slope,) = torch.autograd.grad(loss, features)
    assert loss.item() == 0
    assert not slope.any()


def test_relative_does_not_depend_on_the_encoder_s_scale() -> None:
    features, target = _maps(0), _maps(1)
    expected = content_error(features, target).item()
    assert content_error(100 * features, 100 * target).item() == pytest.approx(expected, rel=1e-6)


def test_normalised_is_one_minus_the_correlation() -> None:
    features, target = _maps(0, (1, 2, 30, 30)), _maps(1, (1, 2, 30, 30))
    features = features + 2 * target  # so that they do correlate
    pairs = zip(features[0].flatten(1).numpy(), target[0].flatten(1).numpy(), strict=True)
    expected = np.mean([1 - np.corrcoef(f, p)[0, 1] for f, p in pairs])
    assert content_error(features, target, "normalised").item() == pytest.approx(expected, rel=1e-2)


def test_normalised_asks_where_a_feature_is_stronger_not_how_strong() -> None:
    target = _maps(0)
    scale, shift = torch.tensor([0.5, 2.0, 7.0])[:, None, None], torch.tensor([-3.0, 0.0, 9.0])[:, None, None]
    assert content_error(scale * target + shift, target, "normalised").item() < 1e-3
    assert content_error(-target, target, "normalised").item() == pytest.approx(2, rel=1e-2)


def test_normalised_leaves_out_what_does_not_vary_in_the_content() -> None:
    """Its slope is 0 there: a plain sky gives the style no resistance, and no division by 0 either."""
    target = _maps(0)
    target[:, 1] = 4.0
    features = _maps(1).requires_grad_(True)
    (slope,) = torch.autograd.grad(content_error(features, target, "normalised"), features)
    assert slope[:, 1].abs().max() < 1e-2 * slope[:, 0].abs().max()
    flat = torch.ones(1, 3, 4, 5, requires_grad=True)
    loss = content_error(flat, torch.ones(1, 3, 4, 5), "normalised")
    (slope,) = torch.autograd.grad(loss, flat)
    assert loss.item() == 0
    assert not slope.any()


def test_relative_is_finite_where_the_content_has_no_features() -> None:
    assert torch.isfinite(content_error(_maps(0), torch.zeros(1, 3, 4, 5)))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_normalised_in_low_precision_has_the_slope_of_a_higher_one(dtype: torch.dtype) -> None:
    features, target = (10 + _maps(seed, (2, 8, 32, 32)) for seed in (0, 1))
    low, high = features.to(dtype).requires_grad_(True), features.to(dtype).double().requires_grad_(True)
    error, exact = (content_error(f, target.to(dtype).to(f.dtype), "normalised") for f in (low, high))
    assert error.item() == pytest.approx(exact.item(), rel=1e-4)
    (slope,) = torch.autograd.grad(1e4 * error, low)
    (expected,) = torch.autograd.grad(1e4 * exact, high)
    assert slope.dtype == dtype
    assert (slope - expected).norm() < 5e-3 * expected.norm()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_low_precision_is_summed_in_float32(dtype: torch.dtype) -> None:
    features, target = (100 * _maps(seed, (1, 8, 32, 32)).to(dtype) for seed in (0, 1))
    loss = content_error(features, target, "half_sum")
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(_in_numpy(features, target, "half_sum"), rel=1e-5)  # beyond float16's 65504


def test_full_precision_keeps_what_is_precise_enough() -> None:
    for dtype, expected in [
        (torch.bfloat16, torch.float32),
        (torch.float16, torch.float32),
        (torch.float32, torch.float32),
        (torch.float64, torch.float64),
    ]:
        assert full_precision(torch.ones(2, dtype=dtype)).dtype == expected


def test_layers_and_weights_add_up() -> None:
    content = {"relu3_1": _maps(0), "relu4_2": _maps(1)}
    features = {"relu3_1": _maps(2), "relu4_2": _maps(3), "relu5_1": _maps(4)}
    loss = ContentLoss({"relu3_1": 0.5, "relu4_2": 2.0}, weight=10.0, error="mean")
    terms = loss.bind(Targets(content, []))(torch.zeros(1, 3, 8, 8), features)
    assert {name: term.item() for name, term in terms.items()} == pytest.approx(
        {
            "content/relu3_1": 10 * 0.5 * _in_numpy(features["relu3_1"], content["relu3_1"], "mean"),
            "content/relu4_2": 10 * 2.0 * _in_numpy(features["relu4_2"], content["relu4_2"], "mean"),
        },
        rel=1e-9,
    )
    assert loss.content_layers == ("relu3_1", "relu4_2")
    assert loss.style_layers == ()


def test_a_loss_prints_as_its_own_description() -> None:
    assert str(ContentLoss({"relu4_2": 1.0}, weight=5.0)) == (
        "ContentLoss(layers={'relu4_2': 1.0}, weight=5.0, error='relative')"
    )
