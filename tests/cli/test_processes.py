"""Paintings in processes of their own, met by signals and full disks: whole files or none."""

from __future__ import annotations

import os
import pty
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_answer import Answer
from PIL import Image

Start = Callable[..., subprocess.Popen[str]]
Impasto = Callable[..., Answer]
OnSmallDisk = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")

ENDLESS = ["--iterations", "1000000", "--patience", "0", "--snapshot-every", "1"]


@pytest.fixture
def painting(folder: Path, brief: list[str], start_process: Start) -> subprocess.Popen[str]:
    """A painting without end, some steps on its way."""
    process = start_process("paint", "photo.jpg", "-s", "style.png", "-o", "out.png", "--verbose", *brief, *ENDLESS)
    while not Path("out-0002.png").exists():
        assert process.poll() is None, process.communicate()
        os.sched_yield()
    return process


def assert_only_whole_pictures(folder: Path, *, painted: bool) -> None:
    files = {path.name for path in folder.iterdir()} - {"photo.jpg", "style.png"}
    assert ("out.png" in files) == painted
    for name in files:
        assert name == "out.png" or name.startswith("out-"), name
        with Image.open(folder / name) as image:
            image.load()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_a_signal_keeps_the_best_picture_so_far_and_says_so(
    painting: subprocess.Popen[str], folder: Path, number: signal.Signals
) -> None:
    painting.send_signal(number)
    out, err = painting.communicate(timeout=300)
    assert painting.returncode == 130
    assert out == ""
    assert "Stopping with the best picture so far." in err
    assert "error: Stopped; out.png is the best picture so far." in err
    assert "Traceback" not in err
    assert_only_whole_pictures(folder, painted=True)
    with Image.open("out.png") as image:
        assert image.size == (64, 48)


@pytest.mark.slow
def test_kill_leaves_nothing_broken_and_the_next_run_succeeds(
    painting: subprocess.Popen[str], folder: Path, impasto: Impasto, brief: list[str]
) -> None:
    painting.kill()
    painting.communicate(timeout=300)
    assert painting.returncode == -signal.SIGKILL
    assert_only_whole_pictures(folder, painted=False)
    assert impasto("paint", "photo.jpg", "-s", "style.png", "-o", "out.png", *brief).code == 0
    assert_only_whole_pictures(folder, painted=True)


@pytest.mark.slow
def test_a_full_disk_leaves_nothing(folder: Path, brief: list[str]) -> None:
    # To a process, a file that may not grow (beyond 1024 bytes) is a disk without room.
    words = ["paint", "photo.jpg", "-s", "style.png", "-o", "out.png", "--threads", "1", *brief]
    command = ["sh", "-c", 'ulimit -f 1 && exec "$@"', "sh", sys.executable, "-m", "impasto", *words]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stdout) == (23, "")
    assert done.stderr.startswith("error: 'out.png' can't be written")
    assert "Free some space" in done.stderr
    assert sorted(path.name for path in folder.iterdir()) == ["photo.jpg", "style.png"]


@pytest.fixture
def on_small_disk(folder: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the command line beside `disk`, a file system of so many bytes, and then lists what is in it."""
    # In a namespace of its own, so that the mount is seen by nobody else and goes away by itself.
    own_mounts = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
    Path("disk").mkdir()

    def run(size: str, *words: str) -> subprocess.CompletedProcess[str]:
        mount = f"mount -t tmpfs -o size={size} tmpfs disk"
        if (
            not shutil.which("unshare")
            or subprocess.run([*own_mounts, mount], check=False, capture_output=True).returncode
        ):
            pytest.skip("no right to mount")
        script = f'{mount} && "$@"; code=$?; ls -A disk; exit $code'
        command = [*own_mounts, script, "sh", sys.executable, "-m", "impasto", *words]
        return subprocess.run(command, check=False, capture_output=True, text=True)

    return run


@pytest.mark.slow
def test_a_full_tmpfs_leaves_nothing(on_small_disk: OnSmallDisk, brief: list[str]) -> None:
    done = on_small_disk("4k", "paint", "photo.jpg", "-s", "style.png", "-o", "disk/out.png", "--threads", "1", *brief)
    assert (done.returncode, done.stdout) == (23, "")
    assert done.stderr.startswith("error: 'out.png' can't be written: No space left on device.")


@pytest.mark.slow
def test_snapshots_do_not_take_the_room_of_the_painting(on_small_disk: OnSmallDisk, brief: list[str]) -> None:
    words = ["--snapshot-every", "1", "--iterations", "30", "--patience", "0", "--quiet", "--threads", "1"]
    done = on_small_disk("128k", "paint", "photo.jpg", "-s", "style.png", "-o", "disk/out.png", *brief, *words)
    assert done.returncode == 23
    *snapshots, painting = done.stdout.split()
    assert painting == "out.png"
    assert 0 < len(snapshots) < 30
    assert done.stderr.startswith("error: disk/out.png: There is too little space for 'out-00")


@pytest.mark.slow
def test_the_bar_shows_on_a_terminal_only(folder: Path, brief: list[str], start_process: Start) -> None:
    ours, theirs = pty.openpty()
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "TERM": "xterm", "COLUMNS": "200"}
    words = ["paint", "photo.jpg", "-s", "style.png", "-o", "out.png", *brief, "--size", "200", "--iterations", "40"]
    process = start_process(*words, stderr=theirs, env=environment)
    os.close(theirs)
    seen = b""
    while True:
        try:
            block = os.read(ours, 4096)
        except OSError:  # Linux tells the end of a terminal so
            break
        if not block:
            break
        seen += block
    os.close(ours)
    out, _ = process.communicate(timeout=300)
    assert (process.returncode, out) == (0, "")
    told = seen.decode()
    for part in ("photo.jpg", "/40 ", "loss ", "content ", "style ", " left"):
        assert part in told
