"""The errors that distillation minimises, against NumPy float64 and by their invariants."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from impasto.features.architectures import Architecture
from impasto.features.encoder import Encoder
from impasto.training.distillation import (
    live_channels,
    normalise,
    one_sided_error,
    prune,
    relative_error,
    relative_errors,
)

LAYERS = ("relu1_1", "relu2_1", "relu4_2", "relu5_1")


def test_relative_error_is_the_mean_over_pictures() -> None:
    rng = np.random.default_rng(0)
    value, target = rng.standard_normal((2, 3, 4, 5)), rng.standard_normal((2, 3, 4, 5))
    error, power = ((value - target) ** 2).mean((1, 2, 3)), (target**2).mean((1, 2, 3))
    expected = (error / (power + 0.1 * error)).mean()
    assert relative_error(torch.from_numpy(value), torch.from_numpy(target)).item() == pytest.approx(expected, rel=1e-9)


def test_a_picture_s_relative_error_is_its_own() -> None:
    rng = torch.Generator().manual_seed(0)
    value, target = torch.randn(2, 3, 4, 5, generator=rng)
    target *= torch.tensor([1.0, 1e-3, 0.0])[:, None, None]  # ordinary, almost empty, empty
    together = relative_errors(value, target, floor=0.01)
    alone = [relative_errors(value[n : n + 1], target[n : n + 1], floor=0.01) for n in range(3)]
    assert torch.equal(together, torch.cat(alone))
    plain = relative_errors(value[:1], target[:1], floor=0.0)
    torch.testing.assert_close(together[:1], plain, rtol=0.05, atol=0)
    assert together.max() <= 100
    assert relative_errors(target, target).max() == 0


def test_one_sided_error_ignores_what_the_relu_removes_but_not_dead_channels() -> None:
    target = torch.tensor([[0.0, 2.0, 0.0, 1.0]])
    below = torch.tensor([[-5.0, 2.0, -0.1, 1.0]])
    assert one_sided_error(below, target).item() == 0
    raw = torch.tensor([[-5.0, -1.0, 3.0, 1.0]], requires_grad=True)
    error = one_sided_error(raw, target)
    # ((−1 − 2)² + 3²) / 4 over (2² + 1²) / 4
    assert error.item() == pytest.approx(18 / 5)
    (gradient,) = torch.autograd.grad(error, raw)
    assert gradient[0, 1] < 0  # a channel under 0 where the target is above still feels a pull
    assert gradient[0, 0] == 0


def test_normalise_gives_every_layer_unit_power_and_keeps_directions(teacher: Encoder) -> None:
    pictures = torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    before = teacher(pictures, LAYERS)
    normalise(teacher, pictures)
    after = teacher(pictures, LAYERS)
    for layer in LAYERS:
        assert after[layer].square().mean().item() == pytest.approx(1, rel=1e-4)
        cosine = torch.nn.functional.cosine_similarity(before[layer].flatten(), after[layer].flatten(), dim=0)
        assert cosine.item() == pytest.approx(1, abs=1e-5)


def test_live_channels_are_those_that_ever_fire(teacher: Encoder) -> None:
    convolution = teacher.convolution("conv2_1")
    assert convolution.bias is not None
    with torch.no_grad():
        convolution.weight[[1, 4]] = 0
        convolution.bias[[1, 4]] = -1
    pictures = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    assert live_channels(teacher, pictures, ["relu2_1"])["relu2_1"].tolist() == [0, 2, 3, 5]


def test_one_sided_error_s_gradient() -> None:
    random = torch.Generator().manual_seed(0)
    raw = torch.randn(2, 3, 4, 5, generator=random, dtype=torch.float64).requires_grad_(True)
    target = torch.randn(2, 3, 4, 5, generator=random, dtype=torch.float64).relu()
    assert torch.autograd.gradcheck(lambda raw: one_sided_error(raw, target), raw)


def test_one_sided_error_in_low_precision_is_summed_in_float32() -> None:
    random = torch.Generator().manual_seed(0)
    raw, target = (torch.randn(1, 8, 64, 64, generator=random).bfloat16() for _ in "ab")
    target = target.relu()
    error = one_sided_error(raw, target)
    assert error.dtype == torch.float32
    assert error.item() == pytest.approx(one_sided_error(raw.double(), target.double()).item(), rel=1e-2)


def test_a_pruned_encoder_has_the_same_features_without_the_dead_channels() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        encoder = Encoder(Architecture(((4, 5), (6,), (8,), (8, 9), (8,))), padding="reflect")
    with torch.no_grad():
        for name, dead in {"conv1_1": [1], "conv2_1": [0, 5], "conv4_2": [3, 4]}.items():
            encoder.convolution(name).weight[dead] = 0
            encoder.convolution(name).bias[dead] = -1  # type: ignore[index]
    pictures = torch.rand(2, 3, 32, 48, generator=torch.Generator().manual_seed(1))
    layers = ["relu1_1", "relu2_1", "relu4_2", "relu5_1"]
    with torch.no_grad():
        live = live_channels(encoder, pictures, layers)
        found, expected = prune(encoder, live)(pictures, layers), encoder(pictures, layers)
    assert len(live["relu2_1"]) <= 4
    for layer in layers:
        torch.testing.assert_close(found[layer], expected[layer][:, live[layer]])
