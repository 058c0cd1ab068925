"""Weight files are told by their content, read as their layout means them, and refused with a reason."""

from __future__ import annotations

import io
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
import weight_files
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save, save_file
from torch import Tensor, nn

from impasto.errors import MissingExtraError, WeightsError, WeightsFormatError, WeightsMissingError
from impasto.features import load_encoder, save_encoder
from impasto.features.encoder import Encoder
from impasto.features.formats import containers

MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
VGG11 = ((4,), (6,), (8, 8), (8, 8), (8, 8))
VGG16 = ((4, 4), (8, 8), (16,) * 3, (32,) * 3, (32,) * 3)
VGG19 = ((4, 4), (8, 8), (16,) * 4, (32,) * 4, (32,) * 4)

Save = Callable[[dict[str, Tensor], Path], None]
SAVERS: dict[str, Save] = {
    "zip": lambda state, path: torch.save(state, path),
    # The published files are of this older kind.
    "pickle": lambda state, path: torch.save(state, path, _use_new_zipfile_serialization=False),
    "safetensors": lambda state, path: save_file({name: tensor.contiguous() for name, tensor in state.items()}, path),
}


def refusal(path: Path, kind: type[WeightsError] = WeightsFormatError) -> WeightsError:
    with pytest.raises(WeightsError) as caught:
        load_encoder(path)
    assert type(caught.value) is kind
    assert str(path.parent) not in str(caught.value), "a message tells no folder of this machine"
    return caught.value


# --- torchvision ---


@pytest.mark.parametrize("blocks", [VGG11, VGG16, VGG19], ids=["vgg11", "vgg16", "vgg19"])
@pytest.mark.parametrize("saver", SAVERS)
def test_torchvision_features(tmp_path: Path, saver: str, blocks: tuple[tuple[int, ...], ...]) -> None:
    SAVERS[saver](weight_files.torchvision_state(blocks), tmp_path / "weights")
    encoder = load_encoder(tmp_path / "weights")
    assert encoder.architecture.blocks == blocks
    assert encoder.padding == "zero"
    picture = torch.rand(2, 3, 36, 41)
    x = (picture - torch.tensor(MEAN).reshape(3, 1, 1)) / torch.tensor(STD).reshape(3, 1, 1)
    found = encoder(picture, encoder.steps)
    for step, layer in zip(encoder.steps, weight_files.torchvision_vgg(blocks), strict=True):
        x = layer(x)
        assert torch.allclose(found[step], x, rtol=1e-4, atol=1e-5), step


@pytest.mark.parametrize("wrapper", ["state_dict", "model_state_dict", "model"])
def test_torchvision_state_inside_a_checkpoint(tmp_path: Path, wrapper: str) -> None:
    state = {f"module.{name}": tensor for name, tensor in weight_files.torchvision_state().items()}
    torch.save({wrapper: state, "epoch": 3}, tmp_path / "checkpoint.pth")
    torch.save(weight_files.torchvision_vgg(weight_files.BLOCKS).state_dict(), tmp_path / "features.pth")
    picture = torch.rand(1, 3, 8, 8)
    found = [
        load_encoder(tmp_path / name)(picture, ["relu3_2"])["relu3_2"] for name in ("checkpoint.pth", "features.pth")
    ]
    assert torch.equal(*found)


def test_batch_normalisation_is_refused(tmp_path: Path) -> None:
    layers = [nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 4, 3), nn.BatchNorm2d(4)]
    state = {f"features.{name}": tensor for name, tensor in nn.Sequential(*layers).state_dict().items()}
    torch.save(state, tmp_path / "vgg19_bn.pth")
    error = refusal(tmp_path / "vgg19_bn.pth")
    assert "batch normalisation" in error.message
    assert "impasto weights get vgg19" in error.hint


