from __future__ import annotations

import pytest
import torch
from tiny_encoder import LOSSES, picture, tiny_encoder

from impasto.features.encoder import Encoder
from impasto.losses.total_variation import TotalVariationLoss
from impasto.optimize.hardware import has_fast_bfloat16
from impasto.optimize.objective import BoundObjective, Objective, total

CONTENT, STYLE = picture(1), picture(2, 20, 28)


def _bound(encoder: Encoder, *, precision: torch.dtype = torch.float32) -> BoundObjective:
    return Objective(encoder, (*LOSSES, TotalVariationLoss(weight=0.1)), precision=precision).bind(
        CONTENT, [(STYLE, 1.0)]
    )


def _gradient(bound: BoundObjective, x: torch.Tensor) -> tuple[float, torch.Tensor]:
    x = x.clone().requires_grad_(True)
    loss = total(bound(x))
    (gradient,) = torch.autograd.grad(loss, x)
    return loss.item(), gradient


def test_terms_by_name_add_up() -> None:
    terms = _bound(tiny_encoder())(picture(3))
    assert set(terms) == {
        "content/relu2_1",
        "style/relu1_1",
        "style/relu2_1",
        "style/relu3_1",
        "total variation",
    }
    assert total(terms).item() == pytest.approx(sum(term.item() for term in terms.values()), rel=1e-6)


def test_at_the_content_only_style_is_left() -> None:
    terms = _bound(tiny_encoder())(CONTENT)
    assert terms["content/relu2_1"].item() == pytest.approx(0, abs=1e-12)
    assert terms["style/relu1_1"].item() > 0


def test_the_same_loss_twice_is_a_sum_not_a_loss_forgotten() -> None:
    once = Objective(tiny_encoder(), LOSSES[1:]).bind(CONTENT, [(STYLE, 1.0)])
    twice = Objective(tiny_encoder(), (*LOSSES[1:], *LOSSES[1:])).bind(CONTENT, [(STYLE, 1.0)])
    assert total(twice(picture(3))).item() == pytest.approx(2 * total(once(picture(3))).item(), rel=1e-6)


def test_losses_without_layers_need_no_encoder() -> None:
    bound = Objective(tiny_encoder(), (TotalVariationLoss(),)).bind(CONTENT, [(STYLE, 1.0)])
    assert set(bound(picture(3))) == {"total variation"}


def test_targets_hold_no_graph() -> None:
    encoder = tiny_encoder().requires_grad_(True)  # as if someone forgot to freeze it
    x = picture(3).requires_grad_(True)
    bound = _bound(encoder)
    total(bound(x)).backward()
    once = x.grad.clone() if x.grad is not None else None
    total(bound(x)).backward()  # a graph shared through the targets would be gone by now
    assert once is not None
    assert x.grad is not None
    assert torch.allclose(x.grad, 2 * once)


def test_checkpointing_gives_the_same_gradient() -> None:
    plain = _gradient(_bound(tiny_encoder()), picture(3))
    encoder = tiny_encoder()
    encoder.checkpointing = True
    recomputed = _gradient(_bound(encoder), picture(3))
    assert recomputed[0] == plain[0]
    assert torch.equal(recomputed[1], plain[1])


@pytest.mark.skipif(
    not has_fast_bfloat16(torch.device("cpu")),
    reason="this processor has no bfloat16 instructions; torch emulates them",
)
def test_bfloat16_gradient_points_the_same_way() -> None:
    encoder = tiny_encoder()
    loss, gradient = _gradient(_bound(encoder), picture(3))
    low, low_gradient = _gradient(_bound(encoder, precision=torch.bfloat16), picture(3))
    assert low == pytest.approx(loss, rel=0.05)
    assert low_gradient.dtype == torch.float32
    cosine = torch.nn.functional.cosine_similarity(gradient.flatten(), low_gradient.flatten(), dim=0)
    assert cosine > 0.99


def test_gradient_against_differences_in_double() -> None:
    encoder = tiny_encoder().double()
    content, style, x = (picture(seed, 6, 6).double() for seed in (1, 2, 3))
    bound = Objective(encoder, LOSSES).bind(content, [(style, 1.0)])
    assert torch.autograd.gradcheck(lambda p: total(bound(p)), x.requires_grad_(True), atol=1e-6, fast_mode=True)
