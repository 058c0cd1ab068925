"""The studio's page, in a real browser, with a real worker behind."""

from __future__ import annotations

import base64
import contextlib
import io
import re
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import uvicorn
from PIL import Image
from tests.service.conftest import StartWorker, picture

from impasto.service.api import make_app
from impasto.service.book import OrderBook
from impasto.service.keys import Keys
from impasto.service.settings import ServiceSettings

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

pytestmark = pytest.mark.slow
_PATIENCE = 90_000  # milliseconds
_READ = """(what) => {
  const image = document.getElementById(what);
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
  canvas.getContext("2d").drawImage(image, 0, 0);
  return canvas.toDataURL("image/png");
}"""


_DROP = """({ place, file, name }) => {
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([Uint8Array.from(atob(file), (letter) => letter.charCodeAt())], name));
  const event = new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer });
  document.querySelector(place).dispatchEvent(event);
}"""


@contextlib.contextmanager
def _served(settings: ServiceSettings) -> Iterator[str]:
    """A studio that listens, and its address."""
    app = make_app(settings)
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
    finally:
        server.should_exit = True
        thread.join()
        app.state.studio.close()


class Visit:
    """The page as somebody sees it.

    Attributes:
        wrong: what scripts, and the browser's guard, complained of.
        asked: addresses of all requests.
    """

    def __init__(self, browser: Browser, address: str, **visitor: Any) -> None:
        self.context = browser.new_context(**{"locale": "en-GB", **visitor})
        self.wrong: list[str] = []
        self.asked: list[str] = []
        self.context.on("request", lambda request: self.asked.append(request.url))
        self.tab: Page = self.context.new_page()
        self.tab.set_default_timeout(_PATIENCE)
        self.tab.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.tab.on("console", lambda said: self.wrong.append(said.text) if "Security" in said.text else None)
        self.tab.goto(address)

    def wait(self, state: str) -> None:
        self.tab.wait_for_selector(f"html[data-state={state}]", state="attached")

    def order(self, photo: Path) -> None:
        self.tab.set_input_files("#photo", photo)
        self.tab.wait_for_selector(f"#told:has-text('{photo.name}')")
        self.tab.click("#paint")

    def drop(self, photo: Path, place: str) -> None:
        file = base64.b64encode(photo.read_bytes()).decode()
        self.tab.evaluate(_DROP, {"place": place, "file": file, "name": photo.name})

    def cancel_all(self, address: str) -> None:
        """As another page of the same visitor would."""
        for order in self.tab.request.get(f"{address}v1/orders?most=1000").json():
            self.tab.request.delete(f"{address}v1/orders/{order['id']}")

    def pixels(self, what: str) -> np.ndarray[Any, np.dtype[np.uint8]]:
        """(H, W, 3) of a picture on the easel."""
        data = self.tab.evaluate(_READ, what)
        with Image.open(io.BytesIO(base64.b64decode(data.partition(",")[2]))) as image:
            return np.asarray(image.convert("RGB"))


@pytest.fixture
def visits() -> Iterator[list[Visit]]:
    open_visits: list[Visit] = []
    yield open_visits
    for visit in open_visits:
        visit.context.close()


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "garden.png"
    path.write_bytes(picture(90, 60))
    return path


def test_a_painting_from_the_photo_to_the_file(
    browser: Browser, visits: list[Visit], settings: ServiceSettings, start_worker: StartWorker, photo: Path
) -> None:
    with _served(settings) as address:
        visits.append(visit := Visit(browser, address, accept_downloads=True))
        tab = visit.tab
        visit.wait("ready")
        assert tab.inner_text("#told").startswith("A sample.")
        tab.click("[data-name='mosaic']")
        assert tab.inner_text("#title") == "Mosaic"
        tab.select_option("#format", "png")
        tab.select_option("#blend", "great-wave")
        tab.fill("#strength", "80")
        # In the queue; then the page is opened anew, and sees the end.
        visit.order(photo)
        visit.wait("queued")
        assert tab.is_visible("#cancel")
        tab.reload()
        visit.wait("queued")
        start_worker(settings)
        visit.wait("done")
        assert "90 × 60, painted in" in tab.inner_text("#told")
        assert tab.locator(".order").count() == 1
        assert np.array_equal(visit.pixels("before"), np.asarray(Image.open(photo).convert("RGB")))
        painted = visit.pixels("after")
        # The seam, by the keyboard.
        tab.focus("#cut")
        for _ in range(30):
            tab.keyboard.press("ArrowRight")
        assert (
            tab.evaluate("() => getComputedStyle(document.getElementById('after')).clipPath")
            == "inset(0px 0px 0px 30%)"
        )
        with tab.expect_download() as download:
            tab.click("#save")
        assert download.value.suggested_filename.endswith("mosaic-great-wave.png")
        with Image.open(download.value.path()) as file:
            assert np.array_equal(np.asarray(file.convert("RGB")), painted)
        book = OrderBook(settings)
        (order,) = book.orders()
        book.close()
        assert order.request.settings == {"strength": 0.8}
        assert [(style.name, style.weight) for style in order.request.styles] == [("mosaic", 0.5), ("great-wave", 0.5)]
        # What hangs in the gallery can be taken down.
        tab.hover(".order")
        tab.click(".remove")
        tab.wait_for_selector("#empty:visible")
        assert visit.wrong == []
        assert all(url.startswith((address, "blob:", "data:")) for url in visit.asked)


