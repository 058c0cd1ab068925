"""Whom a studio without keys answers: this machine, and no other site's page that a browser shows on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient
from starlette.responses import PlainTextResponse
from tests.service.conftest import picture

from impasto.service.api import make_app
from impasto.service.guard import Guard
from impasto.service.settings import ServiceSettings


def _ask(headers: dict[str, str], method: str = "GET", path: str = "/", *, local: bool = True) -> Any:
    """What the guard of an app that answers everything answers."""
    guard = Guard(PlainTextResponse("come in"), local=local, max_body=10, body_seconds=1.0)
    return TestClient(guard).request(method, path, headers={"Host": "localhost:8420", **headers})


def _is_refused(answer: Any, why: str) -> bool:
    assert (answer.status_code, answer.headers["content-type"]) == (403, "application/problem+json")
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.json()["title"] == "Forbidden"
    assert "impasto serve --keys" in answer.json()["hint"]
    return why in answer.json()["detail"]


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8420", "127.0.0.1:8420", "127.1.2.3", "[::1]:8420", "[::1]"])
def test_this_machine_is_answered(host: str) -> None:
    assert _ask({"Host": host}).text == "come in"
    assert _ask({"Host": host}, "POST").text == "come in"


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "evil.example:8420", "localhost.evil.example", "127.0.0.1.evil.example", "evil.example:127"),
        *("0.0.0.0:8420", "10.0.0.1", "[::2]", "[fe80::1]:8420", "2130706433", "localhost:8420:1", "@localhost", ""),
    ],
)
def test_names_that_may_have_been_made_to_lead_here_are_not(host: str) -> None:
    assert _is_refused(_ask({"Host": host}), "localhost and 127.0.0.1 only")


@pytest.mark.parametrize(
    "headers",
    [
        {},  # curl, and other programs
        {"Origin": "http://localhost:8420"},
        {"Origin": "https://LOCALHOST:8420"},
        {"Origin": "http://localhost:8420", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "null", "Sec-Fetch-Site": "same-origin"},  # of a page that tells no referrer
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_the_studios_own_page_is_answered(headers: dict[str, str]) -> None:
    for method in ("GET", "POST", "DELETE"):
        assert _ask(headers, method).text == "come in"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "http://evil.example:8420"},
        {"Origin": "http://localhost:3000"},
        {"Origin": "http://127.0.0.1:8420"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://localhost:8420", "Sec-Fetch-Site": "cross-site"},
    ],
)
def test_other_sites_pages_change_nothing(headers: dict[str, str]) -> None:
    for method in ("POST", "PUT", "DELETE"):
        assert _is_refused(_ask(headers, method), "another site")
    assert _ask(headers).text == "come in"  # as by a link to the studio


def test_who_watches_may_ask_under_any_name() -> None:
    assert _ask({"Host": "10.0.0.7:8420"}, path="/healthz").text == "come in"
    assert _ask({"Host": "studio"}, path="/readyz").text == "come in"
    assert _is_refused(_ask({"Host": "studio"}, path="/metrics"), "only")


def test_where_keys_are_needed_names_do_not_matter() -> None:
    """A proxy may stand before it, and no browser sends a key by itself."""
    headers = {"Host": "studio.example", "Origin": "https://shop.example", "Sec-Fetch-Site": "cross-site"}
    for method in ("GET", "POST"):
        assert _ask(headers, method, local=False).text == "come in"


@pytest.fixture(params=[False, True])
def client(request: pytest.FixtureRequest, settings: ServiceSettings) -> Iterator[TestClient]:
    """Of a studio without keys, then with."""
    app = make_app(replace(settings, keys=request.param))
    with TestClient(app, "http://localhost:8420") as client:
        yield client
    app.state.studio.close()


def test_studios_are_guarded_by_keys_or_so(client: TestClient) -> None:
    def status(headers: dict[str, str]) -> int:
        form: dict[str, Any] = {"files": {"content": picture()}, "data": {"style": "mosaic"}}
        return int(client.post("/v1/orders", headers=headers, **form).status_code)

    evil = [status({"Host": "evil.example"}), status({"Origin": "http://evil.example"})]
    own = [status({}), status({"Origin": "http://localhost:8420"})]
    has_keys = client.app.state.studio.settings.keys  # type: ignore[attr-defined]
    assert (evil, own) == (([401, 401], [401, 401]) if has_keys else ([403, 403], [202, 202]))
