from __future__ import annotations

from pathlib import Path

import pytest

from impasto.errors import DeviceError, UnknownNameError, WeightsFormatError, WeightsMissingError
from impasto.runtime.devices import available_devices, resolve_device
from impasto.runtime.network import Network


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissingError, match=r"gone\.onnx") as caught:
        Network(tmp_path / "gone.onnx", kind="impasto-painter")
    assert caught.value.exit_code == 31


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_a_cut_off_file(swift_file: Path, tmp_path: Path, share: float) -> None:
    data = swift_file.read_bytes()
    cut = tmp_path / "cut.onnx"
    cut.write_bytes(data[: int(share * len(data))])
    with pytest.raises(WeightsFormatError, match=r"cut\.onnx") as caught:
        Network(cut, kind="impasto-painter")
    assert caught.value.exit_code == 32


def test_foreign_files(swift_file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.onnx"
    other.write_bytes(b"<html>Not found</html>")
    with pytest.raises(WeightsFormatError, match="is no network"):
        Network(other, kind="impasto-painter")
    with pytest.raises(WeightsFormatError, match="of another kind"):
        Network(swift_file, kind="impasto-something")


def test_metadata_describes_the_network(swift_file: Path) -> None:
    network = Network(swift_file, kind="impasto-painter")
    assert network.metadata["licence"] == "Apache-2.0"
    assert network.number("margin", 0, 999) % network.number("multiple", 8, 8) == 0
    with pytest.raises(WeightsFormatError, match="does not say its shoe size"):
        network.number("shoe_size", 20, 50)
    with pytest.raises(WeightsFormatError, match="can't have a multiple of 8"):
        network.number("multiple", 1, 7)


def test_parts_that_it_has_not(swift_file: Path) -> None:
    side = Network(swift_file.with_name("small-style.onnx"), kind="impasto-painter")
    with pytest.raises(WeightsFormatError, match=r"small-style\.onnx is no network"):
        side.function("modulation", "thumbnail", "thumbnail_grain", "code")


def test_devices() -> None:
    assert resolve_device("cpu") == resolve_device(" CPU ") == "cpu"
    assert resolve_device("auto") in available_devices()
    with pytest.raises(UnknownNameError, match="cuda"):
        resolve_device("cudda")
    if "cuda" not in available_devices():
        with pytest.raises(DeviceError) as caught:
            resolve_device("cuda")
        assert caught.value.exit_code == 51
