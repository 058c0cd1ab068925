"""Every preset against its published formula, evaluated in NumPy float64 from the pixels up, gradient included."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
import recipes_float64 as recipes
import torch
from numpy.typing import NDArray
from vgg_float64 import BGR_MEAN, Vgg

from impasto.errors import UnknownNameError, UsageError
from impasto.features.architectures import LITE, VGG19, Architecture
from impasto.features.encoder import Encoder
from impasto.features.layers import resolve
from impasto.optimize.domain import parametrisation
from impasto.optimize.objective import Objective, total
from impasto.optimize.presets import Preset, find_preset, presets
from impasto.optimize.pyramid import plan, style_size

Array = NDArray[np.float64]

# VGG-19's depth, a few channels wide, no two layers of a block alike.
NARROW = Architecture(((4, 5), (6, 7), (8, 9, 8, 9), (10, 9, 8, 9), (7, 8, 7, 8)))
SIZE = (70, 53)  # rows, columns; odd sizes on the way down

RECIPES: dict[str, Callable[..., recipes.Answer]] = {
    "gatys": recipes.gatys,
    "keras-guide": recipes.keras_guide,
    "tensorflow-tutorial": recipes.tensorflow_tutorial,
    "tf2-painting": recipes.tf2_painting,
    "pytorch-guide": recipes.pytorch_guide,
}


@dataclass(frozen=True)
class Case:
    preset: Preset
    encoder: Encoder
    picture: Array
    content: Array
    style: Array
    loss: float
    gradient: Array


@pytest.fixture(scope="module", params=sorted(RECIPES))
def case(request: pytest.FixtureRequest) -> Case:
    preset = find_preset(request.param)
    rng = np.random.default_rng(sorted(RECIPES).index(request.param))
    weights = {
        c.name: (
            rng.normal(0, (2 / (9 * c.inputs)) ** 0.5, (c.outputs, c.inputs, 3, 3)),
            rng.normal(0, 10, c.outputs),
        )
        for c in NARROW.convolutions()
    }
    # Where the recipe lets the style have a size of its own, it has one.
    rows, columns = SIZE if preset.settings.style_size == "same" else (48, 66)
    picture, content, style = rng.random((3, *SIZE)), rng.random((3, *SIZE)), rng.random((3, rows, columns))
    vgg = Vgg(weights, [len(block) for block in NARROW.blocks], preset.settings.pooling)
    layers = vgg.forward(picture)
    loss, by_layer, direct = RECIPES[preset.name](layers, vgg.forward(content), vgg.forward(style), picture)
    return Case(
        preset, _encoder(preset, weights), picture, content, style, loss, vgg.backward(layers, by_layer) + direct
    )


def _encoder(preset: Preset, weights: dict[str, tuple[Array, Array]]) -> Encoder:
    settings = preset.settings
    encoder = Encoder(NARROW, padding=settings.padding or "zero", pooling=settings.pooling).requires_grad_(False)
    encoder.double()
    bgr = torch.diag(torch.full((3,), 255.0)).flip(1).reshape(3, 3, 1, 1)
    state = {"input_affine.weight": bgr, "input_affine.bias": -torch.tensor(BGR_MEAN)}
    for name, (kernel, bias) in weights.items():
        state[f"convolutions.{name}.weight"], state[f"convolutions.{name}.bias"] = (
            torch.tensor(kernel),
            torch.tensor(bias),
        )
    encoder.load_state_dict(state)
    return encoder


def _evaluate(case: Case, dtype: torch.dtype) -> tuple[float, Array]:
    """Loss and its gradient by the optimiser's own variables, through what the painter uses."""
    settings = case.preset.settings
    picture, content, style = (
        torch.tensor(array, dtype=dtype)[None] for array in (case.picture, case.content, case.style)
    )
    bound = Objective(case.encoder.to(dtype), settings.losses).bind(content, [(style, 1.0)])
    domain = parametrisation(settings.domain, settings.pixel_range)
    variables = domain.variables(picture).requires_grad_(True)
    loss = total(bound(domain.picture(variables)))
    (gradient,) = torch.autograd.grad(loss, variables)
    return loss.item(), gradient[0].double().numpy()


def test_it_is_the_published_formula(case: Case) -> None:
    loss, gradient = _evaluate(case, torch.float64)
    expected = case.gradient / case.preset.settings.pixel_range
    assert loss == pytest.approx(case.loss, rel=1e-10)
    np.testing.assert_allclose(gradient, expected, rtol=1e-7, atol=1e-9 * np.abs(expected).max())


def test_in_float32_loss_and_gradient_agree_to_1e_4(case: Case) -> None:
    loss, gradient = _evaluate(case, torch.float32)
    expected = case.gradient / case.preset.settings.pixel_range
    assert loss == pytest.approx(case.loss, rel=1e-4)
    assert np.linalg.norm(gradient - expected) <= 1e-4 * np.linalg.norm(expected)


