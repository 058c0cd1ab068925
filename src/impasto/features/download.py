"""Downloads of published weights from their publishers' own addresses, resumable and checked."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from impasto.errors import (
    DownloadError,
    DownloadStalledError,
    HashMismatchError,
    MissingExtraError,
    OfflineError,
    OutputError,
)
from impasto.features.locking import exclusive
from impasto.features.partial import DownloadProgress, PartialFile, check_space, storage_errors
from impasto.features.patience import Patience
from impasto.features.sources import PublishedFile, published
from impasto.home import weights_folder


def download_weights(
    name: str,
    *,
    home: Path | str | None = None,
    offline: bool = False,
    progress: Callable[[DownloadProgress], None] | None = None,
    patience: Patience | None = None,
) -> Path:
    """Fetch published weights into the weights folder, unless they are there and whole.

    Args:
        name: one of `sources.PUBLISHED`, such as `vgg19`.
        home: instead of `home.impasto_home()`.
        offline: never touch the network.
        progress: called as bytes arrive, in this thread; what it raises ends the download, which can be resumed.
        patience: timeouts and retries.

    Returns:
        The file, whose size and hash are those published.

    Raises:
        UnknownNameError: no such weights.
        OfflineError: they would have to be fetched.
        DownloadNotFoundError, DownloadStalledError, WrongContentError, HashMismatchError, DownloadError: see `fetch`.
        DiskFullError, UnwritableOutputError: the disk refuses.
        MissingExtraError: httpx is not installed.
    """
    return fetch(published(name), weights_folder(home), offline=offline, progress=progress, patience=patience)


def fetch(
    source: PublishedFile,
    folder: Path,
    *,
    offline: bool = False,
    progress: Callable[[DownloadProgress], None] | None = None,
    patience: Patience | None = None,
) -> Path:
    """Fetch one published file into `folder`; the file appears there whole and checked, or not at all.

    Two processes that want the same file take turns, and the second finds it done.
    When the connection breaks for good, or the process is killed or interrupted, the bytes that arrived stay as
    `FILE.part`, and the next call goes on from there. After every other failure nothing is left: the server stalled,
    has no such file or sent something else, the disk is full.

    Raises:
        OfflineError: `offline`, and the file is not there or not whole.
        DownloadNotFoundError: the publisher no longer has it (404, 410).
        DownloadStalledError: no connection or no bytes within the time limits, however often tried.
        WrongContentError: a web page came in its place.
        HashMismatchError: the size or the hash is not the published one.
        DownloadError: the connection broke or cannot be made, a server error, an unsafe redirection.
        DiskFullError: too little space, before or during the download.
        UnwritableOutputError: the folder cannot be made or written to.
        MissingExtraError: httpx is not installed.
    """
    target = folder / source.file_name
    if is_whole(target, source):
        return target
    if offline:
        found = "damaged" if target.exists() else "not on this machine"
        raise OfflineError(f"The file of {source.title} is {found}, and fetching it was forbidden.", hint=source.ways)
    with ExitStack() as stack:
        with storage_errors():
            folder.mkdir(parents=True, exist_ok=True)
            stack.enter_context(exclusive(folder / f"{source.file_name}.lock"))
        if not is_whole(target, source):
            _fetch_into(PartialFile(target), source, progress, patience or Patience())
    return target


def is_whole(path: Path, source: PublishedFile) -> bool:
    """Whether `path` is a file of the published size and hash."""
    with storage_errors():
        return path.is_file() and path.stat().st_size == source.size and source.digest.matches(path)


def _fetch_into(
    part: PartialFile, source: PublishedFile, progress: Callable[[DownloadProgress], None] | None, patience: Patience
) -> None:
    try:
        # Bytes from earlier may be of another version, or damaged: then once more, from the first byte.
        if _complete(part, source, progress, patience):
            if source.digest.matches(part.path):
                return part.finish()
            part.discard()
            _complete(part, source, progress, patience)
        if not source.digest.matches(part.path):
            raise HashMismatchError(
                f"What came is not what was published as {source.name}: its {source.digest.algorithm} sum differs.",
                hint="Nothing was kept. Try another network; if it happens again, update Impasto.",
            )
        part.finish()
    except _ConnectionLost as lost:
        if isinstance(lost.error, DownloadStalledError) or not part.size:
            part.discard()
        raise lost.error from lost.__cause__
    except (DownloadError, OutputError):
        part.discard()
        raise


class _ConnectionLost(Exception):
    """All attempts failed for reasons that may pass: the bytes that arrived are good."""

    def __init__(self, error: DownloadError) -> None:
        super().__init__(str(error))
        self.error = error


def _complete(
    part: PartialFile, source: PublishedFile, progress: Callable[[DownloadProgress], None] | None, patience: Patience
) -> bool:
    """Bring the part to its full size, in as many attempts as it takes; True if any built on what was there before."""
    try:
        from impasto.features.transfer import AttemptFailed, attempt, http_client
    except ImportError as error:
        raise MissingExtraError(f"Downloading {source.title}", source.extra) from error

    if part.size > source.size:
        part.discard()
    if part.size == source.size:
        return True
    check_space(part.path.parent, source.size - part.size)
    if progress:
        progress(DownloadProgress(part.size, source.size, source.name))
    resumed, failures = False, 0
    with http_client(source, patience) as client:
        while True:
            before = part.size
            try:
                return attempt(client, source, part, progress) or resumed
            except AttemptFailed as failed:
                failures = patience.after_failure(failures, part.size - before)
                if failures >= patience.attempts:
                    raise _ConnectionLost(failed.error) from failed
                resumed = resumed or part.size > 0
                patience.wait(failures, failed.retry_after)