def test_other_networks_are_refused(tmp_path: Path) -> None:
    alexnet = {f"features.{n}.{part}": torch.zeros(shape) for n, part, shape in [
        (0, "weight", (64, 3, 11, 11)), (0, "bias", (64,)), (3, "weight", (192, 64, 5, 5)), (3, "bias", (192,)),
    ]}  # fmt: skip
    torch.save(alexnet, tmp_path / "alexnet.pth")
    assert "shape (64, 3, 11, 11), but (64, 3, 3, 3) is needed" in refusal(tmp_path / "alexnet.pth").message
    state = weight_files.torchvision_state()
    torch.save({**state, "features.20.weight": state["features.0.weight"]}, tmp_path / "no_bias.pth")
    assert "layer 20" in refusal(tmp_path / "no_bias.pth").message
    torch.save({**state, "attention.weight": torch.zeros(3)}, tmp_path / "attention.pth")
    assert "'attention.weight' has no place" in refusal(tmp_path / "attention.pth").message
    gap = {name.replace("features.5", "features.6"): tensor for name, tensor in state.items()}
    torch.save(gap, tmp_path / "gap.pth")
    assert "do not follow each other" in refusal(tmp_path / "gap.pth").message
    torch.save({"layer1.0.conv1.weight": torch.zeros(64, 64, 3, 3)}, tmp_path / "resnet.pth")
    error = refusal(tmp_path / "resnet.pth")
    assert "layer1.0.conv1.weight" in error.message
    assert "torchvision (features.0.weight" in error.hint


# --- our own layout ---


def test_native_metadata_padding_and_leftovers(tmp_path: Path) -> None:
    tensors = weight_files.native()
    extra = {"conv1_1.embed.weight": torch.zeros(64, 4, 1, 1), "conv1_1.embed.bias": torch.zeros(64)}
    save_file({**tensors, **extra}, tmp_path / "plain.safetensors")
    assert load_encoder(tmp_path / "plain.safetensors").padding == "reflect"
    save_file(tensors, tmp_path / "told.safetensors", metadata={"padding": "replicate"})
    assert load_encoder(tmp_path / "told.safetensors").padding == "replicate"
    assert load_encoder(tmp_path / "told.safetensors", padding="zero").padding == "zero"
    save_file(tensors, tmp_path / "wrong.safetensors", metadata={"padding": "circular"})
    assert "the padding 'circular'" in refusal(tmp_path / "wrong.safetensors").message


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_native_is_read_in_every_floating_type(tmp_path: Path, dtype: torch.dtype) -> None:
    tensors = {name: tensor.to(dtype) for name, tensor in weight_files.native().items()}
    save_file(tensors, tmp_path / "half.safetensors")
    encoder = load_encoder(tmp_path / "half.safetensors")
    for name, tensor in encoder.state_dict().items():
        assert tensor.dtype == torch.float32
        assert torch.equal(tensor, tensors[name.removeprefix("convolutions.")].float())


def test_what_save_encoder_writes_comes_back(tmp_path: Path) -> None:
    save_file(weight_files.native(), tmp_path / "a.safetensors", metadata={"padding": "replicate"})
    first = load_encoder(tmp_path / "a.safetensors")
    save_encoder(first, tmp_path / "b.safetensors")
    second = load_encoder(tmp_path / "b.safetensors")
    assert (second.padding, second.architecture) == ("replicate", first.architecture)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))


@pytest.mark.parametrize("saver", SAVERS)
def test_native_layout_in_any_container(tmp_path: Path, saver: str) -> None:
    SAVERS[saver](weight_files.native(), tmp_path / "weights")
    assert load_encoder(tmp_path / "weights").architecture.blocks == weight_files.BLOCKS


