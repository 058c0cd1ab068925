"""Training pictures: found in order, cropped inside their borders, bad ones skipped and counted."""

from __future__ import annotations

import gzip
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from impasto.errors import OutOfMemoryError, TrainingDataError
from impasto.pictures import Picture, read_picture
from impasto.training import data, domains
from impasto.training.data import PictureBank
from impasto.training.domains import Domain, Unpaired
from impasto.training.sources import ShardMember, find_pictures


def test_pictures_are_found_in_subfolders_in_a_fixed_order(pictures: Path) -> None:
    (pictures / "more").mkdir()
    (pictures / "0.png").rename(pictures / "more" / "z.PNG")
    (pictures / "notes.txt").write_text("not a picture")
    names = [p.relative_to(pictures).as_posix() for p in find_pictures([pictures]) if isinstance(p, Path)]
    assert names == ["1.png", "2.png", "3.png", "4.png", "5.png", "more/z.PNG"]


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match="no pictures in") as caught:
        find_pictures([tmp_path])
    assert caught.value.exit_code == 54


@pytest.mark.parametrize("scales", [(0.2, 0.3), (1.0, 1.0), (3.0, 5.0)])
def test_crops_have_the_size_asked_for_and_stay_in_range(pictures: Path, scales: tuple[float, float]) -> None:
    bank = PictureBank(find_pictures([pictures]))
    for seed in range(10):
        crop = bank.crop(np.random.default_rng(seed), 24, scales=scales)
        assert crop.shape == (24, 24, 3)
        assert crop.dtype == np.float32
        assert 0 <= crop.min() < crop.max() <= 1


def test_a_crop_at_scale_one_is_a_window_of_the_picture(tmp_path: Path) -> None:
    # A ramp along x: a window of it, mirrored or not, is again a ramp with the same slope.
    ramp = np.broadcast_to(np.arange(60, dtype=np.uint8)[None, :, None] * 4, (50, 60, 3))
    Image.fromarray(ramp).save(tmp_path / "ramp.png")
    crop = PictureBank([tmp_path / "ramp.png"]).crop(np.random.default_rng(0), 20, scales=(1.0, 1.0))
    slopes = np.diff(crop[:, 2:-2, 0], axis=1) * 255
    assert np.abs(np.abs(slopes) - 4).max() <= 1.01
    assert np.abs(np.diff(crop, axis=0)).max() == 0


def test_a_seed_means_the_same_crop(pictures: Path) -> None:
    paths = find_pictures([pictures])
    first = PictureBank(paths).crop(np.random.default_rng(3), 16)
    second = PictureBank(paths, cache_bytes=0).crop(np.random.default_rng(3), 16)
    assert np.array_equal(first, second)


def test_bad_pictures_are_skipped_counted_and_do_not_change_what_is_drawn_after_a_restart(pictures: Path) -> None:
    (pictures / "2.png").write_bytes(b"\x89PNG\r\n\x1a\n but no more")
    (pictures / "9.jpg").write_bytes(b"")
    paths = find_pictures([pictures])
    bank = PictureBank(paths)
    drawn = [bank.crop(np.random.default_rng(n), 8) for n in range(40)]
    assert bank.skipped == 2
    again = PictureBank(paths)
    assert np.array_equal(again.crop(np.random.default_rng(39), 8), drawn[39])


@pytest.mark.parametrize("error", [MemoryError(), OutOfMemoryError("too large")])
def test_a_picture_too_large_for_the_memory_is_a_bad_one(
    pictures: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def read(source: Path) -> Picture:
        if source.name == "2.png":
            raise error
        return read_picture(source)

    monkeypatch.setattr(data, "read_picture", read)
    monkeypatch.setattr(domains, "read_picture", read)
    sources = find_pictures([pictures])
    for bank in (PictureBank(sources), Unpaired(Domain(sources, 3))):
        for seed in range(60):
            bank.crop(np.random.default_rng(seed), 8)
        assert bank.skipped == 1


def test_nothing_but_bad_pictures_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"nothing")
    with pytest.raises(TrainingDataError, match="None of the 1"):
        PictureBank(find_pictures([tmp_path])).crop(np.random.default_rng(0), 8)


