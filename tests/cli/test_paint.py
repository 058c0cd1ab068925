"""`impasto paint` in this process: what it writes, says and refuses."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_answer import Answer
from PIL import Image

from impasto.cli import session, workbench
from impasto.errors import DiskFullError
from impasto.painters import Painter
from impasto.painting import make_painter

Impasto = Callable[..., Answer]


def pixels_of(path: str) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """(H, W, 3), values 0–255."""
    with Image.open(path) as image:
        return np.asarray(image, float)


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_paints_a_picture(impasto: Impasto, folder: Path, brief: list[str]) -> None:
    answer = impasto("paint", "photo.jpg", "--style", "style.png", "-o", "out.png", *brief)
    assert answer.code == 0, answer.err
    assert answer.out == ""
    assert "photo.jpg → out.png  64×48" in answer.err
    painting, photo = pixels_of("out.png"), pixels_of("photo.jpg")
    assert painting.shape == photo.shape
    assert np.abs(painting - photo).mean() > 1
    assert files(folder) == ["out.png", "photo.jpg", "style.png"]


def test_same_command_same_picture(impasto: Impasto, folder: Path, brief: list[str]) -> None:
    for name in ("a.png", "b.png"):
        assert impasto("paint", "photo.jpg", "-s", "style.png", "-o", name, "--start", "noise", *brief).code == 0
    assert Path("a.png").read_bytes() == Path("b.png").read_bytes()
    impasto("paint", "photo.jpg", "-s", "style.png", "-o", "c.png", "--start", "noise", "--seed", 1, *brief)
    assert Path("a.png").read_bytes() != Path("c.png").read_bytes()


def test_json_is_one_object_a_picture_and_nothing_else(impasto: Impasto, folder: Path, brief: list[str]) -> None:
    answer = impasto("paint", "photo.jpg", "-s", "style.png", "-o", "out.png", "--json", *brief)
    (told,) = answer.objects
    assert answer.err == ""
    assert told | {"seconds": 0, "facts": {}} == {
        "input": "photo.jpg",
        "output": "out.png",
        "status": "painted",
        "stop": "finished",
        "seconds": 0,
        "width": 64,
        "height": 48,
        "facts": {},
        "files": [],
    }
    assert told["seconds"] > 0
    assert told["facts"]["encoder"] == "tiny"
    assert told["facts"]["iterations"] == 3


def test_quiet_says_nothing(impasto: Impasto, folder: Path, brief: list[str]) -> None:
    assert impasto("paint", "photo.jpg", "-s", "style.png", "-o", "out.png", "-q", *brief) == Answer(0, "", "")


def test_verbose_tells_settings_and_facts(impasto: Impasto, folder: Path, brief: list[str]) -> None:
    answer = impasto("paint", "photo.jpg", "-s", "style.png", "-o", "out.png", "-v", *brief)
    assert "painter: Settings(losses=(ContentLoss(" in answer.err
    assert "encoder tiny" in answer.err


def test_options_reach_the_painter(impasto: Impasto, folder: Path, brief: list[str]) -> None:
    words = "--size 32 --scales 2 --coarse-iterations 2 --style-scale 0.5 --optimizer adam --learning-rate 0.05"
    words += " --schedule cosine --checkpointing --content-weight 0 --style-weight 2 --tv-weight 0.5 --pooling average"
    layers = ["--style-layer", "relu1_1:3", "--style-layer", "block2_conv1"]
    answer = impasto("paint", "photo.jpg", "-s", "style.png", "-o", "out.png", "-v", *words.split(), *layers, *brief)
    assert answer.code == 0, answer.err
    for setting in ("size=32", "scales=2", "style_scale=0.5", "schedule='cosine'", "checkpointing=True", "'adam'"):
        assert setting in answer.err
    assert "ContentLoss" not in answer.err
    assert "MomentsLoss(layers={'relu1_1': 0.75, 'block2_conv1': 0.25}, weight=2.0" in answer.err
    assert "TotalVariationLoss(weight=0.5" in answer.err
    assert pixels_of("out.png").shape[1::-1] == (32, 24)


def test_a_preset_supplies_settings_and_options_go_before_it(impasto: Impasto, folder: Path, brief: list[str]) -> None:
    words = ["--preset", "tensorflow-tutorial", "--size", "48x32", *brief]
    answer = impasto("paint", "photo.jpg", "-s", "style.png", "-o", "out.png", "-v", *words)
    assert answer.code == 3  # the tutorial's content layer is deeper than the tiny encoder
    assert "block5_conv2" in answer.err
    words += ["--content-layer", "relu4_1", "--style-layer", "relu1_1"]
    answer = impasto("paint", "photo.jpg", "-s", "style.png", "-o", "out.png", "-v", *words)
    assert answer.code == 0, answer.err
    assert "learning_rate=0.02" in answer.err  # the preset's
    assert "iterations=3" in answer.err  # ours
    assert "ContentLoss(layers={'relu4_1': 1.0}, weight=10000.0" in answer.err
    assert pixels_of("out.png").shape[1::-1] == (48, 32)


def test_starts_from_a_picture(impasto: Impasto, folder: Path, brief: list[str]) -> None:
    Image.new("RGB", (64, 48), (250, 10, 10)).save("red.png")
    words = [*brief, "--iterations", "1", "--learning-rate", "0.0001"]
    assert impasto("paint", "photo.jpg", "-s", "style.png", "-o", "out.png", "--start", "red.png", *words).code == 0
    assert np.abs(pixels_of("out.png") - (250, 10, 10)).max() < 8


def test_several_styles_with_weights(impasto: Impasto, folder: Path, brief: list[str]) -> None:
    shutil.copy("photo.jpg", "other.jpg")
    answer = impasto("paint", "photo.jpg", "-s", "style.png:0.7", "-s", "other.jpg:0.3", *brief)
    assert answer.code == 0, answer.err
    assert pixels_of("photo-style-other.jpg").shape[1::-1] == (64, 48)


def test_a_procedural_style_by_name(impasto: Impasto, folder: Path, brief: list[str]) -> None:
    answer = impasto("paint", "photo.jpg", "--style", "mosaic", *brief)
    assert answer.code == 0, answer.err
    assert Path("photo-mosaic.jpg").exists()


def test_standard_input_to_standard_output(
    folder: Path, brief: list[str], monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    from impasto.cli import main

    with Path("photo.jpg").open("rb") as stream:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(stream))
        assert main(["paint", "-", "-s", "style.png", "-o", "-", *brief]) == 0
    painting = Image.open(io.BytesIO(capfdbinary.readouterr().out))
    assert (painting.format, painting.size) == ("JPEG", (64, 48))


def test_sixteen_bits(impasto: Impasto, folder: Path, brief: list[str]) -> None:
    assert impasto("paint", "photo.jpg", "-s", "style.png", "-o", "o.png", "--bit-depth", "16", *brief).code == 0
    assert Path("o.png").read_bytes()[24] == 16  # IHDR
    answer = impasto("paint", "photo.jpg", "-s", "style.png", "-o", "o.jpg", "--bit-depth", "16", *brief)
    assert answer.code == 24
    assert "JPEG can't hold 16 bits" in answer.err


def test_snapshots_and_report(impasto: Impasto, folder: Path, brief: list[str]) -> None:
    words = ["--snapshot-every", "2", "--report", "how.html", "--iterations", "4", "--json"]
    answer = impasto("paint", "photo.jpg", "-s", "style.png", "-o", "out.png", *brief, *words)
    assert answer.code == 0, answer.err
    assert answer.objects[0]["files"] == ["out-0001.png", "out-0002.png", "how.html"]
    assert pixels_of("out-0002.png").shape[1::-1] == (64, 48)
    assert "<svg" in Path("how.html").read_text("utf-8") or "<img" in Path("how.html").read_text("utf-8")


# Many pictures


def test_a_folder_of_pictures(impasto: Impasto, folder: Path, brief: list[str]) -> None:
    Path("photos").mkdir()
    for name in ("a.jpg", "b.jpg"):
        shutil.copy("photo.jpg", Path("photos") / name)
    answer = impasto("paint", "photos", "-s", "style.png", "-o", "out", "--json", *brief)
    assert answer.code == 0, answer.err
    assert [(o["input"], o["output"], o["status"]) for o in answer.objects] == [
        ("photos/a.jpg", "out/a.jpg", "painted"),
        ("photos/b.jpg", "out/b.jpg", "painted"),
    ]
    # Both are the same picture, and the styles were prepared once for both.
    assert Path("out/a.jpg").read_bytes() == Path("out/b.jpg").read_bytes()


def test_what_is_there_is_skipped_and_told(impasto: Impasto, folder: Path, brief: list[str]) -> None:
    shutil.copy("photo.jpg", "second.jpg")
    Path("out").mkdir()
    shutil.copy("style.png", "out/photo.jpg")
    answer = impasto("paint", "photo.jpg", "second.jpg", "-s", "style.png", "-o", "out", *brief)
    assert answer.code == 0
    assert "photo.jpg → out/photo.jpg  skipped: it exists already" in answer.err
    assert Path("out/photo.jpg").read_bytes() == Path("style.png").read_bytes()
    assert files(folder / "out") == ["photo.jpg", "second.jpg"]
    again = impasto("paint", "photo.jpg", "second.jpg", "-s", "style.png", "-o", "out", "--json")
    assert [o["status"] for o in again.objects] == ["skipped", "skipped"]
    anew = impasto("paint", "photo.jpg", "second.jpg", "-s", "style.png", "-o", "out", "--overwrite", *brief)
    assert anew.code == 0
    assert Path("out/photo.jpg").read_bytes() != Path("style.png").read_bytes()


def test_one_bad_file_does_not_stop_the_rest(impasto: Impasto, folder: Path, brief: list[str]) -> None:
    Path("bad.jpg").write_bytes(Path("photo.jpg").read_bytes()[:300])
    shutil.copy("photo.jpg", "last.jpg")
    words = ["paint", "photo.jpg", "bad.jpg", "gone.jpg", "last.jpg", "-s", "style.png", "-o", "out", "--json", *brief]
    answer = impasto(*words)
    assert answer.code == 60
    assert [o["status"] for o in answer.objects] == ["painted", "failed", "failed", "painted"]
    assert [o["error"]["exit_code"] for o in answer.objects[1:3]] == [12, 16]
    assert "2 of 4 pictures failed, 2 painted, 0 skipped.\nhint: The same command without" in answer.err
    assert files(folder / "out") == ["last.jpg", "photo.jpg"]


def test_a_full_disk_ends_the_whole_command(
    impasto: Impasto, folder: Path, brief: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise DiskFullError("The disk is full.", hint="Free some space.")

    monkeypatch.setattr(session, "write_picture", full)
    for name in ("a.jpg", "b.jpg"):
        shutil.copy("photo.jpg", name)
    answer = impasto("paint", "photo.jpg", "a.jpg", "b.jpg", "-s", "style.png", "-o", "out", "--json", *brief)
    assert answer.code == 60
    assert [o["status"] for o in answer.objects] == ["failed", "not begun", "not begun"]
    assert "1 of 3 pictures failed, 0 painted, 0 skipped, 2 not begun." in answer.err
    assert not Path("out").exists()


def test_lost_snapshots_are_told_and_no_picture_is_said_to_have_failed(
    impasto: Impasto, folder: Path, brief: list[str]
) -> None:
    shutil.copy("photo.jpg", "b.jpg")
    Path("out/b-0002.png").mkdir(parents=True)
    words = ["photo.jpg", "b.jpg", "-o", "out", "--snapshot-every", "1", "--json"]
    answer = impasto("paint", "-s", "style.png", *brief, *words)
    assert answer.code == 22
    assert [(o["status"], len(o["files"])) for o in answer.objects] == [("painted", 3), ("painted", 1)]
    assert answer.err.splitlines() == ["error: out/b.jpg: 'b-0002.png' is a folder.", "hint: Name a file in it."]


def test_many_pictures_beside_their_contents(impasto: Impasto, folder: Path, brief: list[str]) -> None:
    shutil.copy("photo.jpg", "b.jpg")
    assert impasto("paint", "photo.jpg", "b.jpg", "-s", "style.png", *brief).code == 0
    assert files(folder) == ["b-style.jpg", "b.jpg", "photo-style.jpg", "photo.jpg", "style.png"]


# Refusals: exit code, words, and nothing left behind


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["gone.jpg"], 16, "There is no file 'gone.jpg'"),
        (["photo.jpg", "-o", "out.xyz"], 24, "'.xyz'"),
        (["photo.jpg", "-o", "gone/out.png"], 22, "The folder"),
        (["photo.jpg", "-o", "photo.jpg"], 21, "'photo.jpg' exists already"),
        (["photo.jpg", "style.png", "-o", "out.png"], 2, "would both go to 'out.png'"),
        (["photo.jpg", "--iterations", "0"], 2, "iterations is 0"),
        (["photo.jpg", "--iterations", "many"], 2, "--iterations"),
        (["photo.jpg", "--size", "big"], 2, "The size 'big'"),
        (["photo.jpg", "--learning-rate", "nan"], 2, "learning rate is nan"),
        (["photo.jpg", "--tv-weight", "-1"], 2, "tv weight is -1"),
        (["photo.jpg", "--start", "noize"], 3, "Did you mean 'noise'?"),
        (["photo.jpg", "--start", "gone.png"], 16, "no file 'gone.png'"),
        (["photo.jpg", "--optimizer", "adamm"], 3, "Did you mean 'adam'?"),
        (["photo.jpg", "--preset", "gatis"], 3, "Did you mean 'gatys'?"),
        (["photo.jpg", "--quality", "bset"], 3, "Did you mean 'best'"),
        (["photo.jpg", "--encoder", "vgg91"], 3, "vgg19"),
        (["photo.jpg", "--encoder", "vgg19"], 31, "impasto weights get vgg19"),
        (["photo.jpg", "--encoder", "photo.jpg"], 32, "photo.jpg"),
        (["photo.jpg", "--style-layer", "relu9_1"], 3, "relu9_1"),
        (["photo.jpg", "--device", "gpu"], 3, "device"),
        (["photo.jpg", "--device", "cuda:99"], 51, "--device auto"),
        (["photo.jpg", "--max-pixels", "100"], 14, "too many pixels"),
        (["photo.jpg", "--jpeg-quality", "101"], 2, "--jpeg-quality"),
        (["photo.jpg", "--bit-depth", "12"], 2, "12"),
        (["photo.jpg", "--report", "how.pdf"], 24, ".html or .png"),
        (["photo.jpg", "--snapshot-every", "0"], 2, "--snapshot-every"),
        (["photo.jpg", "-o", "o.png", "--report", "./o.png"], 2, "take the place of the painting"),
        (["photo.jpg", "-o", "o.png", "--snapshot-every", "9", "--report", "o-0012.png"], 2, "place of a snapshot"),
        ([f"{'x' * 300}.jpg", "-o", "o.png"], 16, "There is no file"),
        (["photo.jpg", "-o", f"{'x' * 300}.png"], 22, "name too long"),
        (["photo.jpg", "-o", f"{'x' * 300}/"], 22, "can't be made"),
        (["photo.jpg", "--styles", "x"], 2, "Did you mean --style"),
        (["-", "--start", "-"], 2, "read only once"),
        ([], 2, "CONTENT"),
    ],
)
def test_refusals(impasto: Impasto, folder: Path, brief: list[str], words: list[str], code: int, says: str) -> None:
    before = files(folder)
    own = ["--style", "style.png", *brief]
    answer = impasto("paint", *own, *words)
    assert (answer.code, answer.out) == (code, ""), answer.err
    assert says in answer.err
    first, *rest = answer.err.splitlines()
    assert first.startswith("error: ")
    assert all(line.startswith("hint: ") for line in rest)
    assert files(folder) == before
    told = impasto("paint", *own, *words, "--json").objects
    assert [o["error"]["exit_code"] for o in told] == [code]


@pytest.mark.parametrize(
    ("style", "code", "says"),
    [
        ("gone.png", 16, "no file 'gone.png'"),
        ("mosiac", 3, "Did you mean 'mosaic'"),
        ("style.png:0", 2, "must be a positive number"),
        ("notes.png", 11, "'notes.png'"),
    ],
)
def test_styles_that_are_none(
    impasto: Impasto, folder: Path, brief: list[str], style: str, code: int, says: str
) -> None:
    Path("notes.png").write_text("not a picture")
    answer = impasto("paint", "photo.jpg", "-s", style, "-o", "out.png", *brief)
    assert (answer.code, answer.out) == (code, "")
    assert says in answer.err
    assert not Path("out.png").exists()


def test_a_size_that_the_format_cannot_hold_is_refused_before_painting(
    impasto: Impasto, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("RGB", (70_000, 1)).save("wide.png")
    monkeypatch.delattr(workbench, "make_painter")  # it would fail if it were reached
    answer = impasto("paint", "wide.png", "-s", "style.png", "-o", "out.jpg")
    assert answer.code == 24
    assert "JPEG can't hold a picture of 70000×1 pixels" in answer.err


def test_too_little_time_for_a_step_writes_nothing(impasto: Impasto, folder: Path, brief: list[str]) -> None:
    answer = impasto("paint", "photo.jpg", "-s", "style.png", "-o", "out.png", "--seconds", "1e-9", *brief)
    assert answer.code == 2
    assert "Allow more --seconds." in answer.err
    assert not Path("out.png").exists()


def test_a_target_taken_while_painting_is_not_overwritten(
    impasto: Impasto, folder: Path, brief: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def make_painter_and_take(*words: Any, **options: Any) -> Painter[Any]:
        Path("out.png").write_text("mine")
        return make_painter(*words, **options)

    monkeypatch.setattr(workbench, "make_painter", make_painter_and_take)
    answer = impasto("paint", "photo.jpg", "-s", "style.png", "-o", "out.png", *brief)
    assert answer.code == 21
    assert Path("out.png").read_text() == "mine"
