"""The encoder of inverted residuals: against a plain evaluation of its weights, what was published, and its files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import Tensor

import impasto
from impasto.errors import UnknownNameError, WeightsFormatError
from impasto.features import MobileArchitecture, MobileEncoder, load_encoder, save_encoder
from impasto.features.architectures import scaled
from impasto.features.encoder import Pooling
from impasto.features.padding import Padding

SMALL = MobileArchitecture((5, 6, 7, 8, 9), 0.1)
LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")


def _encoder(padding: Padding = "reflect", pooling: Pooling = "max") -> MobileEncoder:
    torch.manual_seed(0)
    encoder = MobileEncoder(SMALL, padding=padding, pooling=pooling, name="small").double()
    for parameter in encoder.parameters():
        torch.nn.init.normal_(parameter, std=1.5 / max(1, parameter[0].numel()) ** 0.5)
    return encoder.requires_grad_(False)


def _evaluated(weights: dict[str, Tensor], picture: Tensor, padding: Padding, pooling: Pooling) -> dict[str, Tensor]:
    """Layer by layer, from tensors by name."""

    def convolved(x: Tensor, name: str, groups: int = 1) -> Tensor:
        weight, bias = weights[f"{name}.weight"], weights[f"{name}.bias"]
        if weight.shape[-1] == 3:
            mode = {"zero": "constant", "reflect": "reflect", "replicate": "edge"}[padding]
            around = np.pad(x.numpy(), ((0, 0), (0, 0), (1, 1), (1, 1)), mode=mode)  # type: ignore[call-overload]
            x = torch.from_numpy(around)
        return F.conv2d(x, weight, bias, groups=groups)

    x = F.relu6(convolved(convolved(picture, "input_affine"), "stem"))
    found = {}
    for stage in range(5):
        if stage:
            window = [min(2, side) for side in x.shape[2:]]
            x = F.max_pool2d(x, window) if pooling == "max" else F.avg_pool2d(x, window)
            found[f"pool{stage}"] = x
        for block in range(len({name.split(".")[2] for name in weights if name.startswith(f"stages.{stage}.")})):
            name = f"stages.{stage}.{block}"
            inner = F.relu6(convolved(x, f"{name}.expand")) if f"{name}.expand.weight" in weights else x
            inner = F.relu6(convolved(inner, f"{name}.depthwise", groups=inner.shape[1]))
            narrow = convolved(inner, f"{name}.project")
            x = x + narrow if x.shape == narrow.shape else narrow
        found[f"conv{stage + 1}_1"] = convolved(x, f"conv{stage + 1}_1")
        found[f"relu{stage + 1}_1"] = found[f"conv{stage + 1}_1"].clamp_min(0)
    return found


@pytest.mark.parametrize("size", [(32, 40), (37, 19), (3, 2), (1, 1)])
@pytest.mark.parametrize(("padding", "pooling"), [("reflect", "max"), ("zero", "average"), ("replicate", "max")])
def test_every_layer_is_what_the_weights_say(padding: Padding, pooling: Pooling, size: tuple[int, int]) -> None:
    if padding == "reflect" and min(size) < 32:
        padding = "replicate"  # NumPy has no mirror for a side of one
    encoder = _encoder(padding, pooling)
    pictures = torch.rand(2, 3, *size, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    weights = {name.removeprefix("convolutions."): tensor for name, tensor in encoder.state_dict().items()}
    expected = _evaluated(weights, pictures, padding, pooling)
    found = encoder(pictures, encoder.steps)
    assert list(found) == encoder.steps == SMALL.layers()
    for layer, features in found.items():
        torch.testing.assert_close(features, expected[layer], atol=1e-10, rtol=1e-10, msg=layer)
        assert features.shape[1] == SMALL.channels(layer)
        halvings = int(layer[4]) - (0 if layer.startswith("pool") else 1)
        assert features.shape[2:] == tuple(max(1, side >> halvings) for side in size)


def test_its_widths_are_the_published_ones() -> None:
    # As the projections of `keras.applications.MobileNetV2` with alpha 1.0 and 0.35, and their first convolutions.
    published = {
        1.0: (32, [[16], [24] * 2, [32] * 3, [64] * 4 + [96] * 3, [160] * 3]),
        0.35: (16, [[8], [8] * 2, [16] * 3, [24] * 4 + [32] * 3, [56] * 3]),
    }
    for width, (stem, stages) in published.items():
        architecture = MobileArchitecture((4,) * 5, width)
        assert architecture.stem == stem
        assert [[block.outputs for block in stage] for stage in architecture.stages()] == stages
        expansions = {block.expansion for stage in architecture.stages()[1:] for block in stage}
        assert expansions == {6}
    assert [scaled(24, 0.5, multiple=16), scaled(80, 0.25, multiple=16), scaled(64, 1.0, multiple=16)] == [16, 32, 64]


def test_features_need_no_more_than_their_own_depth() -> None:
    encoder = _encoder()
    cut = MobileEncoder(SMALL, layers=["block3_conv1"], padding="reflect")
    assert len(cut.stages) == 3
    assert cut.steps[-1] == "relu3_1"
    own = {name: tensor for name, tensor in encoder.state_dict().items() if name in cut.state_dict()}
    cut.double().load_state_dict(own)
    picture = torch.rand(1, 3, 16, 16, dtype=torch.float64)
    assert torch.equal(cut(picture, ["relu3_1"])["relu3_1"], encoder(picture, ["relu3_1"])["relu3_1"])
    with pytest.raises(UnknownNameError, match="relu4_2"):
        encoder(picture, ["relu4_2"])


def test_features_computed_again_have_the_same_gradient() -> None:
    encoder, gradients = _encoder(), []
    for checkpointing in (False, True):
        encoder.checkpointing = checkpointing
        picture = torch.rand(1, 3, 24, 16, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
        picture.requires_grad_(True)
        features = encoder(picture, LAYERS)
        gradients.append(torch.autograd.grad(sum(f.square().mean() for f in features.values()), picture)[0])
    assert gradients[0].abs().max() > 0
    torch.testing.assert_close(*gradients)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "small.safetensors"
    save_encoder(_encoder("replicate").float(), path)
    return path


def test_what_save_encoder_writes_comes_back(file: Path) -> None:
    loaded, expected = load_encoder(file), _encoder("replicate").float()
    assert isinstance(loaded, MobileEncoder)
    assert (loaded.architecture, loaded.padding, loaded.name) == (SMALL, "replicate", "small")
    picture = torch.rand(1, 3, 20, 32)
    for layer, features in loaded(picture, LAYERS).items():
        assert torch.equal(features, expected(picture, LAYERS)[layer])
    assert len(load_encoder(file, layers=["relu2_1"]).state_dict()) < len(loaded.state_dict())
    assert not any(parameter.requires_grad for parameter in loaded.parameters())


def test_the_engine_paints_with_it(file: Path) -> None:
    y, x = np.mgrid[0:24, 0:32]
    photo = np.stack([x / 32, y / 24, (x + y) / 56], -1).astype(np.float32)
    style = np.random.default_rng(0).random((24, 32, 3), np.float32)
    losses: list[float] = []
    how = {"encoder": str(file), "iterations": 8, "precision": "float32", "device": "cpu"}
    painted = impasto.paint(photo, style, progress=lambda progress: losses.append(progress.loss), **how)
    assert np.isfinite(painted).all()
    assert losses[-1] < 0.8 * losses[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"stem.bias": None}, "'stem.bias' is missing"),
        ({"stages.4.0.depthwise.weight": None}, "'stages.4.0.depthwise.weight' is missing"),
        ({"conv6_1.weight": torch.zeros(1)}, "'conv6_1.weight' has no place"),
        ({"conv1_1.weight": torch.zeros(5, 9, 1, 1)}, r"shape \(5, 9, 1, 1\), but \(5, 8, 1, 1\) is needed"),
        ({"input_affine.weight": torch.zeros(3, 3)}, r"shape \(3, 3\), but"),
        ({"stem.bias": torch.zeros(8, dtype=torch.int64)}, "'stem.bias' is of type I64"),
        ({"stem.bias": torch.full((8,), torch.nan)}, "'stem.bias' holds NaN"),
    ],
)
def test_faults(file: Path, change: dict[str, Tensor | None], message: str) -> None:
    tensors = {**load_file(file), **change}
    metadata = {"mobilenet": json.dumps({"outputs": SMALL.outputs, "width": SMALL.width})}
    save_file({name: tensor for name, tensor in tensors.items() if tensor is not None}, file, metadata)
    with pytest.raises(WeightsFormatError, match=message):
        load_encoder(file)


@pytest.mark.parametrize(
    "told",
    [
        *("no JSON", "[]", "{}", '{"outputs": 5, "width": 1}', '{"outputs": [], "width": 1}'),
        *('{"outputs": [4, 0], "width": 1}', '{"outputs": [99999999], "width": 1}'),
        *('{"outputs": [4, 4, 4, 4, 4, 4], "width": 1}', '{"outputs": [4], "width": 1e9}'),
        '{"outputs": [4], "width": NaN}',
    ],
)
def test_an_architecture_that_can_t_be_is_refused(file: Path, told: str) -> None:
    save_file(load_file(file), file, {"mobilenet": told})
    with pytest.raises(WeightsFormatError, match="does not say its architecture"):
        load_encoder(file)
