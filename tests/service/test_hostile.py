"""Input of hostile make: refused as a problem, in few words, at once; nothing kept, nothing told of the inside."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from benchmarks import mutants
from fastapi.testclient import TestClient
from tests.service.conftest import picture

from impasto import read_picture
from impasto.errors import DecompressionBombError, ImpastoError, PictureError
from impasto.service.api import make_app
from impasto.service.bench import Bench, Job
from impasto.service.settings import ServiceSettings
from impasto.service.store import PictureStore

_FORM = "multipart/form-data; boundary=b"


@pytest.fixture
def client(either: ServiceSettings) -> Iterator[TestClient]:
    """With either database: what one takes may be an error to the other."""
    app = make_app(replace(either, max_pixels=1_000_000))
    with TestClient(app, "http://localhost", raise_server_exceptions=False) as client:
        yield client
    app.state.studio.close()


def _part(name: str, content: bytes, *, filename: str | None = None) -> bytes:
    file = "" if filename is None else f'; filename="{filename}"'
    return f'--b\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode() + content + b"\r\n"


def _order(client: TestClient, **fields: Any) -> Any:
    return client.post("/v1/orders", files={"content": ("x", picture())}, data={"style": "mosaic", **fields})


def _is_refused(answer: Any, settings: ServiceSettings) -> bool:
    """As a problem of a client's, in few words, of which none is of the inside."""
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(answer.content) < 3000
    return not any(word in answer.text for word in (str(settings.data), "Traceback", ".py", "sqlalchemy"))


def test_strange_words_are_refused(client: TestClient, either: ServiceSettings) -> None:
    options = [
        *('{"quality": 5}', '{"quality": {}}', '{"preset": []}', '{"strength": NaN}', '{"strength": 1e999}'),
        *('{"strength": ' + "1" * 4000 + "}", '{"start": "\\ud800"}', '{"model": "\\u0000"}', '{"\\ud800": 1}'),
        *(json.dumps({"x" * 60_000: 1}), json.dumps({"strength": "x" * 60_000}), json.dumps({"preset": "x" * 60_000})),
        *(json.dumps({"strength": [1] * 10_000}), '{"iterations": ' + "9" * 4000 + "}"),
    ]
    fields = [{"options": text} for text in options]
    fields += [{"webhook": url} for url in ("http://[", "http://℀.example", "http://a\0.example", "http://a b/", "x")]
    fields += [{"style": word} for word in ("\0", "mosaic\0", "x" * 60_000, "mosaic:nan", "x" * 70_000)]
    fields += [{"format": word} for word in ("\0", "../../x", "x" * 60_000)]
    for given in fields:
        assert _is_refused(_order(client, **given), either), given
    for path in ("/v1/styles/%00", "/v1/styles/%ed%a0%80", "/v1/styles/" + "x" * 99, "/v1/orders/%00"):
        assert _is_refused(client.delete(path), either), path
        assert _is_refused(client.get(f"{path}/picture"), either), path
    for name in ("\0", "a\0", "../x", "x" * 90 + "/"):
        kept = client.post("/v1/styles", files={"picture": picture()}, data={"name": name})
        assert _is_refused(kept, either), name
    assert client.get("/v1/orders").json() == []
    assert list(PictureStore(either.files_url).all()) == []  # what is not ordered is not kept


def test_strange_forms_are_refused(client: TestClient, either: ServiceSettings) -> None:
    whole = _part("style", b"mosaic") + _part("content", picture(), filename="x") + b"--b--\r\n"
    escaped = _part("webhook", b"https://a.example/\\ud800\\u0000") + whole
    code = _part("style_file", b'{"x": ' * 10_000, filename="x")
    cases = [
        *((415, escaped, f"{_FORM}; charset={name}") for name in ("unicode_escape", "punycode", "utf-16")),
        *((415, b"&" * 1000, form) for form in ("application/x-www-form-urlencoded", "application/json", "")),
        (415, code + whole, _FORM),
        (400, _part("options", b" " * 70_000) + whole, _FORM),
        (400, _part("style", b"mosaic") * 9 + whole, _FORM),
        (400, _part("style", b"mosaic") * 100 + whole, _FORM),
        (400, b"".join(_part("style_file", picture(), filename="x") for _ in range(20)) + whole, _FORM),
        (400, whole, "multipart/form-data"),
        (400, whole[10:], _FORM),
    ]
    for status, body, form in cases:
        answer = client.post("/v1/orders", content=body, headers={"Content-Type": form})
        assert answer.status_code == status, answer.text
        assert _is_refused(answer, either)
    assert list(PictureStore(either.files_url).all()) == []


def test_two_lengths_are_one_too_many(client: TestClient, either: ServiceSettings) -> None:
    answer = client.post("/v1/orders", content=b"", headers={"Content-Length": "4", "Transfer-Encoding": "chunked"})
    assert _is_refused(answer, either)
    assert (answer.status_code, answer.headers["connection"]) == (400, "close")


def test_nobody_is_redirected(client: TestClient) -> None:
    answer = client.get("/v1/orders/", follow_redirects=False)
    assert answer.status_code == 404


