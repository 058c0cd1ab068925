"""`impasto styles`, `presets`, `weights` and `doctor`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cli_answer import Answer
from PIL import Image

from impasto import __version__
from impasto.features import PUBLISHED
from impasto.features.sources import Digest
from impasto.optimize.presets import presets

Impasto = Callable[..., Answer]


# styles


def test_a_style_is_drawn(impasto: Impasto, folder: Path) -> None:
    answer = impasto("styles", "draw", "mosaic", "-o", "a.png", "--size", "96x64")
    assert (answer.code, answer.out) == (0, "")
    with Image.open("a.png") as image:
        assert image.size == (96, 64)
        first = np.asarray(image)
    impasto("styles", "draw", "mosaic", "-o", "b.png", "--size", "96x64", "--seed", "1", "-q")
    with Image.open("b.png") as image:
        assert not np.array_equal(first, np.asarray(image))


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["mosiac", "-o", "a.png"], 3, "Did you mean 'mosaic'"),
        (["mosaic", "-o", "style.png"], 21, "exists already"),
        (["mosaic", "-o", "a.xyz"], 24, ".xyz"),
        (["mosaic", "-o", "a.png", "--size", "0"], 2, "cannot be drawn"),
        (["mosaic", "-o", "a.png", "--size", "99999"], 2, "cannot be drawn"),
        (["mosaic", "-o", "a.png", "--seed", "-1"], 2, "--seed"),
        (["mosaic"], 2, "--output"),
    ],
)
def test_drawing_refusals(impasto: Impasto, folder: Path, words: list[str], code: int, says: str) -> None:
    answer = impasto("styles", "draw", *words)
    assert (answer.code, answer.out) == (code, "")
    assert says in answer.err
    assert not Path("a.png").exists()


# presets


def test_presets_are_listed_with_their_sources(impasto: Impasto) -> None:
    answer = impasto("presets")
    assert answer.code == 0
    plain = " ".join(answer.out.split())
    told = impasto("presets", "--json").objects
    for preset, its in zip(presets(), told, strict=True):
        assert (its["name"], its["source"], its["encoder"]) == (preset.name, preset.source, preset.settings.encoder)
        assert preset.name in plain
        assert " ".join(preset.source.split()) in plain.replace("- ", "-") or preset.source in plain


# weights


@pytest.fixture
def published(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`vgg16` as if it were five bytes long, and on this machine."""
    content = b"whole"
    entry = replace(PUBLISHED["vgg16"], size=len(content), digest=Digest("md5", hashlib.md5(content).hexdigest()))
    monkeypatch.setitem(PUBLISHED, "vgg16", entry)  # type: ignore[arg-type]
    path = folder / "home" / "weights" / entry.file_name
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path


def test_weights_are_listed(impasto: Impasto, published: Path) -> None:
    told = {o["name"]: o for o in impasto("weights", "list", "--json").objects}
    assert list(told) == ["lite", *PUBLISHED]
    assert told["vgg16"]["present"]
    assert told["vgg16"]["path"] == str(published)
    assert not told["vgg19"]["present"]
    assert told["vgg19"]["address"].startswith("https://")
    plain = impasto("weights").out
    assert plain == impasto("weights", "list").out
    assert "vgg19 " in plain
    assert "not here" in plain


def test_weights_that_are_there_are_not_fetched_again(impasto: Impasto, published: Path) -> None:
    answer = impasto("weights", "get", "VGG16", "--offline")
    assert answer == Answer(0, f"{published}\n", "")
    assert impasto("weights", "get", "vgg16", "--json").objects[0]["path"] == str(published)


def test_offline_fetches_nothing(impasto: Impasto, folder: Path) -> None:
    answer = impasto("weights", "get", "vgg19", "--offline")
    assert (answer.code, answer.out) == (41, "")
    assert "impasto weights get vgg19" in answer.err
    assert not (folder / "home").exists()


def test_weights_of_no_such_name(impasto: Impasto, folder: Path) -> None:
    answer = impasto("weights", "get", "vgg99")
    assert answer.code == 3
    assert "Did you mean" in answer.err


def test_verify_finds_damage(impasto: Impasto, published: Path) -> None:
    answer = impasto("weights", "verify")
    assert answer.code == 0
    assert "here, whole" in answer.out
    published.write_bytes(b"whale")
    answer = impasto("weights", "verify")
    assert answer.code == 45
    assert "error: Damaged: vgg16." in answer.err
    assert "hint: Type: impasto weights get vgg16" in answer.err
    assert impasto("weights", "get", "vgg16", "--offline").code == 41


# doctor


def test_doctor_tells_everything(impasto: Impasto, published: Path) -> None:
    (told,) = impasto("doctor", "--json").objects
    assert told["versions"]["impasto"] == __version__
    assert told["packages"]["Pillow"]
    assert told["packages"]["torch"] == told["torch"]["version"]
    assert told["torch"]["threads"] >= 1
    assert "CPUExecutionProvider" in told["onnxruntime"]["providers"]
    assert told["pictures"]["PNG"]
    assert told["storage"]["impasto_home"] == str(published.parent.parent)
    assert told["storage"]["free_gigabytes"] > 0
    assert {w["name"]: w["present"] for w in told["weights"]}["vgg16"]
    answer = impasto("doctor")
    assert answer.code == 0
    for words in ("versions", "python", "fast bfloat16", "impasto weights get vgg19", str(published)):
        assert words in answer.out


def test_doctor_names_what_is_missing_and_its_remedy(
    impasto: Impasto, published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from importlib import metadata

    version = metadata.version

    def without_h5py(name: str) -> str:
        if name == "h5py":
            raise metadata.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(metadata, "version", without_h5py)
    published.write_bytes(b"whale, or more")
    (told,) = impasto("doctor", "--json").objects
    assert "h5py not installed: pip install 'impasto[studio]'" in told["to_mend"]
    assert "the weights of vgg16 are damaged: impasto weights get vgg16" in told["to_mend"]
    assert "not installed" in impasto("doctor").out
