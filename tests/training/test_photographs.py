from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from impasto.errors import TrainingDataError
from impasto.pictures import Picture, write_picture
from impasto.training.photographs import read_photographs


def test_photographs_are_spread_and_reduced(tmp_path: Path) -> None:
    for n in range(7):
        write_picture(Picture(np.full((100, 200, 3), n / 10, np.float32)), tmp_path / f"{n}.png")
    (tmp_path / "3.png").write_bytes(b"no picture")
    found, failed = read_photographs(tmp_path, count=5, side=64)
    assert [(picture.size, round(10 * picture.pixels.mean())) for picture in found] == [
        ((64, 32), n) for n in (0, 1, 2, 4, 5)
    ]
    assert failed == 0
    assert read_photographs(tmp_path, count=32, side=512)[1] == 1
    for file in tmp_path.glob("*.png"):
        file.write_bytes(b"no picture")
    with pytest.raises(TrainingDataError, match="None of the 7 pictures"):
        read_photographs(tmp_path, count=32, side=512)
    with pytest.raises(TrainingDataError, match="no pictures in"):
        read_photographs(tmp_path / "gone", count=1, side=64)
