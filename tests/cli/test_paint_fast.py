"""The default: the shipped network, without torch, by name, through pipes, and as pictures come in."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_answer import Answer
from PIL import Image

from impasto.cli import watch
from impasto.cli.batch import Job
from impasto.cli.request import Request
from impasto.cli.voice import Voice
from impasto.errors import DiskFullError, UsageError
from impasto.qualities import choose_quality
from impasto.styles import registry, shelf

Impasto = Callable[..., Answer]
Start = Callable[..., subprocess.Popen[str]]


def _pixels(name: str) -> np.ndarray:
    with Image.open(name) as image:
        return np.asarray(image.convert("RGB"), np.float64)


def test_one_command_paints_by_name_without_torch(folder: Path) -> None:
    code = """
import sys
sys.modules["torch"] = None  # importing it fails as if it were not installed
from impasto.cli import main
code = main(["paint", "photo.jpg", "--style", "starry-night", "-o", "out.png"])
assert not {"safetensors", "h5py", "httpx", "onnx"} & {name.partition(".")[0] for name in sys.modules}
sys.exit(code)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    painting, photo = _pixels("out.png"), _pixels("photo.jpg")
    assert painting.shape == photo.shape
    assert np.abs(painting - photo).mean() > 10


def test_styles_differ_and_blend(impasto: Impasto, folder: Path) -> None:
    words = {"a": ["starry-night"], "b": ["the-scream"], "ab": ["starry-night:0.5", "the-scream:0.5"]}
    for name, styles in words.items():
        style_words = [word for style in styles for word in ("-s", style)]
        answer = impasto("paint", "photo.jpg", *style_words, "-o", f"{name}.png")
        assert answer.code == 0, answer.err
    a, b, both = (_pixels(f"{name}.png") for name in words)
    assert np.abs(a - b).mean() > 10
    assert np.abs(both - a).mean() < np.abs(a - b).mean()
    assert np.abs(both - b).mean() < np.abs(a - b).mean()


def test_strength_leads_from_the_photograph_to_the_style(impasto: Impasto, folder: Path) -> None:
    distances = []
    for strength in (0, 0.5, 1):
        answer = impasto("paint", "photo.jpg", "-s", "mosaic", "--strength", strength, "-o", f"{strength}.png")
        assert answer.code == 0, answer.err
        distances.append(np.abs(_pixels(f"{strength}.png") - _pixels("photo.jpg")).mean())
    assert distances[0] < 1
    assert distances == sorted(distances)


def test_brush_size_device_and_tile(impasto: Impasto, folder: Path) -> None:
    words = ["--brush", "2", "--size", "200", "--device", "cpu", "--tile", "64", "--json"]
    answer = impasto("paint", "photo.jpg", "-s", "style.png", "-o", "out.png", *words)
    assert answer.code == 0, answer.err
    facts = answer.objects[0]["facts"]
    assert facts["device"] == "cpu"
    assert facts["painter"] == "swift"
    assert facts["tiles"] > 1
    assert _pixels("out.png").shape == (150, 200, 3)
    assert "device cpu" in impasto("paint", "photo.jpg", "-s", "style.png", "-o", "b.png", "-v").err


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--quality", "fast", "--iterations", "3"], 2, "The quality fast has no iterations."),
        (["--quality", "fast", "--preset", "gatys"], 2, "The quality fast has no preset."),
        (["--quality", "fast", "--report", "a.html"], 2, "The quality fast has no report."),
        (["--quality", "best", "--brush", "2"], 2, "The quality best has no brush."),
        (["--strength", "2"], 2, "strength is 2.0; it must be between 0 and 1.5"),
        (["--device", "cuda"], 51, "--device auto"),
        (["--device", "cpuu"], 3, "Did you mean 'cpu'"),
        (["--style", "stary-night"], 3, "Did you mean 'starry-night'"),
        (["--style", "broken.json"], 32, "broken.json is no style code"),
        (["--style", "other.json"], 32, "impasto styles add PICTURE --name NAME --overwrite"),
        (["--quality", "best", "--style", "great-wave"], 2, "leave quality and model out"),
        (["--raw", "8x8"], 2, "Name - as CONTENT"),
        (["--watch", "."], 2, "Leave out CONTENT"),
    ],
)
def test_refusals(impasto: Impasto, folder: Path, words: list[str], code: int, says: str) -> None:
    Path("broken.json").write_text('{"format": "impasto-style"')
    entry = json.loads(shelf.SHIPPED.read_text("utf-8"))["mosaic"]
    Path("other.json").write_text(json.dumps({**entry, "network": "swift-0"}))
    style = [] if "--style" in words else ["--style", "mosaic"]
    answer = impasto("paint", "photo.jpg", "-o", "out.png", *style, *words)
    assert (answer.code, answer.out) == (code, ""), answer.err
    assert says in answer.err
    assert not Path("out.png").exists()


