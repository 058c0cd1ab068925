"""A file is there whole or not at all: real full disks, kills, interrupts, races, links, permissions."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from impasto import files
from impasto.errors import DiskFullError, OutputExistsError, UnwritableOutputError
from impasto.pictures import Picture, check_place, check_target, place_file, read_picture, write_picture

linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux only")
posix = pytest.mark.skipif(os.name != "posix", reason="POSIX only")

# With unnamed files, with named temporary files, and with named ones where the file system has no hard links.
WAYS = ["unnamed", "named", "no links"]


@pytest.fixture(params=WAYS)
def way(request, monkeypatch):
    if request.param != "unnamed":
        monkeypatch.setattr(files, "_place_unnamed", lambda *arguments: False)
    if request.param == "no links":

        def refuse(*arguments, **options):
            raise OSError(errno.EPERM, os.strerror(errno.EPERM))

        monkeypatch.setattr(os, "link", refuse)
    return request.param


def test_new_files(tmp_path, way):
    place_file(tmp_path / "a.bin", b"content")
    assert (tmp_path / "a.bin").read_bytes() == b"content"
    assert [p.name for p in tmp_path.iterdir()] == ["a.bin"]


def test_existing_files_stay_without_overwrite(tmp_path, way):
    (tmp_path / "a.bin").write_bytes(b"before")
    with pytest.raises(OutputExistsError, match="exists already"):
        place_file(tmp_path / "a.bin", b"after")
    assert (tmp_path / "a.bin").read_bytes() == b"before"
    place_file(tmp_path / "a.bin", b"after", overwrite=True)
    assert (tmp_path / "a.bin").read_bytes() == b"after"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_file_that_appears_meanwhile_is_not_overwritten(tmp_path, way, monkeypatch):
    fill = files._fill

    def slow(*arguments):
        fill(*arguments)
        (tmp_path / "a.bin").write_bytes(b"somebody else's")

    monkeypatch.setattr(files, "_fill", slow)
    with pytest.raises(OutputExistsError):
        place_file(tmp_path / "a.bin", b"ours")
    assert (tmp_path / "a.bin").read_bytes() == b"somebody else's"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("failure", [KeyboardInterrupt, MemoryError, OSError(errno.ENOSPC, "No space left on device")])
@pytest.mark.parametrize("overwrite", [False, True])
def test_nothing_is_left_after_a_failure(tmp_path, way, monkeypatch, failure, overwrite):
    if overwrite:
        (tmp_path / "a.bin").write_bytes(b"before")

    def fail(*arguments):
        raise failure

    for moment in ("fsync", "replace") if overwrite and way != "unnamed" else ("fsync",):
        with monkeypatch.context() as patch:
            patch.setattr(os, moment, fail)
            with pytest.raises((KeyboardInterrupt, MemoryError, DiskFullError)):
                place_file(tmp_path / "a.bin", b"after", overwrite=overwrite)
        assert [p.read_bytes() for p in tmp_path.iterdir()] == ([b"before"] if overwrite else [])


@posix
def test_permissions(tmp_path, way):
    old = os.umask(0o027)
    try:
        place_file(tmp_path / "new.bin", b"")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "new.bin").stat().st_mode) == 0o640
    (tmp_path / "old.bin").touch(0o600)
    (tmp_path / "old.bin").chmod(0o600)
    place_file(tmp_path / "old.bin", b"x", overwrite=True)
    assert stat.S_IMODE((tmp_path / "old.bin").stat().st_mode) == 0o600


@posix
def test_a_link_stays_a_link(tmp_path, way):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "real.bin").write_bytes(b"before")
    (tmp_path / "link.bin").symlink_to("sub/real.bin")
    place_file(tmp_path / "link.bin", b"after", overwrite=True)
    assert (tmp_path / "link.bin").is_symlink()
    assert (tmp_path / "sub" / "real.bin").read_bytes() == b"after"
    (tmp_path / "dangling.bin").symlink_to("sub/new.bin")
    place_file(tmp_path / "dangling.bin", b"new", overwrite=True)
    assert (tmp_path / "sub" / "new.bin").read_bytes() == b"new"
    assert len(list((tmp_path / "sub").iterdir())) == 2


def test_the_longest_name_that_the_system_allows(tmp_path, way):
    place_file(tmp_path / ("x" * 251 + ".bin"), b"content")
    place_file(tmp_path / ("x" * 251 + ".bin"), b"again", overwrite=True)
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [b"again"]


def test_relative_paths(tmp_path, way, monkeypatch):
    monkeypatch.chdir(tmp_path)
    place_file(Path("a.bin"), b"content")
    assert (tmp_path / "a.bin").read_bytes() == b"content"


@linux
def test_a_full_device():
    with pytest.raises(DiskFullError, match="No space left on device") as caught:
        write_picture(Picture(np.zeros((9, 9, 3), np.float32)), "/dev/full", format="png")
    assert caught.value.exit_code == 23
    check_target("/dev/null", format="png")
    write_picture(Picture(np.zeros((9, 9, 3), np.float32)), "/dev/null", format="png")


LIMITED = (
    "import resource, sys, numpy as np\n"
    "from impasto.errors import ImpastoError\n"
    "from impasto.pictures import Picture, write_picture\n"
    "resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))\n"
    "try:\n"
    "    noise = np.random.default_rng(0).random((400, 400, 3), dtype=np.float32)\n"
    "    write_picture(Picture(noise), sys.argv[1], overwrite=True)\n"
    "except ImpastoError as error:\n"
    "    print(error)\n"
    "    sys.exit(error.exit_code)\n"
)


@linux
def test_a_limit_on_file_sizes(tmp_path):
    (tmp_path / "a.png").write_bytes(b"before")
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, tmp_path / "a.png"], capture_output=True, text=True, check=False
    )
    assert done.returncode == DiskFullError.exit_code, done.stderr
    assert "File too large" in done.stdout
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [b"before"]


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 256 kB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", place], capture_output=True, text=True, check=False
    )
    if mount.returncode != 0:
        pytest.skip(f"no file system may be mounted here: {mount.stderr.strip()}")
    yield place
    subprocess.run(["umount", place], check=True)


@linux
def test_a_full_disk(small_disk, way):
    noise = np.random.default_rng(0).random((400, 400, 3), dtype=np.float32)
    target = small_disk / "a.png"
    with pytest.raises(DiskFullError, match="No space left"):
        write_picture(Picture(noise), target)
    assert not list(small_disk.iterdir())
    small = Picture(noise[:40, :40].copy())
    write_picture(small, target)
    before = target.read_bytes()
    with pytest.raises(DiskFullError):
        write_picture(Picture(noise), target, overwrite=True)
    assert [p.read_bytes() for p in small_disk.iterdir()] == [before]
    assert read_picture(target).size == (40, 40)


KILLED = (
    "import os, signal, sys, time, pathlib\n"
    "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a shell's background jobs are born deaf to it
    "from impasto.pictures import place_file\n"
    "fsync = os.fsync\n"
    "def stall(file):\n"
    "    print('written', flush=True)\n"
    "    time.sleep(600)\n"
    "os.fsync = stall\n"
    "place_file(pathlib.Path(sys.argv[1]), bytes(100_000), overwrite=True)\n"
)


@linux
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_killed_in_the_middle(tmp_path, how):
    (tmp_path / "a.bin").write_bytes(b"before")
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, tmp_path / "a.bin"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout.readline() == b"written\n"
        process.send_signal(how)
        process.wait()
    try:
        probe = os.open(tmp_path, os.O_TMPFILE | os.O_WRONLY)
        os.close(probe)
    except OSError:
        pytest.skip("this file system has no unnamed files")
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("a.bin", b"before")]


@posix
def test_a_folder_without_permission(tmp_path, as_nobody):
    folder = tmp_path / "closed"
    folder.mkdir()
    folder.chmod(0o555)
    tmp_path.chmod(0o755)
    for parent in tmp_path.parents[:2]:
        with contextlib.suppress(PermissionError):
            parent.chmod(0o755)
    assert as_nobody(lambda: check_place(folder / "a.png")) == UnwritableOutputError.exit_code == 22
    assert as_nobody(lambda: place_file(folder / "a.png", b"x")) == 22


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_named_pipe(tmp_path):
    path = tmp_path / "pipe.png"
    os.mkfifo(path)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(path.read_bytes()))
    reader.start()
    write_picture(Picture(np.zeros((9, 9, 3), np.float32)), path)
    reader.join()
    assert read_picture(got[0]).size == (9, 9)
    assert stat.S_ISFIFO(path.stat().st_mode)