def changed(**changes: Tensor | None) -> dict[str, Tensor]:
    tensors: dict[str, Tensor | None] = {**weight_files.native(), **changes}
    return {name: tensor for name, tensor in tensors.items() if tensor is not None}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"conv1_2.bias": None}, "'conv1_2.bias' is missing"),
        ({"input_affine.weight": None}, "'input_affine.weight' is missing"),
        ({"input_affine.weight": torch.zeros(3, 3)}, r"shape \(3, 3\), but \(3, 3, 1, 1\) is needed"),
        ({"conv1_2.weight": None, "conv1_2.bias": None}, "'conv2_1.weight' has the shape"),
        ({"conv2_1.weight": None, "conv2_1.bias": None}, "it has conv3_1, but not all convolutions before it"),
        ({"conv3_4.weight": torch.zeros(7, 7, 3, 3), "conv3_4.bias": torch.zeros(7)}, "it has conv3_4, but not all"),
        ({"conv2_1.weight": torch.zeros(8, 5, 3, 3)}, r"\(8, 5, 3, 3\), but \(8, 6, 3, 3\) is needed"),
        ({"conv2_1.weight": torch.zeros(8, 6, 5, 5)}, r"\(8, 6, 5, 5\), but \(8, 6, 3, 3\) is needed"),
        ({"conv3_2.bias": torch.zeros(())}, "'conv3_2.weight' has the shape"),
        ({"conv1_1.bias": torch.zeros(4, dtype=torch.int64)}, "'conv1_1.bias' is of type I64"),
        ({"conv1_1.weight": torch.full((4, 3, 3, 3), torch.nan)}, "'conv1_1.weight' holds NaN or infinity"),
        ({"conv1_1.bias": torch.full((4,), 1e200, dtype=torch.float64)}, "'conv1_1.bias' holds NaN or infinity"),
        ({"input_affine.bias": torch.full((3,), torch.inf)}, "'input_affine.bias' holds NaN or infinity"),
        ({"bn1_1.weight": torch.ones(4)}, "'bn1_1.weight' has no place"),
    ],
)
def test_native_faults(tmp_path: Path, changes: dict[str, Tensor | None], message: str) -> None:
    save_file(changed(**changes), tmp_path / "faulty.safetensors")
    with pytest.raises(WeightsFormatError, match=message):
        load_encoder(tmp_path / "faulty.safetensors")


def test_damage_beyond_the_cut_does_not_matter(tmp_path: Path) -> None:
    """What is not needed is not read."""
    save_file(changed(**{"conv3_2.bias": torch.full((7,), torch.nan)}), tmp_path / "deep.safetensors")
    assert isinstance(load_encoder(tmp_path / "deep.safetensors", layers=["relu3_1"]), Encoder)


# --- Keras's layout; its features are compared in test_keras_oracle.py ---


def keras_file(path: Path, tensors: dict[str, Tensor] | None = None) -> Path:
    weight_files.keras_hdf5(path, tensors or weight_files.convolutions(), kernel="{}/kernel:0", bias="{}/bias:0")
    return path


def test_keras_widths_are_free(tmp_path: Path) -> None:
    encoder = load_encoder(keras_file(tmp_path / "tiny.h5"))
    assert (encoder.architecture.blocks, encoder.padding) == (weight_files.BLOCKS, "zero")
    # Pure colours through the preprocessing: BGR in 0–255 minus the mean of ImageNet.
    red = encoder.input_affine(torch.tensor([1.0, 0.0, 0.0]).reshape(1, 3, 1, 1)).flatten()
    assert torch.allclose(red, torch.tensor([-103.939, -116.779, 255 - 123.68]))


def test_keras_faults(tmp_path: Path) -> None:
    with h5py.File(keras_file(tmp_path / "bias.h5"), "r+") as file:
        del file["block1_conv2/block1_conv2/bias:0"]
    assert "conv1_2 should have one kernel and one bias, but has 1" in refusal(tmp_path / "bias.h5").message
    with h5py.File(keras_file(tmp_path / "bn.h5"), "r+") as file:
        file["batch_normalization/gamma:0"] = np.ones(4)
    assert "has no place in a VGG" in refusal(tmp_path / "bn.h5").message
    with h5py.File(keras_file(tmp_path / "int.h5"), "r+") as file:
        del file["block1_conv1/block1_conv1/bias:0"]
        file["block1_conv1/block1_conv1/bias:0"] = np.zeros(4, np.int8)
    assert "of type int8" in refusal(tmp_path / "int.h5").message
    with h5py.File(tmp_path / "theano.h5", "w") as file:
        file["block1_conv1/block1_conv1_W_1:0"] = np.zeros((64, 3, 3, 3), np.float32)
        file["block1_conv1/block1_conv1_b_1:0"] = np.zeros(64, np.float32)
    assert "Theano" in refusal(tmp_path / "theano.h5").message
    with h5py.File(tmp_path / "nameless.h5", "w") as file:
        file["layers/conv2d/vars/0"], file["layers/conv2d/vars/1"] = np.zeros((3, 3, 3, 4)), np.zeros(4)
    assert "holds no VGG-like encoder" in refusal(tmp_path / "nameless.h5").message
    h5py.File(tmp_path / "bare.h5", "w").close()
    assert "holds no tensors" in refusal(tmp_path / "bare.h5").message