def test_a_painting_that_is_sooner_than_its_photo_is_seen(
    browser: Browser, visits: list[Visit], settings: ServiceSettings, start_worker: StartWorker, photo: Path
) -> None:
    with _served(settings) as address:
        visits.append(visit := Visit(browser, address))
        tab = visit.tab
        visit.wait("ready")
        visit.order(photo)
        visit.wait("queued")
        held: list[Route] = []
        tab.route("**/content", lambda route: held.append(route))
        tab.reload()
        tab.wait_for_selector(".order[data-state=queued]")
        start_worker(settings)
        visit.wait("done")
        (route,) = held
        route.continue_()
        tab.wait_for_selector("#cut:visible")  # the seam between the two
        assert visit.wrong == []


def test_cancelled_wrong_and_two_languages_on_a_phone(
    browser: Browser, visits: list[Visit], settings: ServiceSettings, photo: Path, tmp_path: Path
) -> None:
    with _served(replace(settings, max_body=1 << 20)) as address:
        phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
        visits.append(visit := Visit(browser, address, locale="zh-TW", **phone))
        tab = visit.tab
        visit.wait("ready")
        assert tab.get_attribute("html", "lang") == "zh-CN"
        assert (tab.inner_text("#paint"), tab.inner_text("#title")) == ("开始作画", "星夜")
        visit.order(photo)
        visit.wait("queued")
        tab.click("#cancel")
        visit.wait("cancelled")
        assert tab.inner_text("#told") == "已取消。"
        # What is no picture is refused, in the language of the page, and so is what is too large.
        notes = tmp_path / "notes.txt"
        notes.write_text("no picture")
        visit.order(notes)
        tab.wait_for_selector("#error:visible")
        assert tab.inner_text("#error").startswith("这不是图片文件")
        tab.click("#language")
        assert tab.inner_text("#error").startswith("The picture is a text")
        assert (tab.inner_text("#paint"), tab.inner_text("#title")) == ("Paint", "The Starry Night")
        large = tmp_path / "large.png"
        large.write_bytes(bytes((1 << 20) + 1))
        tab.set_input_files("#photo", large)
        tab.wait_for_selector("#error:has-text('larger than the 1 MB')")
        assert tab.evaluate("() => document.documentElement.scrollWidth") <= 390
        words = (
            "(address) => import(address).then(({ WORDS }) => Object.values(WORDS).map((words) =>"
            " Object.fromEntries(Object.entries(words).map(([key, word]) => [key, typeof word]))))"
        )
        first, second = tab.evaluate(words, f"{address}words.js")
        assert first == second, "both languages say the same things"
        assert visit.wrong == []


def test_own_styles_stay(browser: Browser, visits: list[Visit], settings: ServiceSettings, photo: Path) -> None:
    with _served(settings) as address:
        visits.append(visit := Visit(browser, address))
        tab = visit.tab
        visit.wait("ready")
        tab.set_input_files("#picture", photo)
        tab.wait_for_selector("#title:has-text('garden')")
        assert tab.inner_text("#about") == "A picture of yours."
        visit.tab.click("#paint")
        visit.wait("queued")
        tab.reload()
        visit.wait("queued")
        assert tab.inner_text("#title") == "garden"
        assert "A picture of yours" in str(tab.get_attribute(".hung", "aria-label"))
        assert visit.wrong == []


