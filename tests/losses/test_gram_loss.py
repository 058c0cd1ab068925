from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from impasto.errors import UsageError
from impasto.losses.base import Features, Targets
from impasto.losses.gram import gram_and_mean, gram_matrix
from impasto.losses.style import GramLoss, StyleError, style_error

ERRORS: list[StyleError] = ["relative", "mean", "gatys", "mean_by_channels"]
PICTURE = torch.zeros(1, 3, 8, 8)


def _maps(seed: int, shape: tuple[int, ...] = (1, 3, 4, 5)) -> torch.Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def _gram(features: torch.Tensor) -> NDArray[np.float64]:
    flat = features[0].double().numpy().reshape(features.shape[1], -1)
    out = np.zeros((len(flat), len(flat)))
    for i in range(len(flat)):
        for j in range(len(flat)):
            out[i, j] = sum(a * b for a, b in zip(flat[i], flat[j], strict=True)) / flat.shape[1]
    return out


def _in_numpy(gram: NDArray[np.float64], target: NDArray[np.float64], error: StyleError) -> float:
    summed, channels = np.sum((gram - target) ** 2), len(gram)
    return float(
        {
            "gatys": summed / (4 * channels**2),
            "mean": summed / channels**2,
            "mean_by_channels": summed / channels**2 / (4 * channels**2),
            "relative": summed / np.sum(target**2),
        }[error]
    )


def _bound_value(loss: GramLoss, styles: list[tuple[Features, float]], features: Features) -> dict[str, float]:
    return {name: term.item() for name, term in loss.bind(Targets({}, styles))(PICTURE, features).items()}


def test_gram_matrix_known_value() -> None:
    features = torch.tensor([[[[1.0, 2.0]], [[3.0, 4.0]]]])  # two channels, two places
    assert torch.equal(gram_matrix(features), torch.tensor([[[2.5, 5.5], [5.5, 12.5]]]))


def test_gram_matrix_against_a_double_loop() -> None:
    features = _maps(0)
    np.testing.assert_allclose(gram_matrix(features)[0].numpy(), _gram(features), rtol=1e-12)


def test_gram_matrix_of_a_batch_is_that_of_each() -> None:
    batch = torch.cat([_maps(0), _maps(1)])
    assert gram_matrix(batch).shape == (2, 3, 3)
    torch.testing.assert_close(gram_matrix(batch), torch.cat([gram_matrix(_maps(0)), gram_matrix(_maps(1))]))


def test_gram_matrix_is_symmetric_and_positive_semi_definite() -> None:
    gram = gram_matrix(_maps(0, (1, 7, 2, 2)))[0]  # fewer places than channels: singular
    torch.testing.assert_close(gram, gram.T)
    assert torch.linalg.eigvalsh(gram).min() > -1e-12


def test_gram_matrix_forgets_places_and_the_size_of_the_picture() -> None:
    features = _maps(0)
    gram = gram_matrix(features)
    shuffled = features.flatten(2)[:, :, torch.randperm(20, generator=torch.Generator().manual_seed(0))].unflatten(
        2, (4, 5)
    )
    torch.testing.assert_close(gram_matrix(shuffled), gram)
    torch.testing.assert_close(gram_matrix(features.repeat(1, 1, 3, 2)), gram)


def test_gram_matrix_gradient() -> None:
    assert torch.autograd.gradcheck(gram_matrix, _maps(0).requires_grad_(True))
    assert torch.autograd.gradgradcheck(gram_and_mean, _maps(0).requires_grad_(True))


def test_gram_matrix_and_mean_of_a_part_of_a_map_larger_than_one_chunk() -> None:
    maps = _maps(0, (2, 3, 120, 110)).contiguous(memory_format=torch.channels_last).requires_grad_(True)
    part = maps[:, :, 5:-5, 3:-7]
    flat = part.reshape(2, 3, -1)
    gram, mean = gram_and_mean(part)
    expected = torch.einsum("bim,bjm->bij", flat, flat) / flat.shape[2]
    torch.testing.assert_close(gram, expected)
    torch.testing.assert_close(mean, flat.mean(2))
    slopes = _maps(1, (2, 3, 3)), _maps(2, (2, 3))
    found = torch.autograd.grad([gram, mean], maps, slopes)
    wanted = torch.autograd.grad([expected, flat.mean(2)], maps, slopes)
    torch.testing.assert_close(found, wanted)


