"""Downloads by way of redirections and proxies."""

from __future__ import annotations

import sys
from pathlib import Path

import httpx
import pytest
from downloading import DATA, NAME, Caller, check_whole, fails, published
from misbehaving_server import closed_port, serving, status, whole

from impasto.errors import (
    DownloadError,
)
from impasto.features.transfer import check_scheme

# --- redirections ---


def test_a_redirection_is_followed(caller: Caller) -> None:
    with serving(whole(DATA)) as mirror, serving(status(302, Location=f"{mirror.address}/elsewhere")) as server:
        check_whole(caller, caller(published(server)))
        assert mirror.requests[0].path == "/elsewhere"


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/weights.h5", "data:text/plain,x"])
def test_a_redirection_to_another_scheme_is_refused(caller: Caller, target: str) -> None:
    with serving(status(302, Location=target)) as server:
        fails(caller, server, DownloadError, "redirected to an address that is not safe|redirects to nowhere")


def test_a_redirection_in_a_circle(caller: Caller) -> None:
    with serving(status(302, Location="/again")) as server:
        fails(caller, server, DownloadError, "redirects to nowhere", requests=6)


def test_only_https_may_follow_https() -> None:
    check_scheme(httpx.URL("https://mirror.example/x"), "https")
    check_scheme(httpx.URL("https://mirror.example/x"), "http")
    with pytest.raises(DownloadError, match="not safe"):
        check_scheme(httpx.URL("http://mirror.example/x"), "https")


def test_an_address_that_is_no_web_address_is_refused(caller: Caller, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="not safe"):
        caller(published(f"file://{tmp_path}"))
    assert caller.left == []


# --- proxies ---


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_the_proxy_of_the_environment_is_used(caller: Caller, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    with serving(whole(DATA)) as proxy:
        monkeypatch.setenv(variable, proxy.address)
        check_whole(caller, caller(published("http://weights.example")))
        assert proxy.requests[0].path == f"http://weights.example/{NAME}"


def test_no_proxy_is_honoured(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(whole(DATA)) as server:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{closed_port()}")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        check_whole(caller, caller(published(server)))


def test_a_proxy_that_asks_for_a_password(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(status(407)) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.address)
        with pytest.raises(DownloadError, match="The proxy asks for a name and a password"):
            caller(published("http://weights.example"))
    assert caller.left == []


def test_a_proxy_that_refuses_to_tunnel(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(status(403)) as proxy:  # whose handler knows no CONNECT: 501
        monkeypatch.setenv("HTTPS_PROXY", proxy.address)
        with pytest.raises(DownloadError, match=r"The proxy refuses to connect to weights\.example"):
            caller(published("https://weights.example"))
    assert caller.left == []


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "gopher://127.0.0.1:1"])
def test_a_proxy_that_cannot_be_used(caller: Caller, monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    if proxy.startswith("socks"):
        monkeypatch.setitem(sys.modules, "socksio", None)
    monkeypatch.setenv("ALL_PROXY", proxy)
    with pytest.raises(DownloadError, match="The proxy that the environment names cannot be used"):
        caller(published("http://weights.example"))
    assert caller.left == []