def test_hdf5_cannot_make_us_read_another_file(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "linked.h5", "w") as file:
        group = file.create_group("block1_conv1/block1_conv1")
        group["bias:0"] = np.zeros(4, np.float32)
        secret = keras_file(tmp_path / "secret.h5")
        group["kernel:0"] = h5py.ExternalLink(secret, "block1_conv1/block1_conv1/kernel:0")
    assert "should have one kernel" in refusal(tmp_path / "linked.h5").message
    with h5py.File(tmp_path / "external.h5", "w") as file:
        place = [(str(secret), 0, 3 * 3 * 3 * 4 * 4)]
        file.create_dataset("block1_conv1/kernel:0", (3, 3, 3, 4), "f4", external=place)
    assert "refers to another file" in refusal(tmp_path / "external.h5").message


def test_a_small_file_that_declares_huge_tensors_is_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "bomb.h5", "w") as file:
        file.create_dataset("block1_conv1/kernel:0", (3, 3, 3, 10**9), "f4", chunks=True)
        file.create_dataset("block1_conv1/bias:0", (10**9,), "f4", chunks=True)
    assert (tmp_path / "bomb.h5").stat().st_size < 100_000
    assert "larger than any encoder" in refusal(tmp_path / "bomb.h5").message


# --- what is no weight file ---

PAGE = b"\n<!DOCTYPE html><html><head><title>Sign in</title></head></html>"


@pytest.mark.parametrize(
    ("name", "content", "message", "hint"),
    [
        ("vgg19.h5", b"", "is empty", "Fetch the file again"),
        ("vgg19.h5", PAGE, "is a web page, not weights", "impasto weights get vgg19"),
        ("vgg19.pth", b"\xef\xbb\xbf<?xml version='1.0'?><Error/>", "is a web page", "impasto weights get vgg19"),
        (
            "vgg19.pth",
            b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n",
            "Git LFS pointer",
            "git lfs pull",
        ),
        ("photo.h5", b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(100), "of no weight format", "Known formats"),
        ("short.h5", b"\x89HDF\r\n\x1a\n", "damaged or cut short", "Fetch the file again"),
        ("short.pth", b"PK\x03\x04", "damaged or cut short", "Fetch the file again"),
        ("short.pth", b"\x80\x02", "damaged or cut short", "Fetch the file again"),
        ("short.safetensors", (80).to_bytes(8, "little") + b'{"a":', "damaged or cut short", "Fetch the file again"),
        ("one.byte", b"\x89", "of no weight format", "Known formats"),
    ],
)
def test_foreign_content(tmp_path: Path, name: str, content: bytes, message: str, hint: str) -> None:
    (tmp_path / name).write_bytes(content)
    error = refusal(tmp_path / name)
    assert message in error.message
    assert name in error.message
    assert hint in error.hint


@pytest.mark.parametrize("saver", [*SAVERS, "hdf5"])
@pytest.mark.parametrize("share", [0.05, 0.5, 0.95, 0.999])
def test_truncated_files(tmp_path: Path, saver: str, share: float) -> None:
    whole = tmp_path / "whole"
    keras_file(whole) if saver == "hdf5" else SAVERS[saver](weight_files.native(), whole)
    content = whole.read_bytes()
    (tmp_path / "cut").write_bytes(content[: int(len(content) * share)])
    assert refusal(tmp_path / "cut").exit_code == 32