@pytest.mark.parametrize(
    ("error", "expected"),
    [("gatys", 30 / 16), ("mean", 30 / 4), ("mean_by_channels", 30 / 4 / 16), ("relative", 30 / 10)],
)
def test_style_error_known_value(error: StyleError, expected: float) -> None:
    target = torch.tensor([[[1.0, 2.0], [2.0, 1.0]]])
    gram = target + torch.tensor([[[1.0, 2.0], [3.0, 4.0]]])
    assert style_error(gram, target, error).item() == pytest.approx(expected, rel=1e-6)


def test_gatys_error_is_equation_4_with_gram_matrices_that_are_sums() -> None:
    features, style = _maps(0), _maps(1)
    n, m = 3, 20
    summed = np.sum((m * _gram(features) - m * _gram(style)) ** 2) / (4 * n**2 * m**2)
    assert style_error(gram_matrix(features), gram_matrix(style), "gatys").item() == pytest.approx(summed, rel=1e-9)


@pytest.mark.parametrize("unnormalised", [False, True])
@pytest.mark.parametrize("error", ERRORS)
def test_loss_against_numpy(error: StyleError, unnormalised: bool) -> None:
    features, style = {"relu1_1": _maps(0)}, {"relu1_1": _maps(1)}
    loss = GramLoss({"relu1_1": 0.25}, weight=3.0, error=error, unnormalised=unnormalised)
    places = 20 if unnormalised else 1
    expected = _in_numpy(places * _gram(features["relu1_1"]), places * _gram(style["relu1_1"]), error)
    assert _bound_value(loss, [(style, 1.0)], features) == pytest.approx(
        {"style/relu1_1": 3.0 * 0.25 * expected}, rel=1e-6
    )


@pytest.mark.parametrize("error", ERRORS)
def test_loss_gradient(error: StyleError) -> None:
    style = {"relu1_1": _maps(1)}
    bound = GramLoss({"relu1_1": 1.0}, error=error).bind(Targets({}, [(style, 1.0)]))
    assert torch.autograd.gradcheck(
        lambda features: bound(PICTURE, {"relu1_1": features})["style/relu1_1"], _maps(0).requires_grad_(True)
    )


@pytest.mark.parametrize("error", ERRORS)
def test_zero_at_the_style_itself(error: StyleError) -> None:
    style = {"relu1_1": _maps(1)}
    assert _bound_value(GramLoss({"relu1_1": 1.0}, error=error), [(style, 1.0)], style) == {"style/relu1_1": 0.0}


def test_relative_does_not_depend_on_the_encoder_s_scale() -> None:
    loss = GramLoss({"relu1_1": 1.0})
    expected = _bound_value(loss, [({"relu1_1": _maps(1)}, 1.0)], {"relu1_1": _maps(0)})
    scaled = _bound_value(loss, [({"relu1_1": 50 * _maps(1)}, 1.0)], {"relu1_1": 50 * _maps(0)})
    assert scaled == pytest.approx(expected, rel=1e-6)


def test_weights_per_layer() -> None:
    style = {"relu1_1": _maps(0), "relu2_1": _maps(1, (1, 6, 2, 2))}
    features = {"relu1_1": _maps(2), "relu2_1": _maps(3, (1, 6, 2, 2))}
    each = _bound_value(GramLoss({"relu1_1": 1.0, "relu2_1": 1.0}, error="mean"), [(style, 1.0)], features)
    weighted = _bound_value(
        GramLoss({"relu1_1": 0.5, "relu2_1": 4.0}, weight=10.0, error="mean"), [(style, 1.0)], features
    )
    assert weighted == pytest.approx(
        {"style/relu1_1": 5 * each["style/relu1_1"], "style/relu2_1": 40 * each["style/relu2_1"]}
    )


def test_several_styles_pull_as_the_sum_of_their_losses_by_share() -> None:
    """The target is the mean Gram matrix: same slope as Σ share · loss, lower by the constant spread of the targets."""
    styles = [(_maps(1, (1, 3, 6, 2)), 0.7), (_maps(2), 0.3)]
    features = _maps(0).requires_grad_(True)
    loss = GramLoss({"relu1_1": 1.0}, error="mean")
    together = loss.bind(Targets({}, [({"relu1_1": style}, share) for style, share in styles]))
    apart = [(loss.bind(Targets({}, [({"relu1_1": style}, 1.0)])), share) for style, share in styles]

    def value_and_slope(loss: torch.Tensor) -> tuple[float, torch.Tensor]:
        return loss.item(), torch.autograd.grad(loss, features)[0]

    one, slope = value_and_slope(together(PICTURE, {"relu1_1": features})["style/relu1_1"])
    both, both_slope = value_and_slope(
        torch.stack([share * bound(PICTURE, {"relu1_1": features})["style/relu1_1"] for bound, share in apart]).sum()
    )
    torch.testing.assert_close(slope, both_slope)
    a, b = (_gram(style) for style, _ in styles)
    assert both - one == pytest.approx(0.7 * 0.3 * float(np.mean((a - b) ** 2)), rel=1e-9)


