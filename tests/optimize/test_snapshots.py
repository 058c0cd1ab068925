from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from made_up_progress import progress

from impasto.errors import DiskFullError, OutputExistsError, UnwritableOutputError, UsageError
from impasto.optimize.snapshots import SnapshotWriter
from impasto.pictures import read_picture


def test_every_third_step_through_all_scales(tmp_path: Path) -> None:
    writer = SnapshotWriter(tmp_path / "sea.jpg", 3)
    for scale, steps in ((1, 4), (2, 5)):
        for iteration in range(steps + 1):
            writer(progress(scale, iteration, size=(8 * scale, 6 * scale)))
    names = ["sea-0001.png", "sea-0002.png", "sea-0003.png"]
    assert [path.name for path in writer.finish()] == names
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    # Steps 1 to 4 are of the first scale: the 3rd is its third, the 6th and 9th are the second and fifth of the next.
    for name, size, iteration in zip(names, [(8, 6), (16, 12), (16, 12)], [3, 2, 5], strict=True):
        picture = read_picture(tmp_path / name)
        assert picture.size == size
        np.testing.assert_allclose(picture.pixels, iteration / 255, atol=1e-6)


def test_the_start_of_a_scale_is_no_step(tmp_path: Path) -> None:
    writer = SnapshotWriter(tmp_path / "sea.png", 1)
    for scale in (1, 2, 3):
        writer(progress(scale, 0))
    assert writer.finish() == []


@pytest.mark.parametrize("every", [0, -5])
def test_a_number_of_steps_that_is_none(tmp_path: Path, every: int) -> None:
    with pytest.raises(UsageError, match="every") as caught:
        SnapshotWriter(tmp_path / "sea.png", every)
    assert caught.value.exit_code == 2


def test_a_folder_that_is_not_there_is_told_before_painting(tmp_path: Path) -> None:
    with pytest.raises(UnwritableOutputError):
        SnapshotWriter(tmp_path / "missing" / "sea.png", 1)


def test_snapshots_of_an_earlier_run(tmp_path: Path) -> None:
    SnapshotWriter(tmp_path / "sea.png", 1)(progress(1, 1))
    with pytest.raises(OutputExistsError) as caught:
        SnapshotWriter(tmp_path / "sea.png", 1)
    assert caught.value.exit_code == 21
    writer = SnapshotWriter(tmp_path / "sea.png", 1, overwrite=True)
    writer(progress(1, 2))
    assert len(writer.finish()) == 1


def test_a_failure_on_the_way_does_not_stop_the_painting_but_is_told_at_the_end(tmp_path: Path) -> None:
    writer = SnapshotWriter(tmp_path / "sea.png", 1)
    (tmp_path / "sea-0002.png").mkdir()
    for iteration in range(1, 5):
        writer(progress(1, iteration))
    assert [path.name for path in writer.written] == ["sea-0001.png"]
    with pytest.raises(UnwritableOutputError, match=r"sea-0002\.png") as caught:
        writer.finish()
    assert caught.value.exit_code == 22


def test_snapshots_end_while_there_is_room_for_the_painting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free = 3 * 40 * 30 * 11  # for a snapshot of 8-bit RGB and a painting of 16-bit RGBA

    def disk_usage(path: Path) -> SimpleNamespace:
        assert path == tmp_path
        return SimpleNamespace(free=free - 40 * 30 * 11 * len(list(tmp_path.iterdir())))

    monkeypatch.setattr(shutil, "disk_usage", disk_usage)
    writer = SnapshotWriter(tmp_path / "sea.png", 1)
    for iteration in range(1, 9):
        writer(progress(1, iteration))
    assert len(list(tmp_path.iterdir())) == 3
    with pytest.raises(DiskFullError, match=r"sea-0004\.png") as caught:
        writer.finish()
    assert caught.value.exit_code == 23
    assert caught.value.hint