def test_who_has_no_key_is_not_listened_to(settings: ServiceSettings) -> None:
    """FastAPI by itself reads the body first."""
    app = make_app(replace(settings, keys=True))
    sent: list[Any] = []

    async def never() -> Any:
        raise AssertionError("the body is read")

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-type", _FORM.encode()), (b"content-length", b"1000000")]
    scope = {"type": "http", "method": "POST", "path": "/v1/orders", "query_string": b"", "headers": headers}
    asyncio.run(app(scope, never, send))
    app.state.studio.close()
    assert sent[0]["status"] == 401
    assert (b"www-authenticate", b"Bearer") in sent[0]["headers"]


def test_nothing_is_kept_for_who_has_too_many_orders(settings: ServiceSettings) -> None:
    app = make_app(replace(settings, keys=True))
    _, key = app.state.studio.keys.add("shop", open_orders=1)
    with TestClient(app, headers={"Authorization": f"Bearer {key}"}) as client:
        assert _order(client).status_code == 202
        late = client.post("/v1/orders", files={"content": picture(seed=1)}, data={"style": "mosaic"})
    app.state.studio.close()
    assert late.status_code == 429
    assert len(list(PictureStore(settings.files_url).all())) == 1


def test_refusals_are_described(client: TestClient) -> None:
    about = client.get("/v1/openapi.json").json()
    for path in about["paths"].values():
        for operation in path.values():
            assert list(operation["responses"]["4XX"]["content"]) == ["application/problem+json"]
            assert operation["security"] == [{"HTTPBearer": []}]
    assert list(about["paths"]["/v1/orders/{order_id}/result"]["get"]["responses"]["200"]["content"]) == ["image/*"]


def test_who_has_many_orders_looked_at_waits_longer(settings: ServiceSettings) -> None:
    app = make_app(settings)
    studio = app.state.studio
    with studio.looking("other") as others:
        looks = [studio.looking("a") for _ in range(50)]
        waits = [look.__enter__() for look in looks]
        assert (waits[0](), waits[-1](), others()) == (2.5, 2.5, 1.0)
        for look in looks:
            look.__exit__(None, None, None)
        with studio.looking("a") as again:
            assert again() == 1.0
    studio.close()


def _refusal(bench: Bench, job: Job) -> ImpastoError | None:
    """Why something is not painted."""
    try:
        bench.paint(job)
    except ImpastoError as error:
        return error
    return None


@pytest.mark.slow
def test_damaged_pictures_are_painted_or_refused(settings: ServiceSettings) -> None:
    app = make_app(settings)
    bench = Bench(memory=2 << 30, threads=1)
    ends = {"refused": 0, "failed": 0, "painted": 0}
    with TestClient(app, "http://localhost", raise_server_exceptions=False) as client:
        for n, (name, data) in enumerate(islice(mutants.mutants(1), 150)):
            as_style = n % 3 == 0
            files = {"content": picture(32, 24), "style_file": data} if as_style else {"content": data}
            answer = client.post("/v1/orders", files=files, data={} if as_style else {"style": "mosaic"})
            if answer.status_code != 202:
                assert _is_refused(answer, settings), name
                ends["refused"] += 1
                continue
            photo, styles = (picture(32, 24), [(data, 1.0)]) if as_style else (data, [("mosaic", 1.0)])
            error = _refusal(bench, Job(photo, styles, max_pixels=100_000, previews=False))  # type: ignore[arg-type]
            ends["painted" if error is None else "failed"] += 1
            assert error is None or error.http_status < 500, f"{name}: {error!r}"
    bench.stop()
    app.state.studio.close()
    assert min(ends.values()) > 10, ends


@pytest.mark.slow
def test_bombs_do_not_go_off() -> None:
    bench = Bench(memory=1 << 30, threads=1)
    try:
        for name, data in mutants.bombs(1 << 25):
            if data[:1] == b"{":
                continue
            error = _refusal(bench, Job(data, [("mosaic", 1.0)], max_pixels=1_000_000, seconds=60, previews=False))
            assert error is None or isinstance(error, PictureError), f"{name}: {error!r}"
    finally:
        bench.stop()


def test_a_jpeg_of_less_than_a_bit_a_block_is_not_whole() -> None:
    cut = mutants._jpeg_sized(mutants.seeds()["plain.jpg"], 6000, 6000)
    with pytest.raises(ImpastoError, match="ends before"):
        read_picture(cut, max_pixels=40_000_000)
    with pytest.raises(DecompressionBombError, match="scans"):
        read_picture(mutants._many_scans(mutants.seeds()["progressive.jpg"], 600))


@pytest.mark.slow
def test_painters_leave_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    killed = Bench(memory=4 << 30, threads=1)
    killed.paint(Job(picture(), [("mosaic", 1.0)], previews=False))
    assert len(list(tmp_path.glob("impasto-*"))) == 1
    killed.stop()
    assert list(tmp_path.iterdir()) == []
    orphan = Bench(memory=4 << 30, threads=1)
    orphan.paint(Job(picture(), [("mosaic", 1.0)], previews=False))
    assert orphan._line is not None
    orphan._line.close()  # as when its worker is killed
    orphan._process.join(30)
    assert list(tmp_path.iterdir()) == []
    orphan.stop()