def test_one_style_twice_is_that_style() -> None:
    style, features = {"relu1_1": _maps(1)}, {"relu1_1": _maps(0)}
    loss = GramLoss({"relu1_1": 1.0})
    once = _bound_value(loss, [(style, 1.0)], features)
    assert _bound_value(loss, [(style, 0.25), (style, 0.75)], features) == pytest.approx(once, rel=1e-9)


def test_the_style_may_have_any_size() -> None:
    features = {"relu1_1": _maps(0)}
    small, large = {"relu1_1": _maps(1, (1, 3, 1, 1))}, {"relu1_1": _maps(1, (1, 3, 1, 1)).repeat(1, 1, 9, 7)}
    loss = GramLoss({"relu1_1": 1.0}, error="gatys")
    assert _bound_value(loss, [(large, 1.0)], features) == pytest.approx(_bound_value(loss, [(small, 1.0)], features))


def test_sums_over_locations_refuse_another_size() -> None:
    bound = GramLoss({"relu1_1": 1.0}, unnormalised=True).bind(
        Targets({}, [({"relu1_1": _maps(1, (1, 3, 4, 6))}, 1.0)])
    )
    with pytest.raises(UsageError, match="one size") as caught:
        bound(PICTURE, {"relu1_1": _maps(0)})
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_low_precision_is_summed_in_float32(dtype: torch.dtype) -> None:
    features, style = (100 * _maps(seed, (1, 4, 32, 32)).to(dtype) for seed in (0, 1))
    term = GramLoss({"relu1_1": 1.0}, error="gatys").bind(Targets({}, [({"relu1_1": style}, 1.0)]))(
        PICTURE, {"relu1_1": features}
    )["style/relu1_1"]
    assert term.dtype == torch.float32
    assert term.item() == pytest.approx(_in_numpy(_gram(features), _gram(style), "gatys"), rel=1e-4)


def test_default_layers_count_the_same_and_one_in_all() -> None:
    loss = GramLoss()
    assert loss.style_layers == ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
    assert sum(loss.layers.values()) == pytest.approx(1)
    assert loss.content_layers == ()


@pytest.mark.parametrize("shape", [(1, 5, 7, 9), (2, 3, 100, 130), (1, 4, 1, 1), (3, 1, 2, 2)])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_low_precision_is_summed_up_in_float32(shape: tuple[int, ...], layout: torch.memory_format) -> None:
    # The features are bfloat16 numbers; their Gram matrix and its gradient are those of the same numbers in float64.
    random = torch.Generator().manual_seed(0)
    features = torch.randn(shape, generator=random).to(torch.bfloat16).contiguous(memory_format=layout)
    upstream = torch.randn((shape[0], shape[1], shape[1]), generator=random)
    low, exact = features.requires_grad_(True), features.detach().double().requires_grad_(True)
    flat = exact.flatten(2)
    found, expected = gram_matrix(low), torch.einsum("bim,bjm->bij", flat, flat) / flat.shape[2]
    assert found.dtype == torch.float32
    assert torch.allclose(found.double(), expected, rtol=1e-5, atol=1e-6)
    (gradient,) = torch.autograd.grad(found, low, upstream)
    (exact_gradient,) = torch.autograd.grad(expected, exact, upstream.double())
    assert gradient.dtype == torch.bfloat16
    assert torch.allclose(gradient.double(), exact_gradient, rtol=2**-8, atol=1e-6)


def test_the_gradient_is_exact_inside_autocast_too() -> None:
    features = torch.randn(1, 5, 7, 9, generator=torch.Generator().manual_seed(0)).requires_grad_(True)
    upstream = torch.randn(1, 5, 5, generator=torch.Generator().manual_seed(1))
    flat = features.flatten(2)
    (expected,) = torch.autograd.grad(flat @ flat.transpose(1, 2) / 63, features, upstream)
    with torch.autocast("cpu", torch.bfloat16):
        (found,) = torch.autograd.grad(gram_matrix(features), features, upstream)
    torch.testing.assert_close(found, expected)
