"""The command line, one module a verb. `main` answers --version before anything else is imported."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence

from impasto import __version__

_LOST = 120  # what Python says when its last output can't be sent


def program() -> None:
    """`impasto` as the shell calls it: ends at once, without a tenth of a second for what the system frees anyway."""
    gc.disable()  # there is nothing to collect while modules are loaded; see `app`
    # NumPy's threads, which nothing here uses, would wait for work in a loop on a core that others need.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # Huge pages pay for arrays that are used again and again; a command fills most of its arrays once.
    os.environ.setdefault("NUMPY_MADVISE_HUGEPAGE", "0")
    code = main()
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):
            code = code or _LOST
    os._exit(code)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `impasto` with these arguments (those of the process by default) and return its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words in (["--version"], ["-V"]):
        sys.stdout.write(f"impasto {__version__}\n")
        return 0
    try:
        from impasto.cli.app import run
    except KeyboardInterrupt:
        return 130
    return run(words)