def test_other_options_choose_another_quality(impasto: Impasto, folder: Path, brief: list[str]) -> None:
    for words, painter in ((brief, "optimize"), ([*brief, "--strength", "0.5"], "fine")):
        answer = impasto("paint", "photo.jpg", "-s", "style.png", "-o", f"{painter}.png", "--json", *words)
        assert answer.code == 0, answer.err
        assert answer.objects[0]["facts"]["painter"] == painter


# Names


def test_a_style_of_one_s_own(impasto: Impasto, folder: Path) -> None:
    answer = impasto("styles", "add", "style.png", "--name", "Mine", "--title", "Blocks")
    assert answer.code == 0, answer.err
    file = folder / "home" / "styles" / "mine.json"
    assert file.stat().st_size < 8000
    assert {"name": "mine", "kind": "own", "title": "Blocks", "description": ""} in impasto("styles", "--json").objects
    for name, style in (("by-name", "mine"), ("by-picture", "style.png"), ("by-file", str(file))):
        assert impasto("paint", "photo.jpg", "-s", style, "-o", f"{name}.png").code == 0
    # Codes are kept in half precision.
    assert np.abs(_pixels("by-name.png") - _pixels("by-picture.png")).max() <= 8
    np.testing.assert_array_equal(_pixels("by-name.png"), _pixels("by-file.png"))
    again = impasto("styles", "add", "style.png", "--name", "mine")
    assert (again.code, "--overwrite" in again.err) == (21, True)
    assert impasto("styles", "add", "style.png", "--name", "mosaic").code == 21
    assert impasto("styles", "add", "gone.png", "--name", "other").code == 16
    assert impasto("styles", "remove", "mine").code == 0
    assert impasto("styles", "remove", "mine").code == 3
    assert impasto("paint", "photo.jpg", "-s", "mine", "-o", "c.png").code == 3


def test_all_that_ships_is_listed_with_what_it_is(impasto: Impasto, folder: Path) -> None:
    told = impasto("styles", "--json").objects
    works = [o for o in told if o["kind"] == "work"]
    assert len(works) >= 30
    assert all(o["title"] and o["description"] for o in works)
    assert [o["name"] for o in told if o["kind"] == "drawn"] == registry.names()
    lines = impasto("styles").out.splitlines()
    assert [line.split()[0] for line in lines] == [o["name"] for o in told]
    assert "starry-night" in {o["name"] for o in works}


def test_a_sheet_of_all_styles(impasto: Impasto, folder: Path) -> None:
    assert impasto("styles", "sheet", "-o", "sheet.png", "--photo", "photo.jpg").code == 0
    assert min(_pixels("sheet.png").shape[:2]) > 1000
    assert impasto("styles", "sheet", "-o", "sheet.png").code == 21


# Pipes and folders


def _raw(frames: bytes, *words: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "impasto", "paint", "-", "--raw", "48x32", "-s", "mosaic", *words]
    return subprocess.run(command, input=frames, capture_output=True, check=False)


def test_raw_frames_through_a_pipe(impasto: Impasto, folder: Path) -> None:
    random = np.random.default_rng(0)
    coarse = [Image.fromarray(random.integers(0, 256, (4, 6, 3), np.uint8)) for _ in range(2)]
    frames = [np.asarray(image.resize((48, 32), Image.Resampling.BICUBIC)) for image in coarse]
    done = _raw(b"".join(frame.tobytes() for frame in frames))
    assert done.returncode == 0, done.stderr
    painted = np.frombuffer(done.stdout, np.uint8).reshape(2, 32, 48, 3)
    Image.fromarray(frames[1]).save("frame.png")
    assert impasto("paint", "frame.png", "-s", "mosaic", "-o", "out.png").code == 0
    assert np.abs(painted[1] - _pixels("out.png")).max() <= 1


