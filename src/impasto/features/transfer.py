"""One attempt at a download over HTTP: asks for what is missing, judges the answer, appends what arrives."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx

from impasto import __version__
from impasto.errors import (
    DownloadError,
    DownloadNotFoundError,
    DownloadStalledError,
    HashMismatchError,
    WrongContentError,
)
from impasto.features.partial import DownloadProgress, PartialFile
from impasto.features.patience import Patience
from impasto.features.signatures import kind_of
from impasto.features.sources import PublishedFile

AGAIN = "Type the same command again: it goes on where it stopped."
_CHECK_NETWORK = "Check the network, and the proxy if there is one (HTTPS_PROXY)."
_PORTAL = "The network may want a login first, or a proxy may forbid the address; open it in a browser to see."

_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
_MAX_RETRY_AFTER = 60.0


class AttemptFailed(Exception):
    """An attempt ended for a reason that may pass.

    `error` is what to tell the user if it does not pass; `retry_after` is how long the server asks to wait, in seconds.
    """

    def __init__(self, error: DownloadError, *, retry_after: float = 0.0) -> None:
        super().__init__(str(error))
        self.error = error
        self.retry_after = retry_after


@contextmanager
def http_client(source: PublishedFile, patience: Patience) -> Iterator[httpx.Client]:
    """A client that honours HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY and SSL_CERT_FILE, and speaks only HTTP(S).

    Raises:
        DownloadError: when the environment names a proxy that cannot be used.
    """
    timeout = httpx.Timeout(patience.read, connect=patience.connect)
    scheme = urlsplit(source.address).scheme
    hooks = {"request": [lambda request: check_scheme(request.url, scheme)]}
    # Compressed transfer would make sizes and ranges mean something else.
    headers = {"User-Agent": f"impasto/{__version__}", "Accept-Encoding": "identity"}
    try:
        client = httpx.Client(
            timeout=timeout, headers=headers, follow_redirects=True, max_redirects=5, event_hooks=hooks
        )
    except (ImportError, ValueError, httpx.InvalidURL) as error:
        raise DownloadError(
            "The proxy that the environment names cannot be used.",
            hint="Check HTTPS_PROXY, HTTP_PROXY and ALL_PROXY; a SOCKS proxy needs: pip install 'httpx[socks]'",
        ) from error
    with client:
        yield client


def attempt(
    client: httpx.Client,
    source: PublishedFile,
    part: PartialFile,
    progress: Callable[[DownloadProgress], None] | None,
) -> bool:
    """Fetch what is missing of `source` into `part`.

    Returns:
        Whether bytes of an earlier attempt were kept.

    Raises:
        AttemptFailed: try again, possibly; the bytes that arrived stay in `part`.
        DownloadError: (and its subclasses) trying again would not help.
        DiskFullError, UnwritableOutputError: the disk refuses.
    """
    offset = part.size
    headers = {}
    if offset:
        headers["Range"] = f"bytes={offset}-"
        if part.validator:
            headers["If-Range"] = part.validator
    host = urlsplit(source.address).hostname or source.address
    with _network_errors(host), client.stream("GET", source.address, headers=headers) as response:
        _judge_status(response, host, part)
        kept = response.status_code == 206
        if kept:
            _check_range(response, offset, source, part)
        _check_headers(response, source, remaining=source.size - (offset if kept else 0), host=host)
        if not kept:
            part.restart(_validator(response))
        _receive(response, source, part, progress)
    if part.size < source.size:
        raise AttemptFailed(_broken(host))
    return kept


def _receive(
    response: httpx.Response,
    source: PublishedFile,
    part: PartialFile,
    progress: Callable[[DownloadProgress], None] | None,
) -> None:
    done = part.size
    with part.appending() as write:
        for chunk in response.iter_raw():
            if not done and kind_of(chunk) == "web page":
                raise WrongContentError(f"A web page came in place of {source.title}.", hint=_PORTAL)
            done += len(chunk)
            if done > source.size:
                raise _other_bytes(source, f"more than {source.size} bytes")
            write(chunk)
            if progress:
                progress(DownloadProgress(done, source.size, source.name))


def check_scheme(url: httpx.URL, first: str) -> None:
    """Let a redirection lead to another host, but neither to a local file nor from HTTPS down to HTTP.

    Raises:
        DownloadError: for any other `url`, `first` being the scheme of the publisher's own address.
    """
    if url.scheme not in ("http", "https") or (first == "https" and url.scheme == "http"):
        raise DownloadError(f"The download was redirected to an address that is not safe ({url.scheme}).", hint=_PORTAL)


def _judge_status(response: httpx.Response, host: str, part: PartialFile) -> None:
    status = response.status_code
    if status in (200, 206):
        return
    if status in (404, 410):
        raise DownloadNotFoundError(
            f"{host} no longer has this file (HTTP {status}).",
            hint="Update Impasto, or put the file into its folder by hand.",
        )
    if status == 416:
        # What we have is longer than what the server has, so it is of another version.
        part.discard()
        raise AttemptFailed(DownloadError(f"{host} refuses to send the rest of the file.", hint=AGAIN))
    if status == 407:
        raise DownloadError(
            "The proxy asks for a name and a password.",
            hint="Put them into HTTPS_PROXY: http://name:password@host:port",
        )
    error = DownloadError(
        f"{host} answered with HTTP {status}.", hint="Try again later." if status in _TRANSIENT else _PORTAL
    )
    if status in _TRANSIENT:
        raise AttemptFailed(error, retry_after=_retry_after(response))
    raise error


def _check_range(response: httpx.Response, offset: int, source: PublishedFile, part: PartialFile) -> None:
    match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
    if match is None or int(match[1]) != offset:
        part.discard()
        raise AttemptFailed(DownloadError("The server sent another part of the file than was asked for.", hint=AGAIN))
    if match[2] not in ("*", str(source.size)):
        raise _other_bytes(source, f"{match[2]} bytes")


def _check_headers(response: httpx.Response, source: PublishedFile, *, remaining: int, host: str) -> None:
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind in ("text/html", "application/xhtml+xml"):
        raise WrongContentError(f"A web page came in place of {source.title}.", hint=_PORTAL)
    if response.headers.get("Content-Encoding", "identity").lower() not in ("identity", ""):
        raise WrongContentError(f"{host} sent {source.title} compressed, which was not asked for.", hint=_PORTAL)
    length = response.headers.get("Content-Length", "")
    if length.isdecimal() and int(length) != remaining:
        raise _other_bytes(source, f"{int(length) + source.size - remaining} bytes")


def _validator(response: httpx.Response) -> str:
    etag = response.headers.get("ETag", "")
    # If-Range demands a strong validator (RFC 9110, 13.1.5); a weak ETag begins with W/.
    return etag if etag.startswith('"') else str(response.headers.get("Last-Modified", ""))


def _retry_after(response: httpx.Response) -> float:
    asked = response.headers.get("Retry-After", "")
    return min(float(asked), _MAX_RETRY_AFTER) if asked.isdecimal() else 0.0


def _broken(host: str) -> DownloadError:
    return DownloadError(f"The connection to {host} broke before the file was whole.", hint=AGAIN)


def _other_bytes(source: PublishedFile, found: str) -> HashMismatchError:
    return HashMismatchError(
        f"The server offers {found} as {source.name}, but {source.size} bytes were published.",
        hint="Nothing was kept. Try another network; if it happens again, update Impasto.",
    )


@contextmanager
def _network_errors(host: str) -> Iterator[None]:
    try:
        yield
    except httpx.TimeoutException as error:
        what = "did not answer" if isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout) else "stopped sending"
        raise AttemptFailed(DownloadStalledError(f"{host} {what}.", hint=_CHECK_NETWORK)) from error
    except httpx.ProxyError as error:
        raise DownloadError(
            f"The proxy refuses to connect to {host}.", hint="Check HTTPS_PROXY and HTTP_PROXY."
        ) from error
    except httpx.ConnectError as error:
        if _caused_by_certificate(error):
            raise DownloadError(
                f"The certificate of {host} is not trusted.",
                hint="Behind an inspecting proxy, set SSL_CERT_FILE to its certificate.",
            ) from error
        raise AttemptFailed(DownloadError(f"{host} cannot be reached.", hint=_CHECK_NETWORK)) from error
    except (httpx.TooManyRedirects, httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
        raise DownloadError(f"{host} redirects to nowhere.", hint=_PORTAL) from error
    except httpx.TransportError as error:
        raise AttemptFailed(_broken(host)) from error


def _caused_by_certificate(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False
