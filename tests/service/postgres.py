"""A PostgreSQL server of the tests' own, in a folder that goes with it."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from contextlib import suppress
from pathlib import Path

import psycopg

_USER = "postgres"


class Postgres:
    """
    Raises:
        LookupError: no server is installed, or no user is there that may run it.
    """

    def __init__(self) -> None:
        self._binaries = _binaries()
        self.folder = Path(tempfile.mkdtemp(prefix="impasto-postgres-"))
        self._as_user: list[str] = []
        if os.geteuid() == 0:  # root may not run it
            try:
                user = pwd.getpwnam(_USER)
            except KeyError as error:
                raise LookupError("there is no user 'postgres'") from error
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self._as_user = ["runuser", "-u", _USER, "--"]
        self._run("initdb", "-D", f"{self.folder}/data", "-U", _USER, "-A", "trust", "--no-sync")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    def start(self) -> None:
        settings = f"-p {self.port} -c unix_socket_directories= -h 127.0.0.1 -c max_connections=200"
        self._run("pg_ctl", "-D", f"{self.folder}/data", "-o", settings, "-w", "-l", f"{self.folder}/log", "start")

    def stop(self, *, how: str = "fast") -> None:
        """`how`: "immediate" is as a crash."""
        self._run("pg_ctl", "-D", f"{self.folder}/data", "-m", how, "-w", "stop")

    def kill(self) -> None:
        """SIGKILL to all of it."""
        lock = Path(self.folder, "data", "postmaster.pid")
        pid = int(lock.read_text("ascii").split()[0])
        children = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout.split()
        several = [pid, *map(int, children)]
        for one in several:
            with suppress(ProcessLookupError):
                os.kill(one, signal.SIGKILL)
        while any(map(_lives, several)):  # the next server would find their memory in use
            time.sleep(0.01)
        lock.unlink()  # where nobody collects dead processes, it would seem to be held still

    def remove(self) -> None:
        self.stop(how="immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def database(self) -> str:
        """The address of a new, empty one."""
        name = f"t{uuid.uuid4().hex}"
        with psycopg.connect(f"{self._url}/postgres", autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
        return f"{self._url}/{name}"

    @property
    def _url(self) -> str:
        return f"postgresql://{_USER}@127.0.0.1:{self.port}"

    def _run(self, program: str, *words: str) -> None:
        command = [*self._as_user, str(self._binaries / program), *words]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")


def _binaries() -> Path:
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (folder / "initdb").exists():
            return folder
    raise LookupError("no PostgreSQL server is installed")


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False