def test_a_frame_cut_short_is_told(folder: Path) -> None:
    done = _raw(bytes(48 * 32 * 3 + 5))
    assert done.returncode == 12
    assert b"5 of 4608 bytes after 1 frames" in done.stderr
    assert len(done.stdout) == 48 * 32 * 3


@pytest.mark.parametrize(("words", "says"), [(["--size", "9"], b"--size"), (["-o", "a.png"], b"standard output")])
def test_raw_frames_take_no_other_place_or_size(folder: Path, words: list[str], says: bytes) -> None:
    done = _raw(b"", *words)
    assert (done.returncode, done.stdout) == (2, b"")
    assert says in done.stderr


@pytest.mark.slow
def test_what_comes_into_a_watched_folder_is_painted(folder: Path, start_process: Start) -> None:
    inbox = Path("inbox")
    inbox.mkdir()
    process = start_process("paint", "--watch", "inbox", "-s", "mosaic", "-o", "outbox", "--json")
    picture = Path("photo.jpg").read_bytes()
    (inbox / "a.jpg").write_bytes(picture)
    (inbox / "bad.jpg").write_bytes(b"no picture")
    assert process.stdout is not None
    told = [json.loads(process.stdout.readline()) for _ in range(2)]
    # A file that grows slowly is read when it has grown.
    with (inbox / "b.jpg").open("wb") as stream:
        stream.write(picture[:300])
        stream.flush()
        stream.write(picture[300:])
    (inbox / "bad.jpg").write_bytes(picture)
    _wait(process, Path("outbox/b.jpg"))
    _wait(process, Path("outbox/bad.jpg"))
    process.terminate()
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    told += [json.loads(line) for line in out.splitlines()]
    painted = {Path(o["input"]).name for o in told if o["status"] == "painted"}
    assert painted == {"a.jpg", "b.jpg", "bad.jpg"}
    assert [o["error"]["exit_code"] for o in told if o["status"] == "failed"] == [11]


def test_a_watch_waits_while_the_disk_is_full(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    incoming = folder / "in"
    incoming.mkdir()
    for name in ("a.png", "b.png"):
        Image.new("RGB", (48, 32), "teal").save(incoming / name)
    clock = [0.0]  # each look takes a second
    monkeypatch.setattr(watch.time, "sleep", lambda seconds: clock.__setitem__(0, clock[0] + 1))
    monkeypatch.setattr(watch.time, "monotonic", lambda: clock[0])
    watching = watch.Watch(Request([], ["mosaic"], "out", overwrite=False), Voice(quiet=True), str(incoming))
    paint, tried = watching.session.paint, []

    def full_at_first(job: Job, *rest: Any, **more: Any) -> None:
        tried.append((clock[0], Path(job.content).name))
        if len(tried) == 1:
            raise DiskFullError("out/a.png can't be written: No space left on device.")
        paint(job, *rest, **more)
        watching.session.interruption.requested = len(tried) == 3

    monkeypatch.setattr(watching.session, "paint", full_at_first)
    watching.run()
    assert [name for _, name in tried] == ["a.png", "a.png", "b.png"]
    assert tried[1][0] - tried[0][0] >= 60
    assert sorted(path.name for path in (folder / "out").iterdir()) == ["a.png", "b.png"]


def _wait(process: subprocess.Popen[str], file: Path) -> None:
    while not file.exists():
        assert process.poll() is None, process.communicate()
        os.sched_yield()


def test_standard_input_to_standard_output(folder: Path) -> None:
    command = [sys.executable, "-m", "impasto", "paint", "-", "-s", "mosaic"]
    done = subprocess.run(command, input=Path("photo.jpg").read_bytes(), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert Image.open(io.BytesIO(done.stdout)).size == (64, 48)


# Sizes and kinds of picture


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (3, 1500), (1501, 33)])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "I;16"])
def test_odd_pictures_come_out_at_their_size(impasto: Impasto, folder: Path, size: tuple[int, int], mode: str) -> None:
    y, x = np.mgrid[0 : size[1], 0 : size[0]]
    gray = ((x * 3 + y * 5) % 256).astype(np.uint8)
    if mode == "I;16":
        image = Image.fromarray(gray.astype(np.uint16) * 257)
    else:
        layers = {"RGB": 3, "RGBA": 4, "L": 1}[mode]
        image = Image.fromarray(
            np.stack([gray] * layers, -1).squeeze(-1) if layers == 1 else np.stack([gray] * layers, -1)
        )
    image.save("odd.png")
    answer = impasto("paint", "odd.png", "-s", "great-wave", "-o", "out.png")
    assert answer.code == 0, answer.err
    with Image.open("out.png") as painted:
        assert painted.size == size
        assert painted.mode == ("RGBA" if mode == "RGBA" else "RGB")
        if mode == "RGBA":
            np.testing.assert_array_equal(np.asarray(painted)[..., 3], gray)


