"""The HTTP API, with a real worker behind."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image
from tests.service.conftest import StartWorker, picture
from tests.service.postgres import Postgres

from impasto.service.api import make_app
from impasto.service.settings import ServiceSettings


@pytest.fixture
def client(settings: ServiceSettings) -> Iterator[TestClient]:
    app = make_app(replace(settings, max_body=1 << 20, max_pixels=1_000_000))
    with TestClient(app, "http://localhost", raise_server_exceptions=False) as client:
        yield client
    app.state.studio.close()


def _order(client: TestClient, *, content: bytes | None = None, headers: Any = None, **fields: Any) -> Any:
    files = {"content": ("photo.png", picture() if content is None else content)}
    return client.post("/v1/orders", files=files, data={"style": "mosaic", **fields}, headers=headers)


def _coarse(data: bytes) -> np.ndarray[Any, np.dtype[np.float64]]:
    """What a picture shows at large: JPEG changes what is small."""
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB").resize((8, 6), Image.Resampling.BOX), np.float64)


def _flat(width: int, height: int) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (width, height)).save(stream, "PNG")
    return stream.getvalue()


@pytest.mark.slow
def test_from_an_order_to_its_painting(
    client: TestClient, settings: ServiceSettings, start_worker: StartWorker
) -> None:
    assert client.get("/readyz").status_code == 503
    answer = _order(client, format="jpeg", options=json.dumps({"strength": 0.9}))
    assert answer.status_code == 202, answer.text
    order = answer.json()
    assert answer.headers["location"] == f"/v1/orders/{order['id']}"
    waiting = client.get(f"/v1/orders/{order['id']}/result")
    assert (waiting.status_code, waiting.json()["detail"]) == (409, "The order is queued.")
    start_worker(settings)
    with client.stream("GET", f"/v1/orders/{order['id']}/events") as stream:
        told = [json.loads(line[6:]) for line in stream.iter_lines() if line.startswith("data: ")]
    assert (told[0]["state"], told[-1]["state"]) == ("queued", "done")
    assert (told[-1]["styles"], told[-1]["quality"]) == (["mosaic"], "fast")
    painting = client.get(told[-1]["result"])
    small = client.get(told[-1]["preview"])
    assert (small.headers["content-type"], Image.open(io.BytesIO(small.content)).size) == ("image/jpeg", (64, 48))
    assert np.abs(_coarse(small.content) - _coarse(painting.content)).mean() < 3  # of the painting, not of its way
    sent = client.get(f"/v1/orders/{order['id']}/content")
    assert (sent.content, sent.headers["content-type"]) == (picture(), "image/png")
    assert sent.headers["content-security-policy"] == "sandbox"
    assert (painting.status_code, painting.headers["content-type"]) == (200, "image/jpeg")
    assert Image.open(io.BytesIO(painting.content)).size == (64, 48)
    assert client.get("/readyz").text == "ok\n"
    assert 'impasto_orders{lane="quick",state="done"} 1.0' in client.get("/metrics").text
    now = client.post("/v1/paint", files={"content": picture()}, data={"style": "mosaic"})
    assert (now.status_code, now.headers["content-type"]) == (200, "image/png")
    broken = client.post("/v1/paint", files={"content": picture()[:300]}, data={"style": "mosaic"})
    assert (broken.status_code, broken.headers["content-type"]) == (422, "application/problem+json")
    assert [order["state"] for order in client.get("/v1/orders").json()] == ["failed", "done", "done"]


def test_orders_are_cancelled(client: TestClient) -> None:
    order = _order(client).json()
    cancelled = client.delete(f"/v1/orders/{order['id']}").json()
    assert cancelled["state"] == "cancelled"
    assert client.get(f"/v1/orders/{order['id']}").json() == cancelled


def test_orders_are_forgotten(client: TestClient) -> None:
    order = _order(client).json()
    assert client.delete(f"/v1/orders/{order['id']}?forget=true").json()["state"] == "cancelled"
    assert client.get(f"/v1/orders/{order['id']}").status_code == 404
    assert client.get("/v1/orders").json() == []


@pytest.mark.slow
@pytest.mark.parametrize("quality", ["fine", "best"])
def test_slow_orders_are_seen_on_their_way(
    client: TestClient, settings: ServiceSettings, start_worker: StartWorker, quality: str
) -> None:
    start_worker(settings)
    options = {"quality": quality, "iterations": 200, "size": 128}
    order = _order(client, options=json.dumps(options), style="watercolour").json()
    with client.stream("GET", f"/v1/orders/{order['id']}/events") as stream:
        told = [json.loads(line[6:]) for line in stream.iter_lines() if line.startswith("data: ")]
    assert (told[-1]["state"], told[-1]["facts"]["width"]) == ("done", 128), told[-1]
    assert [one["preview"] for one in told if one["state"] == "painting" and one["preview"]]
    fractions = [one["fraction"] for one in told]
    assert fractions == sorted(fractions)


def test_a_key_makes_one_order(client: TestClient) -> None:
    first, again, other = (
        _order(client, headers={"Idempotency-Key": "k"}, **fields) for fields in ({}, {}, {"format": "webp"})
    )
    assert (first.status_code, again.status_code, other.status_code) == (202, 200, 409)
    assert first.json()["id"] == again.json()["id"]


@pytest.mark.parametrize(
    ("sent", "status", "says"),
    [
        ({"content": b"no picture"}, 415, "not a picture"),
        ({"content": b""}, 422, "empty"),
        ({"content": _flat(2000, 600)}, 413, "1,000,000"),
        ({"options": '{"size": 16384}'}, 413, "16384×12288. The limit is 1,000,000"),
        ({"options": '{"size": [1001, 1000]}'}, 413, "1001×1000. The limit is 1,000,000"),
        ({"options": '{"size": 1001}', "content": picture(form="AVIF").replace(b"ispe", b"free")}, 413, "1001×1001"),
        ({"style": "mosiac"}, 404, "mosaic"),
        ({"style": "../../etc/passwd"}, 404, "no style"),
        ({"style": "mosaic:much"}, 400, "no weight"),
        ({"options": "{"}, 400, "no JSON"),
        ({"options": "[1]"}, 400, "no JSON object"),
        ({"options": "[" * 60_000}, 400, "no JSON"),
        ({"options": '{"quality": "best"}', "style": "great-wave"}, 400, "needs a picture of the style"),
        ({"options": '{"device": "cuda"}'}, 400, "device can't be chosen"),
        ({"options": '{"strenght": 1}'}, 404, "strength"),
        ({"jpeg_quality": 500}, 422, "jpeg_quality"),
        ({"bit_depth": 9}, 422, "bit_depth"),
        ({"format": "exe"}, 404, "no picture format"),
    ],
)
def test_what_is_wrong_is_told_as_a_problem(
    client: TestClient, sent: dict[str, Any], status: int, says: str, tmp_path: Path
) -> None:
    answer = _order(client, **sent)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    problem = answer.json()
    assert problem["status"] == status
    assert says in f"{problem['detail']} {problem['hint']}"
    assert str(tmp_path) not in answer.text
    assert "Traceback" not in answer.text
    assert client.get("/v1/orders").json() == []


def test_what_is_waited_for_has_the_quick_lane(settings: ServiceSettings) -> None:
    app = make_app(replace(settings, quick_pixels=10_000))

    def paint(content: bytes, style: bytes | str = "mosaic", **options: Any) -> tuple[int, str]:
        files: dict[str, Any] = {"content": ("x", content)}
        files |= {"style_file": ("y", style)} if isinstance(style, bytes) else {}
        form = {"options": json.dumps(options), "style": style if isinstance(style, str) else ""}
        answer = visitor.post("/v1/paint", files=files, data=form)
        return answer.status_code, f"{answer.json()['detail']} {answer.json()['hint']}"

    with TestClient(app, "http://localhost") as visitor:
        too_large = (
            paint(picture(101, 100)),
            paint(picture(10, 10), size=101),
            paint(picture(10, 10), picture(101, 100)),
            paint(picture(form="AVIF").replace(b"ispe", b"free")),
        )
        for status, told in too_large:
            assert status == 413
            assert "more than 10,000 pixels" in told
            assert "POST /v1/orders" in told
        assert paint(picture(), quality="fine")[0] == 400
        assert visitor.get("/v1/orders").json() == []
    app.state.studio.close()


def test_orders_are_waited_for_by_so_many_at_once(client: TestClient) -> None:
    order = _order(client).json()
    client.delete(f"/v1/orders/{order['id']}")
    events, studio = f"/v1/orders/{order['id']}/events", client.app.state.studio  # type: ignore[attr-defined]
    for _ in range(60):  # each is let go when it has been answered
        assert client.get(events).status_code == 200
    with ExitStack() as others:
        for _ in range(50):
            others.enter_context(studio.looking("local"))
        late = client.post("/v1/paint", files={"content": picture()}, data={"style": "mosaic"})
        for refused in (client.get(events), late):
            assert (refused.status_code, refused.headers["retry-after"]) == (429, "5")
            assert refused.json()["title"] == "Quota"
            assert "50 orders are waited for already" in refused.json()["detail"]
        with studio.looking("another"):
            pass
        assert len(client.get("/v1/orders").json()) == 1  # what could not be waited for is not ordered
    assert client.get(events).status_code == 200


def test_large_bodies_are_not_read(client: TestClient) -> None:
    form = {"Content-Type": "multipart/form-data; boundary=b"}
    start = b'--b\r\nContent-Disposition: form-data; name="content"; filename="x"\r\n\r\n'
    chunked = client.post("/v1/orders", content=iter([start, b"x" * (2 << 20)]), headers=form)
    for answer in (_order(client, content=b"x" * (2 << 20)), chunked):
        assert (answer.status_code, answer.json()["title"]) == (413, "BodyTooLarge")


def test_unknown_orders_and_paths(client: TestClient) -> None:
    answer = client.get(f"/v1/orders/ord_{'x' * 24}")
    assert (answer.status_code, answer.json()["detail"]) == (404, "There is no order of that id.")
    assert client.get("/v1/orders/../../etc/passwd").status_code == 404
    assert client.get("/v1/orders/x").status_code == 422
    assert client.get("/nothing").headers["content-type"] == "application/problem+json"
    assert client.put("/v1/orders").status_code == 405


@pytest.mark.slow
def test_a_database_that_is_away_is_waited_for(settings: ServiceSettings, postgres: Postgres) -> None:
    app = make_app(replace(settings, database=postgres.database()))
    with TestClient(app, "http://localhost", raise_server_exceptions=False) as client:
        assert client.get("/v1/orders").json() == []
        postgres.kill()
        away = client.get("/v1/orders")
        assert (away.status_code, away.headers["content-type"]) == (503, "application/problem+json")
        assert away.json()["type"].endswith(":DatabaseAway")
        assert int(away.headers["retry-after"]) >= 1
        postgres.start()
        assert client.get("/v1/orders").json() == []
    app.state.studio.close()


def test_answers_carry_headers_that_protect(client: TestClient) -> None:
    for path in ("/healthz", "/v1/styles", "/nothing"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "access-control-allow-origin" not in headers


def test_styles_are_listed(client: TestClient) -> None:
    styles = {style["name"]: style for style in client.get("/v1/styles").json()}
    assert styles["starry-night"]["artist"]
    assert [styles[name]["code_only"] for name in ("starry-night", "mosaic")] == [True, False]


def test_styles_of_ones_own(client: TestClient) -> None:
    def keep(name: str, picture_: bytes) -> Any:
        return client.post("/v1/styles", data={"name": name}, files={"picture": picture_})

    kept = keep("My_Own", picture(40, 30, seed=3))
    assert (kept.status_code, kept.json()["name"], kept.json()["own"]) == (201, "my-own", True)
    assert client.get("/v1/styles").json()[-1]["name"] == "my-own"
    assert client.get("/v1/styles/my-own/picture").content == picture(40, 30, seed=3)
    assert client.get("/v1/styles/another/picture").status_code == 404
    assert _order(client, style="my-own:0.5").status_code == 202
    assert keep("mosaic", picture()).status_code == 400
    assert keep("../x", picture()).status_code == 400
    assert keep("good", b"no picture").status_code == 415
    assert client.delete("/v1/styles/my-own").status_code == 204
    gone = client.delete("/v1/styles/my-own")
    assert (gone.status_code, gone.headers["content-type"]) == (404, "application/problem+json")
    assert _order(client, style="my-own").status_code == 404


def test_the_api_describes_itself(client: TestClient) -> None:
    about = client.get("/v1/openapi.json").json()
    assert about["openapi"].startswith("3.1")
    assert {"/v1/orders", "/v1/paint", "/v1/orders/{order_id}/events"} <= set(about["paths"])


def test_a_slow_body_is_given_up(settings: ServiceSettings) -> None:
    """The limit of time, by the guard itself: with none left, nothing is waited for."""
    import asyncio

    from impasto.service.guard import Guard

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()

    async def never() -> Any:
        await asyncio.Event().wait()

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    guard = Guard(app, local=False, max_body=10, body_seconds=0.0)
    asyncio.run(guard({"type": "http", "headers": []}, never, send))
    assert sent[0]["status"] == 408
