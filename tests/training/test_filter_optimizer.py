"""Muon on views of filter banks: the update against the singular value decomposition, in the memory of the encoder."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from impasto.features.architectures import Architecture
from impasto.features.encoder import Encoder
from impasto.training.optimizer import FilterOptimizer

CPU = torch.device("cpu")


def encoder() -> Encoder:
    torch.manual_seed(0)
    return Encoder(Architecture(((6,), (5,)))).on(CPU)


def test_the_first_step_is_nearly_the_orthogonal_factor_of_the_gradient() -> None:
    trained = encoder()
    optimizer = FilterOptimizer(trained)
    weight = trained.convolution("conv2_1").weight
    before = weight.detach().clone()
    weight.grad = torch.randn(weight.shape)
    gradient = weight.grad.permute(0, 2, 3, 1).flatten(1).double().numpy()
    optimizer.step(0.1)
    update = (before - weight.detach()).permute(0, 2, 3, 1).flatten(1).double().numpy() / 0.1
    u, _, v = np.linalg.svd(gradient, full_matrices=False)
    # Newton and Schulz's iteration brings all singular values near 1 (0.7 to 1.2), and leaves the directions alone.
    values = np.diag(u.T @ update @ v.T)
    assert 0.6 < values.min() <= values.max() < 1.3
    assert np.abs(u.T @ update @ v.T - np.diag(values)).max() < 0.02


def test_the_encoder_itself_learns() -> None:
    trained, picture = encoder(), torch.rand(2, 3, 12, 12, generator=torch.Generator().manual_seed(1))
    torch.manual_seed(3)
    with torch.no_grad():
        target = Encoder(trained.architecture)(picture, ["conv2_1"])["conv2_1"]
    optimizer = FilterOptimizer(trained)
    losses = []
    for _ in range(30):
        loss = (trained(picture, ["conv2_1"])["conv2_1"] - target).square().mean()
        loss.backward()
        optimizer.step(0.02)
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 2
    assert trained.convolution("conv1_1").weight.grad is None


def test_state_survives_a_restart() -> None:
    def gradients(trained: Encoder, seed: int) -> None:
        random = torch.Generator().manual_seed(seed)
        for parameter in trained.convolutions.parameters():
            parameter.grad = torch.randn(parameter.shape, generator=random)

    straight = encoder()
    first = FilterOptimizer(straight)
    for seed in range(4):
        gradients(straight, seed)
        first.step(0.01)
        if seed == 1:
            weights = {k: v.clone() for k, v in straight.state_dict().items()}
            state = {k: torch.utils._pytree.tree_map(torch.clone, v["state"]) for k, v in first.state_dict().items()}
            groups = {k: v["param_groups"] for k, v in first.state_dict().items()}
    resumed = encoder()
    second = FilterOptimizer(resumed)
    resumed.load_state_dict(weights)
    second.load_state_dict({k: {"state": state[k], "param_groups": groups[k]} for k in state})
    for seed in (2, 3):
        gradients(resumed, seed)
        second.step(0.01)
    for name, tensor in straight.state_dict().items():
        assert torch.equal(tensor, resumed.state_dict()[name])


def test_another_memory_layout_is_refused() -> None:
    with pytest.raises(ValueError, match="channels last"):
        FilterOptimizer(Encoder(Architecture(((6,), (5,)))))
