from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from impasto.cli.batch import Batch, Job, output_folder, plan
from impasto.errors import (
    DiskFullError,
    PictureNotFoundError,
    UnreadablePictureError,
    UnwritableOutputError,
    UsageError,
)

posix = pytest.mark.skipif(os.name != "posix", reason="POSIX only")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def targets(batch: Batch) -> list[str]:
    return [Path(job.target).as_posix() for job in batch.jobs]


def make(folder: Path, *names: str) -> None:
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).touch()


def test_one_picture_to_one_file(here: Path) -> None:
    assert plan(["a.jpg"], "out.png", "s") == Batch((Job("a.jpg", "out.png"),))


@pytest.mark.parametrize(
    ("content", "target"),
    [
        ("a.jpg", "a-mosaic.jpg"),
        ("pictures/A.JPEG", "pictures/A-mosaic.JPEG"),
        ("a.gif", "a-mosaic.png"),
        ("scan", "scan-mosaic.png"),
        ("a.xyz", "a-mosaic.png"),
        ("-", "-"),
    ],
)
def test_without_output_the_painting_lies_beside_its_content(here: Path, content: str, target: str) -> None:
    assert targets(plan([content], None, "mosaic")) == [target]


def test_one_picture_into_a_folder_keeps_its_name(here: Path) -> None:
    make(here / "out")
    batch = plan(["pictures/a.jpg"], "out", "s")
    assert targets(batch) == ["out/a.jpg"]
    assert batch.skips
    assert targets(plan(["a.jpg"], "new/", "s")) == ["new/a.jpg"]


def test_many_pictures_go_into_a_folder_under_their_names(here: Path) -> None:
    batch = plan(["x/a.jpg", "y/b.gif", "c"], "out", "s")
    assert targets(batch) == ["out/a.jpg", "out/b.png", "out/c.png"]
    assert batch.skips
    assert not plan(["x/a.jpg", "y/b.png"], "out", "s", overwrite=True).skips


def test_a_folder_stands_for_the_pictures_in_it(here: Path) -> None:
    make(here / "photos", "b.PNG", "a.jpg", "notes.txt", ".hidden.jpg")
    make(here / "photos" / "inner", "c.jpg")
    assert targets(plan(["photos"], "out", "s")) == ["out/a.jpg", "out/b.PNG"]
    assert targets(plan(["photos", "photos/a.jpg", "d.webp"], "out", "s")) == ["out/a.jpg", "out/b.PNG", "out/d.webp"]


def test_a_folder_needs_a_folder_of_its_own(here: Path) -> None:
    make(here / "photos", "a.jpg")
    with pytest.raises(UsageError, match="need a folder of their own"):
        plan(["photos"], None, "s")
    with pytest.raises(UsageError, match="take the place of its content picture"):
        plan(["photos"], "photos", "s", overwrite=True)


def test_a_folder_without_pictures_is_refused(here: Path) -> None:
    make(here / "photos", "notes.txt")
    with pytest.raises(PictureNotFoundError, match="no pictures in the folder 'photos'"):
        plan(["photos"], "out", "s")


@posix
def test_a_folder_that_may_not_be_looked_into_is_refused(
    here: Path, as_nobody: Callable[[Callable[[], object]], int]
) -> None:
    make(here / "photos", "a.jpg")
    here.chmod(0o755)
    (here / "photos").chmod(0)
    assert as_nobody(lambda: plan(["photos"], "out", "s")) == UnreadablePictureError.exit_code == 18
    # Names in it are taken as they are, and refused when they are read or written.
    assert as_nobody(lambda: plan(["photos/a.jpg", "b.jpg"], "photos/out", "s")) == 0


@posix
def test_a_folder_holds_files_that_cannot_be_read_and_no_pipes(here: Path) -> None:
    make(here / "photos", "a.jpg")
    os.mkfifo(here / "photos" / "pipe.jpg")
    (here / "photos" / "gone.jpg").symlink_to("nowhere.jpg")
    (here / "photos" / "loop.jpg").symlink_to("loop.jpg")
    assert targets(plan(["photos"], "out", "s")) == ["out/a.jpg", "out/loop.jpg"]


@posix
def test_names_that_the_system_refuses_are_left_to_whoever_opens_them(here: Path) -> None:
    (here / "loop").symlink_to("loop")
    endless = "x" * 300
    assert targets(plan(["loop", endless], endless, "s")) == [f"{endless}/loop.png", f"{endless}/{endless}.png"]
    assert targets(plan(["a.jpg"], "loop/", "s")) == ["loop/a.jpg"]
    for folder in ("loop", endless):
        with pytest.raises(UnwritableOutputError, match="can't be made"), output_folder(here / folder):
            pass


@pytest.mark.parametrize("output", ["out.png", "-"])
def test_many_pictures_do_not_fit_into_one_file(here: Path, output: str) -> None:
    with pytest.raises(UsageError, match=r"'a\.jpg' and 'b\.jpg' would both go to"):
        plan(["a.jpg", "b.jpg"], output, "s")


def test_two_pictures_of_one_name_are_refused(here: Path) -> None:
    with pytest.raises(UsageError, match=r"'x/a\.jpg' and 'y/a\.jpg' would both go to"):
        plan(["x/a.jpg", "y/a.jpg"], "out", "s")


def test_output_folder_is_made_and_taken_away_if_nothing_came(here: Path) -> None:
    with output_folder(here / "new" / "deep"):
        (here / "new" / "deep" / "a.png").touch()
    assert (here / "new" / "deep" / "a.png").exists()
    with output_folder(here / "empty" / "too"):
        assert (here / "empty" / "too").is_dir()
    assert not (here / "empty").exists()
    with pytest.raises(KeyboardInterrupt), output_folder(here / "new" / "other" / "deep"):
        raise KeyboardInterrupt
    assert not (here / "new" / "other").exists()
    with output_folder(here):
        pass
    assert here.is_dir()


def test_output_folder_below_a_file_is_refused(here: Path) -> None:
    (here / "file").touch()
    with pytest.raises(UnwritableOutputError, match="can't be made"), output_folder(here / "file" / "out"):
        pass


def test_output_folder_on_a_full_disk(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mkdir = Path.mkdir

    def full(path: Path, *arguments: int, **options: bool) -> None:
        if path.name == "inner":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        mkdir(path, *arguments, **options)

    monkeypatch.setattr(Path, "mkdir", full)
    with pytest.raises(DiskFullError, match="can't be made: No space left") as caught, output_folder(Path("new/inner")):
        pass
    assert caught.value.hint
    assert list(here.iterdir()) == []