class Evil:
    """Unpickles by calling whatever it wants."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return open, (str(self.mark), "w")


@pytest.mark.parametrize("zipped", [True, False])
def test_code_in_a_pickle_is_not_run(tmp_path: Path, zipped: bool) -> None:
    mark = tmp_path / "it ran"
    torch.save({"features.0.weight": Evil(mark)}, tmp_path / "evil.pth", _use_new_zipfile_serialization=zipped)
    error = refusal(tmp_path / "evil.pth")
    (tmp_path / "plain.pkl").write_bytes(pickle.dumps(Evil(mark)))
    refusal(tmp_path / "plain.pkl")
    assert not mark.exists()
    assert "holds objects or code" in error.message
    assert "safetensors" in error.hint


def test_torch_files_without_weights(tmp_path: Path) -> None:
    torch.save(nn.Linear(2, 2), tmp_path / "module.pth")
    assert "objects or code" in refusal(tmp_path / "module.pth").message
    torch.save([torch.zeros(3)], tmp_path / "list.pth")
    assert "holds no tensors" in refusal(tmp_path / "list.pth").message
    with zipfile.ZipFile(tmp_path / "script.pt", "w") as archive:
        archive.writestr("script/constants.pkl", b"")
        archive.writestr("script/data.pkl", b"")
    assert "TorchScript" in refusal(tmp_path / "script.pt").message
    np.savez(tmp_path / "arrays.npz", a=np.zeros(3))
    assert "of no weight format" in refusal(tmp_path / "arrays.npz").message


def test_a_zip_that_would_unpack_into_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(containers, "MAX_BYTES", 1_000_000)
    with zipfile.ZipFile(tmp_path / "bomb.keras", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model.weights.h5", bytes(2_000_000))
    assert "would unpack into more" in refusal(tmp_path / "bomb.keras").message


def test_the_size_is_looked_at_before_reading(tmp_path: Path) -> None:
    with (tmp_path / "huge.h5").open("wb") as file:
        file.write(b"\x89HDF\r\n\x1a\n")
        file.truncate(containers.MAX_BYTES + 1)  # sparse: takes no space
    assert "larger than any encoder" in refusal(tmp_path / "huge.h5").message


def test_no_file_and_a_folder(tmp_path: Path) -> None:
    assert "no weight file 'none.h5'" in refusal(tmp_path / "none.h5", WeightsMissingError).message
    (tmp_path / "folder.h5").mkdir()
    assert "is a folder" in refusal(tmp_path / "folder.h5").message


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_file(weight_files.native(), tmp_path / "private.safetensors")

    def refuse(*_: object) -> io.BytesIO:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert "cannot be read (Permission denied)" in refusal(tmp_path / "private.safetensors", WeightsError).message


def test_a_missing_package_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keras_file(tmp_path / "tiny.h5")
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'impasto\[studio\]'"):
        load_encoder(tmp_path / "tiny.h5")


# --- fuzz ---


def _bytes_of(saver: str) -> bytes:
    if saver == "safetensors":
        return save(weight_files.native())
    buffer = io.BytesIO()
    if saver == "hdf5":
        weight_files.keras_hdf5(buffer, weight_files.convolutions(), kernel="{}/kernel:0", bias="{}/bias:0")
        return buffer.getvalue()
    torch.save(weight_files.native(), buffer, _use_new_zipfile_serialization=saver == "zip")
    return buffer.getvalue()


WHOLE = {saver: _bytes_of(saver) for saver in [*SAVERS, "hdf5"]}


@pytest.mark.parametrize("saver", WHOLE)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_files_give_encoders_or_our_errors(tmp_path: Path, saver: str, data: st.DataObject) -> None:
    """A flipped byte may be a changed weight, which nobody could tell; anything else must be one of our errors."""
    content = bytearray(WHOLE[saver])
    # Headers are where the harm is, so half of the changes go there.
    places = st.one_of(st.integers(0, min(600, len(content) - 1)), st.integers(0, len(content) - 1))
    for place, value in data.draw(st.lists(st.tuples(places, st.integers(0, 255)), min_size=1, max_size=8)):
        content[place] = value
    del content[data.draw(st.sampled_from([len(content), len(content) // 2, len(content) - 1])) :]
    (tmp_path / "mutant").write_bytes(content)
    try:
        encoder = load_encoder(tmp_path / "mutant")
    except WeightsError:
        return
    assert isinstance(encoder, Encoder)
