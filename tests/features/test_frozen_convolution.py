"""The convolution without weight gradients against autograd's own, in float64, for every padding and awkward size."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from impasto.features.architectures import Architecture
from impasto.features.encoder import Encoder
from impasto.features.frozen import frozen_convolution
from impasto.features.padding import Padding, bordered, fold, pad

SIZES = [(9, 12), (3, 4), (2, 5), (2, 2), (1, 7), (7, 1), (1, 1)]
PADDINGS: tuple[Padding, ...] = ("zero", "reflect", "replicate")


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("padding", PADDINGS)
def test_folding_is_the_transpose_of_padding(padding: Padding, size: tuple[int, int]) -> None:
    # ⟨pad(x), g⟩ = ⟨x, fold(g)⟩ for all x and g: the definition of the gradient of a linear map.
    x, g = random(2, 3, *size), random(2, 3, size[0] + 2, size[1] + 2, seed=1)
    left = (pad(x, padding) * g).sum()
    assert torch.allclose(left, (x * fold(g.clone(), padding)).sum(), rtol=1e-12)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("padding", PADDINGS)
def test_a_border_written_in_strokes_is_that_of_torch(padding: Padding, size: tuple[int, int]) -> None:
    x = random(2, 3, *size)
    assert torch.equal(bordered(x, padding), pad(x, padding))


@pytest.mark.parametrize("relu", [True, False])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("padding", PADDINGS)
def test_value_and_gradient_equal_autograds(padding: Padding, size: tuple[int, int], relu: bool) -> None:
    x = random(2, 3, *size).requires_grad_(True)
    weight, bias, upstream = random(4, 3, 3, 3, seed=1), random(4, seed=2), random(2, 4, *size, seed=3)
    plain = F.conv2d(pad(x, padding), weight, bias)
    plain = F.relu(plain) if relu else plain
    ours = frozen_convolution(x, weight, bias, padding, relu=relu)
    assert torch.allclose(ours, plain, rtol=1e-12, atol=1e-12)
    (expected,) = torch.autograd.grad(plain, x, upstream)
    (found,) = torch.autograd.grad(ours, x, upstream)
    assert torch.allclose(found, expected, rtol=1e-12, atol=1e-12)


def test_gradcheck() -> None:
    x = random(1, 2, 4, 5).requires_grad_(True)
    weight = random(3, 2, 3, 3, seed=1)
    assert torch.autograd.gradcheck(lambda t: frozen_convolution(t, weight, None, "reflect", relu=True), (x,))


@pytest.mark.parametrize("padding", PADDINGS)
def test_a_frozen_encoder_gives_what_a_trainable_one_gives(padding: Padding) -> None:
    torch.manual_seed(0)
    encoder = Encoder(Architecture(((4, 5), (6, 7), (8,))), padding=padding).double()
    picture = torch.rand(1, 3, 20, 14, dtype=torch.float64, requires_grad=True)
    layers = ["relu1_1", "conv1_2", "relu1_2", "relu2_1", "relu3_1"]

    def run() -> tuple[dict[str, torch.Tensor], torch.Tensor]:
        features = encoder(picture, layers)
        loss = torch.stack([(f * f).sum() for f in features.values()]).sum()
        return features, torch.autograd.grad(loss, picture)[0]

    trainable_features, trainable_gradient = run()
    encoder.requires_grad_(False)
    frozen_features, frozen_gradient = run()
    for layer in layers:
        assert torch.allclose(frozen_features[layer], trainable_features[layer], rtol=1e-12, atol=1e-12)
    assert torch.allclose(frozen_gradient, trainable_gradient, rtol=1e-12, atol=1e-12)


def test_weights_in_training_still_get_their_gradient() -> None:
    encoder = Encoder(Architecture(((4,), (5,))))
    encoder(torch.rand(1, 3, 8, 8), ["relu2_1"])["relu2_1"].sum().backward()
    assert encoder.convolution("conv1_1").weight.grad is not None
