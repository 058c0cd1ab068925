from __future__ import annotations

import re
import socket
from pathlib import Path

from impasto.service.claimed_name import ClaimedName


def test_each_has_its_own_and_gets_it_again(tmp_path: Path) -> None:
    first, second = ClaimedName(tmp_path / "x"), ClaimedName(tmp_path / "x")
    for number, claimed in enumerate((first, second), 1):
        assert re.fullmatch(rf"{re.escape(socket.gethostname())}-{number}-[0-9a-f]{{6}}", claimed.name)
    first.release()
    again = ClaimedName(tmp_path / "x")
    assert again.name == first.name
    again.release()
    second.release()


def test_machines_that_are_called_alike_are_told_apart(tmp_path: Path) -> None:
    names = [ClaimedName(tmp_path / folder) for folder in ("here", "there")]
    assert len({claimed.name for claimed in names}) == 2
    for claimed in names:
        claimed.release()


def test_a_file_of_before_gets_its_mark(tmp_path: Path) -> None:
    file = tmp_path / f"{socket.gethostname()}-1.lock"
    file.touch()
    claimed = ClaimedName(tmp_path)
    assert claimed.name == f"{file.stem}-{file.read_text('ascii')}"
    assert len(file.read_text("ascii")) == 6
    claimed.release()