def test_closed_streams_and_json_are_no_place_for_raw_frames(folder: Path) -> None:
    command = f"{sys.executable} -m impasto paint - --raw 8x8 -s mosaic"
    for words, says in (("<&-", "no frames"), ("</dev/null >&-", "tandard output"), ("--json </dev/null", "--json")):
        done = subprocess.run(f"{command} {words}", shell=True, capture_output=True, text=True, check=False)
        assert done.returncode in (2, 22), done.stderr
        assert says in done.stderr + done.stdout
        assert "Traceback" not in done.stderr
    assert _raw(b"", "--preset", "gatys").returncode == 2


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["-o", "-"], "folder of their own"),
        (["-o", "inbox"], "watched folder"),
        (["-o", "out", "-s", "-", "-s", "-"], "once"),
    ],
)
def test_watches_that_can_t_work_are_refused(impasto: Impasto, folder: Path, words: list[str], says: str) -> None:
    Path("inbox").mkdir()
    answer = impasto("paint", "--watch", "inbox", "-s", "mosaic", *words)
    assert (answer.code, answer.out) == (2, "")
    assert says in answer.err


def test_settings_without_a_value_choose_nothing() -> None:
    assert choose_quality(None, settings={"seconds": None, "threads": 2}).name == "fast"
    assert choose_quality(None, settings={"seconds": 5, "threads": 2}).name == "best"
    with pytest.raises(UsageError, match="strength, scales"):
        choose_quality(None, settings={"strength": 0.5, "scales": 2})


def test_a_style_of_one_s_own_that_can_t_be_removed(impasto: Impasto, folder: Path) -> None:
    (folder / "home" / "styles" / "mine.json").mkdir(parents=True)
    assert impasto("styles", "remove", "mine").code == 3  # a folder is no style
    assert impasto("styles").code == 0


def test_fine_obeys_strength(impasto: Impasto, folder: Path, brief: list[str]) -> None:
    words = ["-s", "style.png", "--quality", "fine", *brief]
    assert impasto("paint", "photo.jpg", "-o", "none.png", "--strength", "0", *words).code == 0
    assert impasto("paint", "photo.jpg", "-o", "full.png", *words).code == 0
    assert np.abs(_pixels("none.png") - _pixels("photo.jpg")).max() <= 1
    assert np.abs(_pixels("full.png") - _pixels("photo.jpg")).mean() > 5


def test_a_damaged_style_of_one_s_own_harms_no_other(impasto: Impasto, folder: Path) -> None:
    broken = folder / "home" / "styles" / "mine.json"
    broken.parent.mkdir(parents=True)
    broken.write_text("{}")
    told = {o["name"]: o for o in impasto("styles", "--json").objects}
    assert "damaged" in told["mine"]["description"]
    assert impasto("styles", "sheet", "-o", "sheet.png", "--photo", "photo.jpg").code == 0
    assert impasto("doctor", "--json").objects[0]["fast_painter"]["usable"] is True


def test_output_that_is_lost_is_no_success() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([sys.executable, "-m", "impasto", "--version"], stdout=full, check=False)
    assert done.returncode != 0


def test_fine_without_time_for_a_step_keeps_the_fast_painting(impasto: Impasto, folder: Path, brief: list[str]) -> None:
    words = ["-s", "style.png", "--json"]
    assert impasto("paint", "photo.jpg", "-o", "fast.png", *words).code == 0
    answer = impasto("paint", "photo.jpg", "-o", "fine.png", "--quality", "fine", "--seconds", "1e-6", *words, *brief)
    assert answer.code == 0, answer.err
    assert answer.objects[0]["stop"] == "time is up"
    assert np.abs(_pixels("fine.png") - _pixels("fast.png")).max() <= 2