def test_the_oracle_s_gradient_is_the_slope_of_its_loss(case: Case) -> None:
    """The backward pass written by hand, against central differences along random directions."""
    encoder = case.encoder.double()
    weights = {
        name: (layer.weight.detach().numpy(), layer.bias.detach().numpy())
        for name, layer in encoder.convolutions.items()
        if layer.bias is not None
    }
    vgg = Vgg(weights, [len(block) for block in NARROW.blocks], case.preset.settings.pooling)
    content, style = vgg.forward(case.content), vgg.forward(case.style)

    def loss(picture: Array) -> float:
        return RECIPES[case.preset.name](vgg.forward(picture), content, style, picture)[0]

    direction = case.gradient / np.linalg.norm(case.gradient)
    step = 1e-6  # small enough that next to no ReLU switches
    slope = (loss(case.picture + step * direction) - loss(case.picture - step * direction)) / (2 * step)
    assert slope == pytest.approx(np.linalg.norm(case.gradient), rel=1e-3)


def test_every_preset_has_an_oracle() -> None:
    assert {preset.name for preset in presets()} == set(RECIPES)


@pytest.mark.parametrize("preset", presets(), ids=lambda preset: preset.name)
def test_a_preset_says_what_it_is_and_where_from(preset: Preset) -> None:
    assert preset.title
    assert preset.notes
    assert "https://" in preset.source
    assert preset.name == preset.name.lower().strip()
    assert find_preset(preset.name.upper().replace("-", "_")) is preset


@pytest.mark.parametrize("preset", presets(), ids=lambda preset: preset.name)
def test_a_preset_keeps_the_published_number_of_steps(preset: Preset) -> None:
    assert preset.settings.patience == 0
    assert preset.settings.seconds is None
    assert preset.settings.precision == "float32"


@pytest.mark.parametrize("preset", presets(), ids=lambda preset: preset.name)
def test_a_preset_leaves_nothing_about_its_optimiser_to_our_defaults(preset: Preset) -> None:
    settings = preset.settings
    assert settings.iterations is not None
    assert settings.optimizer == "adam" or settings.history is not None
    assert (settings.patience, settings.margin, settings.precision) == (0, 0, "float32")


@pytest.mark.parametrize("preset", presets(), ids=lambda preset: preset.name)
def test_its_layers_are_vgg19_s(preset: Preset) -> None:
    assert preset.settings.encoder == "vgg19"
    for loss in preset.settings.losses:
        resolve([*loss.content_layers, *loss.style_layers], VGG19.layers(), encoder="vgg19")


@pytest.mark.parametrize("name", ["keras-guide", "tensorflow-tutorial", "tf2-painting"])
def test_an_encoder_without_the_recipe_s_layers_is_refused(name: str) -> None:
    layers = [layer for loss in find_preset(name).settings.losses for layer in loss.content_layers]
    with pytest.raises(UnknownNameError, match="no layer of the encoder 'lite' named 'block5_conv2'") as caught:
        Encoder(LITE, layers=layers, name="lite")
    assert caught.value.exit_code == 3
    assert caught.value.hint.startswith("Did you mean")


def test_an_unknown_preset_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UnknownNameError, match="no preset named 'kera-guide'") as caught:
        find_preset("kera-guide")
    assert "'keras-guide'" in caught.value.hint
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("name", "content", "sizes"),
    [
        ("gatys", (1600, 1200), [(512, 384)]),
        ("keras-guide", (1600, 1200), [(512, 512)]),
        ("tensorflow-tutorial", (1200, 1600), [(384, 512)]),
        ("tf2-painting", (1600, 1200), [(256, 192), (512, 384)]),
        ("pytorch-guide", (300, 200), [(512, 341)]),
    ],
)
def test_sizes(name: str, content: tuple[int, int], sizes: list[tuple[int, int]]) -> None:
    assert [scale.size for scale in plan(content, find_preset(name).settings)] == sizes


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("gatys", (512, 384)),
        ("keras-guide", (512, 384)),
        ("pytorch-guide", (512, 384)),
        ("tensorflow-tutorial", (256, 512)),
        ("tf2-painting", (256, 512)),
    ],
)
def test_size_of_the_style(name: str, size: tuple[int, int]) -> None:
    assert style_size((100, 200), (512, 384), find_preset(name).settings) == size


def test_sums_over_locations_refuse_a_style_of_another_size() -> None:
    encoder = Encoder(NARROW).requires_grad_(False)
    objective = Objective(encoder, find_preset("pytorch-guide").settings.losses)
    bound = objective.bind(torch.rand(1, 3, 32, 32), [(torch.rand(1, 3, 32, 48), 1.0)])
    with pytest.raises(UsageError, match="one size") as caught:
        bound(torch.rand(1, 3, 32, 32))
    assert "--style-size same" in caught.value.hint
