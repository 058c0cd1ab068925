"""A way to a PostgreSQL server on which one answer is lost.

What was asked is done, and who asked never hears of it: so it is when a server dies just then.
"""

from __future__ import annotations

import re
import socket
import threading
from contextlib import suppress

# What DBOS sends when it gives a worker a workflow.
_CLAIM, _COMMIT = re.compile(rb"UPDATE dbos\.workflow_status SET status=\S+ executor_id="), b"COMMIT"
_AT_ONCE = 1 << 16


class DeafWay:
    """
    Attributes:
        port: of 127.0.0.1, that leads to the server's.
        lost: set once the answer to the first claim of a workflow is lost, and its connection with it.
    """

    def __init__(self, server: int) -> None:
        self._server, self.lost = server, threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = [self._listener]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        for one in self._open:
            _end(one)

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                asker = self._listener.accept()[0]
                server = socket.create_connection(("127.0.0.1", self._server))
                self._open += [asker, server]
                threading.Thread(target=self._ask, args=(asker, server), daemon=True).start()

    def _ask(self, asker: socket.socket, server: socket.socket) -> None:
        """What is asked goes to the server; the answers come back until one is lost."""
        deaf = threading.Event()
        threading.Thread(target=self._answer, args=(asker, server, deaf), daemon=True).start()
        claims = False
        with suppress(OSError):
            while asked := asker.recv(_AT_ONCE):
                claims = claims or _CLAIM.search(asked) is not None
                if claims and _COMMIT in asked and not self.lost.is_set():
                    deaf.set()
                server.sendall(asked)
        _end(server)

    def _answer(self, asker: socket.socket, server: socket.socket, deaf: threading.Event) -> None:
        with suppress(OSError):
            while answer := server.recv(_AT_ONCE):
                if deaf.is_set():  # it has done as it was asked
                    self.lost.set()
                    break
                asker.sendall(answer)
        _end(asker)


def _end(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