def test_large_pictures_are_reduced_once(tmp_path: Path) -> None:
    Image.new("RGB", (400, 200), (10, 200, 30)).save(tmp_path / "large.png")
    bank = PictureBank([tmp_path / "large.png"], long_side=100)
    crop = bank.crop(np.random.default_rng(0), 50, scales=(1.0, 1.0))
    assert np.allclose(crop, np.array([10, 200, 30], np.float32) / 255, atol=1e-6)
    assert sum(pixels.nbytes for pixels in bank._cache.values()) == 100 * 50 * 3


def _shard(path: Path, files: list[Path]) -> Path:
    with tarfile.open(path, "w") as archive:
        for file in files:
            archive.add(file, arcname=f"set/{file.name}")
    return path


def test_shards_hold_the_same_pictures_as_the_folder(pictures: Path, tmp_path: Path) -> None:
    files = sorted(pictures.iterdir(), reverse=True)
    (tmp_path / "notes.md").write_text("no picture")
    shard = _shard(tmp_path / "shard.tar", [tmp_path / "notes.md", *files])
    found = find_pictures([shard])
    assert [Path(source.name).name for source in found] == [file.name for file in sorted(files)]
    for seed in range(8):
        ours = PictureBank(found).crop(np.random.default_rng(seed), 16)
        assert np.array_equal(ours, PictureBank(find_pictures([pictures])).crop(np.random.default_rng(seed), 16))


def test_a_folder_may_hold_shards(pictures: Path) -> None:
    _shard(pictures / "more.tar", [pictures / "0.png"])
    assert [type(source) for source in find_pictures([pictures])].count(ShardMember) == 1


def test_a_list_names_files_folders_and_shards(pictures: Path, tmp_path: Path) -> None:
    _shard(tmp_path / "s.tar", [pictures / "5.png"])
    (tmp_path / "list.txt").write_text("# training\n\npictures/3.png\ns.tar\npictures\ngone.png\n")
    found = find_pictures([tmp_path / "list.txt"])
    names = [source.name for source in found]
    assert names == ["3.png", "set/5.png", *(f"{n}.png" for n in range(6)), "gone.png"]
    bank = PictureBank(found)
    for seed in range(60):
        bank.crop(np.random.default_rng(seed), 8)
    assert bank.skipped == 1


@pytest.mark.parametrize("name", ["cut.tar", "packed.tar", "list.txt", "gone", "gone.tar", "gone.txt", "text.md"])
def test_places_without_pictures_are_refused(pictures: Path, tmp_path: Path, name: str) -> None:
    whole = _shard(tmp_path / "whole.tar", [pictures / "0.png"]).read_bytes()
    (tmp_path / "cut.tar").write_bytes(whole[:100])
    (tmp_path / "packed.tar").write_bytes(gzip.compress(whole))
    (tmp_path / "list.txt").write_bytes(b"\xff\xfe no text")
    (tmp_path / "text.md").write_text("no picture")
    with pytest.raises(TrainingDataError, match=name):
        find_pictures([tmp_path / name])


def test_a_shard_cut_off_after_it_was_read_costs_a_picture_not_the_run(pictures: Path, tmp_path: Path) -> None:
    shard = _shard(tmp_path / "shard.tar", sorted(pictures.iterdir()))
    bank = PictureBank(find_pictures([shard]))
    whole = shard.read_bytes()
    shard.write_bytes(whole[: len(whole) // 2])
    for seed in range(40):
        bank.crop(np.random.default_rng(seed), 8)
    assert 0 < bank.skipped < 6


@pytest.mark.parametrize(("line", "says"), [("list.txt", "names the list"), ("no-such-folder", "no-such-folder")])
def test_lists_that_name_lists_or_nothing_are_refused(tmp_path: Path, line: str, says: str) -> None:
    (tmp_path / "list.txt").write_text(line)
    with pytest.raises(TrainingDataError, match=says):
        find_pictures([tmp_path / "list.txt"])