def test_a_picture_dropped_on_the_styles_is_a_style(
    browser: Browser, visits: list[Visit], settings: ServiceSettings, photo: Path
) -> None:
    with _served(settings) as address:
        visits.append(visit := Visit(browser, address))
        visit.wait("ready")
        visit.drop(photo, "#styles")
        visit.tab.wait_for_selector("#title:has-text('garden')")
        assert visit.tab.inner_text("#told").startswith("A sample."), "the photo stays"
        visit.drop(photo, "#stage")
        visit.tab.wait_for_selector("#told:has-text('garden.png')")
        assert visit.wrong == []


def test_all_that_hangs_in_the_gallery_is_watched(
    browser: Browser, visits: list[Visit], settings: ServiceSettings, photo: Path
) -> None:
    with _served(settings) as address:
        visits.append(visit := Visit(browser, address))
        tab = visit.tab
        visit.wait("ready")
        many = [{"name": f"{n}.png", "mimeType": "image/png", "buffer": photo.read_bytes()} for n in range(27)]
        tab.set_input_files("#photo", many)
        tab.wait_for_selector("#told:has-text('26 more')")
        tab.click("#paint")
        tab.wait_for_selector(".order:nth-child(27)")
        visit.wait("queued")
        visit.cancel_all(address)
        tab.locator(".order[data-state=cancelled]").nth(26).wait_for()
        assert visit.wrong == []


@pytest.mark.parametrize(("ill", "dead"), [("most=", "/events"), ("/events", "most=")], ids=["watched", "followed"])
def test_trouble_that_passes(
    browser: Browser, visits: list[Visit], settings: ServiceSettings, photo: Path, ill: str, dead: str
) -> None:
    """The page hears of an order by two ways: either goes on after trouble, while the other has none but trouble."""
    troubles: list[Callable[[Route], None]] = [
        lambda route: route.fulfill(status=503, headers={"Retry-After": "1"}),
        lambda route: route.fulfill(status=429, headers={"Retry-After": "1"}),
        lambda route: route.abort(),
    ]
    with _served(settings) as address:
        visits.append(visit := Visit(browser, address))
        tab = visit.tab
        visit.wait("ready")
        tab.route(re.compile(dead), lambda route: route.fulfill(status=503, headers={"Retry-After": "600"}))
        tab.route(re.compile(ill), lambda route: troubles.pop(0)(route) if troubles else route.continue_())
        visit.order(photo)
        visit.wait("queued")
        tab.wait_for_selector("#error:has-text('This page tries again')")
        visit.cancel_all(address)
        visit.wait("cancelled")
        assert troubles == []
        assert not tab.is_visible("#error")
        assert visit.wrong == []


def test_who_may_order_no_more_is_told_so(
    browser: Browser, visits: list[Visit], settings: ServiceSettings, photo: Path
) -> None:
    book = OrderBook(settings)
    secret = Keys(book.engine, needed=True).add("shop", open_orders=1)[1]
    book.close()
    with _served(replace(settings, keys=True)) as address:
        visits.append(visit := Visit(browser, address))
        tab = visit.tab
        tab.fill("#key", secret)
        tab.keyboard.press("Enter")
        visit.wait("ready")
        other = photo.with_name("other.png")
        other.write_bytes(photo.read_bytes())
        tab.set_input_files("#photo", [photo, other])
        tab.wait_for_selector("#told:has-text('1 more')")
        tab.click("#paint")
        visit.wait("queued")
        tab.wait_for_selector("#error:has-text('1 orders of this key are open already')")
        tab.click("#language")
        assert tab.inner_text("#error").startswith("已达到使用上限")
        assert tab.locator(".order").count() == 1


def test_who_has_a_key_comes_in(browser: Browser, visits: list[Visit], settings: ServiceSettings) -> None:
    book = OrderBook(settings)
    secret = Keys(book.engine, needed=True).add("shop")[1]
    book.close()
    with _served(replace(settings, keys=True)) as address:
        visits.append(visit := Visit(browser, address))
        tab = visit.tab
        visit.wait("closed")
        assert not tab.is_visible("#paint")
        tab.fill("#key", "wrong")
        tab.keyboard.press("Enter")
        tab.wait_for_selector("#door-told:has-text('key')")
        tab.fill("#key", secret)
        tab.keyboard.press("Enter")
        visit.wait("ready")
        assert not tab.is_visible("#door")
        tab.reload()
        visit.wait("ready")
        assert visit.wrong == []
