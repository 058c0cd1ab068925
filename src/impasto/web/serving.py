"""A page on this machine alone, to look at it: what any static host does, and the headers that threads need."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from impasto.errors import UsageError

LOOPBACK = "127.0.0.1"
# Not from the system's table, which on some systems says that scripts are plain text.
_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".mjs": "text/javascript",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
}
_HEADERS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cache-Control": "no-cache",
}


class _Handler(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    isolated = True

    def end_headers(self) -> None:
        for name, value in _HEADERS.items() if self.isolated else ():
            self.send_header(name, value)
        super().end_headers()

    def guess_type(self, path: Any) -> str:
        return _TYPES.get(Path(path).suffix, "application/octet-stream")

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


class _PlainHandler(_Handler):
    isolated = False


@contextmanager
def serving(folder: Path, port: int = 0, *, isolated: bool = True) -> Iterator[str]:
    """Serve a folder for the `with` block, to this machine alone; yields its address.

    Args:
        port: 0 for one that is free.
        isolated: with the headers that isolate the page from other origins; most hosts send none.

    Raises:
        UsageError: the port is taken or not allowed.
    """
    handler = partial(_Handler if isolated else _PlainHandler, directory=str(folder))
    try:
        server = ThreadingHTTPServer((LOOPBACK, port), handler)
    except (OSError, OverflowError) as error:
        raise UsageError(f"Port {port} can't be used: {error}.", hint="Choose another --port.") from error
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://{LOOPBACK}:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
