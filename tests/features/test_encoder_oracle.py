"""The encoder against an independent float64 evaluation, for every padding, pooling and awkward size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy_vgg
import pytest
import torch
import weight_files
from safetensors.torch import save_file

from impasto.errors import UnknownNameError
from impasto.features import load_encoder
from impasto.features.encoder import Encoder

COUNTS = [len(block) for block in weight_files.BLOCKS]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    save_file(weight_files.native(), tmp_path / "tiny.safetensors")
    return tmp_path / "tiny.safetensors"


def oracle(picture: np.ndarray, padding: str, pooling: str) -> dict[str, np.ndarray]:
    weights = {name: tensor.double().numpy() for name, tensor in weight_files.native().items()}
    x = np.einsum("oi,ihw->ohw", weights["input_affine.weight"][:, :, 0, 0], picture)
    x = x + weights["input_affine.bias"][:, None, None]
    return numpy_vgg.features(x, weights, COUNTS, padding, pooling)


@pytest.mark.parametrize("size", [(12, 9), (4, 4), (2, 3), (1, 7), (7, 1), (1, 1)])
@pytest.mark.parametrize("pooling", ["max", "average"])
@pytest.mark.parametrize("padding", ["zero", "reflect", "replicate"])
def test_every_layer_equals_numpy(file: Path, padding: str, pooling: str, size: tuple[int, int]) -> None:
    encoder = load_encoder(file, padding=padding, pooling=pooling).double()  # type: ignore[arg-type]
    pictures = np.random.default_rng(0).random((2, 3, *size))
    found = encoder(torch.from_numpy(pictures), encoder.steps)
    assert list(found) == encoder.steps
    for index, picture in enumerate(pictures):
        for layer, expected in oracle(picture, padding, pooling).items():
            np.testing.assert_allclose(found[layer][index].numpy(), expected, rtol=1e-10, atol=1e-12, err_msg=layer)


def test_float32_is_close_to_float64(file: Path) -> None:
    picture = np.random.default_rng(1).random((3, 16, 16))
    found = load_encoder(file)(torch.from_numpy(picture[None]).float(), ["relu3_2"])["relu3_2"][0].numpy()
    expected = oracle(picture, "reflect", "max")["relu3_2"]
    assert np.linalg.norm(found - expected) <= 1e-5 * np.linalg.norm(expected)


def test_keras_names_are_aliases_of_the_rectified_layers(file: Path) -> None:
    picture = torch.rand(1, 3, 8, 8)
    encoder = load_encoder(file)
    found = encoder(picture, ["block3_conv2", "relu3_2", "conv3_2", "block1_pool", "POOL1"])
    assert list(found) == ["block3_conv2", "relu3_2", "conv3_2", "block1_pool", "POOL1"]
    assert torch.equal(found["block3_conv2"], found["relu3_2"])
    assert torch.equal(found["relu3_2"], found["conv3_2"].clamp(min=0))
    assert torch.equal(found["block1_pool"], found["POOL1"])


@pytest.mark.parametrize(
    ("layers", "kept"),
    [
        (["relu2_1", "block1_conv1"], ["conv1_1", "conv1_2", "conv2_1"]),
        (["pool1"], ["conv1_1", "conv1_2"]),
        (["conv1_1"], ["conv1_1"]),
        (None, ["conv1_1", "conv1_2", "conv2_1", "conv3_1", "conv3_2"]),
    ],
)
def test_nothing_deeper_than_asked_for_is_kept(file: Path, layers: list[str] | None, kept: list[str]) -> None:
    whole, cut = load_encoder(file), load_encoder(file, layers=iter(layers) if layers else None)
    assert list(cut.convolutions) == kept
    assert {name.split(".")[0] for name, _ in cut.named_parameters()} == {"input_affine", "convolutions"}
    picture = torch.rand(1, 3, 8, 8)
    last = cut.steps[-1]
    assert torch.equal(cut(picture, [last])[last], whole(picture, [last])[last])


def test_a_layer_that_was_cut_off_or_never_was_is_refused(file: Path) -> None:
    encoder = load_encoder(file, layers=["relu2_1"])
    with pytest.raises(UnknownNameError, match="relu3_1"):
        encoder(torch.rand(1, 3, 8, 8), ["relu3_1"])
    with pytest.raises(UnknownNameError, match="Did you mean 'relu3_1'"):
        load_encoder(file, layers=["relu33_1"])


@pytest.mark.parametrize(("option", "value"), [("padding", "reflekt"), ("pooling", "mean")])
def test_unknown_padding_and_pooling_are_refused(file: Path, option: str, value: str) -> None:
    with pytest.raises(UnknownNameError) as caught:
        load_encoder(file, **{option: value})  # type: ignore[arg-type]
    assert caught.value.exit_code == 3


def test_the_encoder_is_frozen_and_differentiable_in_the_picture(file: Path) -> None:
    encoder = load_encoder(file)
    assert not encoder.training
    assert not any(parameter.requires_grad for parameter in encoder.parameters())
    assert {parameter.dtype for parameter in encoder.parameters()} == {torch.float32}
    picture = torch.rand(1, 3, 4, 3, dtype=torch.float64, requires_grad=True)
    encoder.double()
    assert torch.autograd.gradcheck(lambda x: encoder(x, ["conv3_2"])["conv3_2"], [picture])


def test_loading_leaves_the_random_state_alone(file: Path) -> None:
    before = torch.get_rng_state()
    assert isinstance(load_encoder(file), Encoder)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_file_changed_later_does_not_change_the_encoder(file: Path) -> None:
    encoder = load_encoder(file)
    picture = torch.rand(1, 3, 8, 8)
    before = encoder(picture, ["relu3_2"])["relu3_2"]
    content = bytearray(file.read_bytes())
    content[-4000:] = bytes(4000)
    with file.open("r+b") as opened:
        opened.write(content)
    assert torch.equal(encoder(picture, ["relu3_2"])["relu3_2"], before)
