from __future__ import annotations

from pathlib import Path

import pytest

from impasto.errors import OutputExistsError, UnknownNameError, UsageError
from impasto.runtime import registry
from impasto.runtime.fast import FastPainter, style_side
from impasto.runtime.network import load_model
from impasto.runtime.verification import verify_model


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("IMPASTO_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def _files(path: Path) -> dict[str, bytes]:
    return {".onnx": path.read_bytes(), "-style.onnx": style_side(path).read_bytes()}


def test_added_models_are_found_by_name_and_removed(swift_file: Path, home: Path) -> None:
    entry = registry.add_model("My Own", _files(swift_file))
    assert (entry.name, entry.path) == ("my-own", home / "models" / "my-own.onnx")
    assert registry.find_model("MY_OWN").kind == "own"
    assert [model.name for model in registry.models() if model.kind == "own"] == ["my-own"]
    assert registry.find_model("my-own").metadata["family"] == "swift"
    assert entry.files == [entry.path, style_side(entry.path)]
    assert FastPainter(entry.path).styles == {}
    registry.remove_model("my-own")
    assert list((home / "models").iterdir()) == []


def test_what_is_replaced_leaves_no_style_side_behind(swift_file: Path) -> None:
    registry.add_model("mine", _files(swift_file))
    with pytest.raises(OutputExistsError, match="You have a model"):
        registry.add_model("mine", _files(swift_file))
    entry = registry.add_model("mine", {".onnx": swift_file.read_bytes()}, overwrite=True)
    assert entry.files == [entry.path]


def test_files_are_models_too(swift_file: Path) -> None:
    assert registry.find_model(str(swift_file)).path == swift_file


@pytest.mark.parametrize("name", ["", "a/b", "..", "ein-schöner", "mine-style"])
def test_names_that_can_t_be(name: str, swift_file: Path) -> None:
    with pytest.raises(UsageError, match="can't be called"):
        registry.add_model(name, _files(swift_file))


def test_shipped_names_are_taken(swift_file: Path) -> None:
    with pytest.raises(OutputExistsError, match="Impasto has a model 'swift'"):
        registry.add_model("swift", _files(swift_file), overwrite=True)


def test_unknown_names_suggest_near_ones() -> None:
    with pytest.raises(UnknownNameError, match="swift"):
        registry.find_model("swfit")
    with pytest.raises(UnknownNameError):
        registry.remove_model("swift")


def test_the_checksum_tells_what_was_changed(swift_file: Path, tmp_path: Path) -> None:
    model = load_model(swift_file)
    assert model.intact
    assert verify_model(registry.find_model(str(swift_file))) is None
    data = bytearray(swift_file.read_bytes())
    data[data.rindex(b"folded.content.fine.first.weight_half") + 60] ^= 255  # within some weights
    changed = tmp_path / "changed.onnx"
    changed.write_bytes(data)
    assert load_model(changed).intact is False
    assert "damaged" in str(verify_model(registry.find_model(str(changed))))


def test_descriptions_replace_each_other_and_keep_the_checksum_right(swift_file: Path, tmp_path: Path) -> None:
    described = tmp_path / "described.onnx"
    described.write_bytes(load_model(swift_file).described({"name": "other", "licence": "CC0"}))
    model = load_model(described)
    assert model.intact
    assert (model.metadata["name"], model.metadata["licence"]) == ("other", "CC0")
    assert model.metadata["family"] == "swift"


def test_a_model_that_is_none_is_told() -> None:
    assert verify_model(registry.ModelEntry("gone", Path("gone.onnx"), "own")) is not None
