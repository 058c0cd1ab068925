"""Our VGG features against those of the `keras` package, on weights that Keras itself saved."""

from __future__ import annotations

import inspect
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import weight_files

from impasto.errors import WeightsFormatError
from impasto.features import PUBLISHED, VGG16, VGG19, load_encoder

STYLE = [f"block{b}_conv1" for b in range(1, 6)]
LAYERS = [*STYLE, "block4_conv2", "block5_conv2", "block5_pool"]

# Keras's own: its legacy format, its inputs given as a tensor, and its way with NumPy 2.
pytestmark = [
    pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file"),
    pytest.mark.filterwarnings("ignore:The structure of `inputs` doesn't match"),
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning"),
]


@pytest.fixture(scope="module")
def keras(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    patch = pytest.MonkeyPatch()
    patch.setenv("KERAS_BACKEND", "torch")
    patch.setenv("KERAS_HOME", str(tmp_path_factory.mktemp("keras")))
    import keras as package

    assert package.backend.backend() == "torch"
    yield package
    patch.undo()


@pytest.fixture(scope="module", params=["VGG19", "VGG16"])
def model(request: pytest.FixtureRequest, keras: Any) -> Any:
    """A VGG of Keras with random weights under which activations keep their size from layer to layer."""
    made = getattr(keras.applications, request.param)(weights=None, include_top=False)
    rng = np.random.default_rng(19)
    for layer in made.layers:
        if layer.weights:
            shape = layer.kernel.shape
            kernel = rng.standard_normal(shape) * np.sqrt(2 / np.prod(shape[:3]))
            layer.set_weights([kernel, rng.standard_normal(shape[3:])])
    return made


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    """(H, W, 3) RGB in [0, 1]; an odd size, so that a pooling drops a row."""
    return np.random.default_rng(7).random((70, 53, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def expected(keras: Any, model: Any, picture: np.ndarray) -> dict[str, np.ndarray]:
    """Keras's own features of the picture, (H, W, C) each."""
    outputs = {layer.name: layer.output for layer in model.layers if layer.name in LAYERS}
    preprocess = getattr(keras.applications, model.name).preprocess_input
    found = keras.Model(model.inputs, outputs)(preprocess(picture[None] * 255), training=False)
    return {name: keras.ops.convert_to_numpy(values)[0] for name, values in found.items()}


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[Path]:
    """A folder emptied after each test: pytest would keep these files of 80 MB each for three more runs."""
    yield tmp_path
    shutil.rmtree(tmp_path)


def compare(file: Path, picture: np.ndarray, expected: dict[str, np.ndarray]) -> None:
    found = load_encoder(file)(torch.from_numpy(picture).permute(2, 0, 1)[None], LAYERS)
    for name in LAYERS:
        ours, theirs = found[name][0].permute(1, 2, 0).numpy(), expected[name]
        assert ours.shape == theirs.shape
        assert theirs.std() > 1, f"{name} has vanished, so it would tell nothing"
        assert np.abs(ours - theirs).max() <= 1e-4 * np.abs(theirs).max(), name
        assert np.linalg.norm(ours - theirs) <= 1e-4 * np.linalg.norm(theirs), name


@pytest.mark.parametrize("name", ["whole.h5", "saved.weights.h5", "saved.keras"])
def test_features_equal_those_of_keras(
    keras: Any, model: Any, picture: np.ndarray, expected: dict[str, np.ndarray], scratch: Path, name: str
) -> None:
    saved = scratch / name
    model.save_weights(saved) if name.endswith(".weights.h5") else model.save(saved)
    # Recognised by content: the suffix may say anything.
    disguised = saved.rename(scratch / "weights.jpg")
    compare(disguised, picture, expected)
    assert load_encoder(disguised).architecture == {"vgg19": VGG19, "vgg16": VGG16}[model.name]


@pytest.mark.parametrize(
    ("kernel", "bias"), [("{}_W_1:0", "{}_b_1:0"), ("{}/kernel:0", "{}/bias:0")], ids=["keras 1", "keras 2"]
)
def test_files_of_older_versions(
    model: Any, picture: np.ndarray, expected: dict[str, np.ndarray], scratch: Path, kernel: str, bias: str
) -> None:
    tensors = {}
    for layer in filter(lambda layer: layer.weights, model.layers):
        values, offsets = layer.get_weights()
        name = layer.name.replace("_conv", "_").replace("block", "conv")
        tensors[f"{name}.weight"] = torch.from_numpy(values.transpose(3, 2, 0, 1).copy())
        tensors[f"{name}.bias"] = torch.from_numpy(offsets)
    weight_files.keras_hdf5(scratch / "old.h5", tensors, kernel=kernel, bias=bias)
    compare(scratch / "old.h5", picture, expected)
    # That Keras loads the file back without a change shows that the file is laid out as Keras's own.
    before = model.get_weights()
    for layer in model.layers:
        layer.set_weights([np.zeros_like(values) for values in layer.get_weights()])
    model.load_weights(scratch / "old.h5")
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


@pytest.mark.parametrize("name", ["nested.h5", "nested.weights.h5"])
def test_an_encoder_inside_a_trained_model(
    keras: Any, model: Any, picture: np.ndarray, expected: dict[str, np.ndarray], scratch: Path, name: str
) -> None:
    """The classifier on top and the optimiser's momenta (which bear the kernels' names) are left alone."""
    inputs = keras.layers.Input((32, 32, 3))
    outer = keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Flatten()(model(inputs))))
    outer.compile(keras.optimizers.SGD(0.0, momentum=0.9), "mse")
    outer.optimizer.build(outer.trainable_variables)
    outer.save_weights(scratch / name) if name.endswith(".weights.h5") else outer.save(scratch / name)
    compare(scratch / name, picture, expected)


def test_weights_by_name(
    model: Any, picture: np.ndarray, expected: dict[str, np.ndarray], home: Path, scratch: Path
) -> None:
    """A file in the weights folder is found by its name; one of another network in its place is refused."""
    folder = home / "weights"
    folder.mkdir(parents=True)
    saved = scratch / "saved.weights.h5"
    model.save_weights(saved)
    right, wrong = (model.name, "vgg16" if model.name == "vgg19" else "vgg19")
    saved.rename(folder / PUBLISHED[right].file_name)
    encoder = load_encoder(right.upper(), layers=STYLE)
    assert (encoder.name, encoder.padding, encoder.steps[-1]) == (right, "zero", "relu5_1")
    (folder / PUBLISHED[right].file_name).rename(folder / PUBLISHED[wrong].file_name)
    with pytest.raises(WeightsFormatError, match=f"The file of {wrong} holds another network"):
        load_encoder(wrong)


@pytest.mark.parametrize("name", ["vgg16", "vgg19"])
def test_the_table_says_what_keras_says(keras: Any, name: str) -> None:
    module = inspect.getmodule(getattr(keras.applications, name.upper()))
    assert PUBLISHED[name].address == module.WEIGHTS_PATH_NO_TOP  # type: ignore[union-attr]
    assert PUBLISHED[name].digest.algorithm == "md5"
    assert f'file_hash="{PUBLISHED[name].digest.value}"' in inspect.getsource(module)  # type: ignore[arg-type]
