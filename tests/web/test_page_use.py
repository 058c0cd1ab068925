"""How the page behaves: languages, keyboard, phone, camera, errors, and that nothing leaves it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from opened import Opened
from PIL import Image

from impasto.pictures import Picture
from impasto.pictures.resize import thumbnail
from impasto.runtime import canvas
from impasto.runtime.fast import FastPainter
from impasto.runtime.registry import ModelEntry
from impasto.styles import shelf
from impasto.web.serving import serving

pytestmark = pytest.mark.slow
PageOf = Callable[[ModelEntry], Path]
OpenPage = Callable[..., Opened]

_NO_PICTURE = "notes.txt 不是浏览器能读取的图片", "notes.txt is no picture that this browser can read"
_NO_CAMERA = {
    "NotFoundError": "There is no camera on this device.",
    "NotAllowedError": "The camera may not be used.",
    "NotReadableError": "another program may be using it",
}


@pytest.fixture(scope="module")
def page(page_of: PageOf, browser: object, swift: ModelEntry) -> Iterator[Opened]:
    """One page for several tests: to open it takes longer than to use it."""
    opened = Opened(browser, serving(page_of(swift), isolated=False), {})  # type: ignore[arg-type]
    opened.wait()
    yield opened
    opened.close()


def test_two_languages_on_a_phone(page_of: PageOf, open_page: OpenPage, swift: ModelEntry, tmp_path: Path) -> None:
    page = open_page(page_of(swift), locale="zh-TW", viewport={"width": 390, "height": 844})
    page.wait()
    tab = page.tab
    assert tab.get_attribute("html", "lang") == "zh-CN"
    assert (tab.inner_text("#choose"), tab.inner_text("#save")) == ("选择照片", "下载")
    assert "一切都留在本设备" in tab.inner_text(".private")
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    (tmp_path / "notes.txt").write_text("no picture")
    tab.set_input_files("#photo", tmp_path / "notes.txt")
    tab.wait_for_selector("#error:visible")
    assert _NO_PICTURE[0] in tab.inner_text("#error")
    tab.click("#language")
    assert tab.get_attribute("html", "lang") == "en"
    assert tab.inner_text("#choose") == "Choose a photo"
    assert _NO_PICTURE[1] in tab.inner_text("#error")
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    remembered = "(address) => import(address).then((its) => its.preferredLanguage())"
    assert tab.evaluate(remembered, page.address + "language.js") == "en"
    kinds = tab.evaluate(
        "(address) => import(address).then(({ WORDS }) => Object.values(WORDS).map((words) =>"
        " Object.fromEntries(Object.entries(words).map(([key, word]) => [key, typeof word]))))",
        page.address + "words.js",
    )
    assert kinds[0] == kinds[1], "both languages say the same things"
    assert page.wrong == []


_ASKED = """() => {
  const input = document.getElementById("photo");
  const note = (event) => {
    event.preventDefault();
    document.documentElement.dataset.asked = "photo";
  };
  input.addEventListener("click", note, { once: true });
}"""


def test_with_the_keyboard_alone(page: Opened, photo: Path) -> None:
    tab = page.tab
    page.choose_style("dusk")
    tab.focus("#language")
    reached = []
    for _ in range(9):
        tab.keyboard.press("Tab")
        reached.append(tab.evaluate("document.activeElement.id || document.activeElement.dataset.name"))
    assert [*dict.fromkeys(reached)][:4] == ["choose", "camera", "original", "save"]
    assert {"dusk", "strength", "brush", "blend"} <= set(reached)
    assert "plaid" not in reached, "one stop for all styles; arrows lead on"
    tab.evaluate(_ASKED)
    tab.focus("#choose")
    tab.keyboard.press("Enter")
    tab.wait_for_selector("html[data-asked=photo]", state="attached")
    page.choose_photo(photo)
    before = page.pixels()
    tab.focus("[data-name=dusk]")
    with page.painting():
        tab.keyboard.press("ArrowRight")
    assert tab.evaluate("document.activeElement.dataset.name") == "plaid"
    assert tab.get_attribute("[data-name=plaid]", "aria-checked") == "true"
    assert np.abs(page.pixels().astype(int) - before).mean() > 2
    tab.focus("#original")
    tab.keyboard.press("Space")
    with Image.open(photo) as image:
        np.testing.assert_array_equal(page.pixels(), np.asarray(image))
    tab.keyboard.press("Space")
    assert np.abs(page.pixels().astype(int) - np.asarray(image)).mean() > 2
    with tab.expect_download() as download:
        tab.click("#save")
    assert download.value.suggested_filename == "photo-plaid.jpg"
    with Image.open(download.value.path()) as saved:
        assert (saved.format, saved.size) == ("JPEG", (150, 90))
        assert np.abs(np.asarray(saved, np.int16) - page.pixels()).mean() < 8


def _hints(page: Opened) -> list[bool]:
    """Whether the easel and the styles say that something can be dropped on them."""
    shown = "(hints) => hints.map((hint) => getComputedStyle(hint).opacity === '1')"
    found: list[bool] = page.tab.locator(".stage .drop, .panel .drop").evaluate_all(shown)
    return found


def test_a_picture_is_dropped_where_it_belongs(
    page_of: PageOf, open_page: OpenPage, swift: ModelEntry, photo: Path
) -> None:
    page = open_page(page_of(swift), reduced_motion="reduce")
    page.wait()
    sample = page.pixels()
    page.drag(photo, "#styles")
    assert _hints(page) == [False, True]
    with page.painting():
        page.drag(photo, "#styles", "drop")
    assert _hints(page) == [False, False]
    assert page.tab.get_attribute("[data-name='@own']", "aria-checked") == "true"
    assert page.tab.inner_text("#title") == "Your own"
    assert page.pixels().shape == sample.shape
    assert np.abs(page.pixels().astype(int) - sample).mean() > 2
    page.drag(photo, "#stage")
    assert _hints(page) == [True, False]
    with page.painting():
        page.drag(photo, "#stage", "drop")
    assert page.pixels().shape == (90, 150, 3)
    assert page.wrong == []


def test_where_no_style_can_be_added_all_that_is_dropped_is_a_photo(
    page_of: PageOf, open_page: OpenPage, johnson: ModelEntry, photo: Path
) -> None:
    page = open_page(page_of(johnson), reduced_motion="reduce")
    page.wait()
    page.drag(photo, "#styles")
    assert _hints(page) == [True, False]
    with page.painting():
        page.drag(photo, "#styles", "drop")
    assert page.pixels().shape == (90, 150, 3)
    assert page.wrong == []


_REFUSED = """(name) => {
  navigator.mediaDevices.getUserMedia = async () => {
    throw new DOMException("", name);
  };
}"""


def test_without_a_camera_the_page_says_why(page: Opened) -> None:
    for name, says in _NO_CAMERA.items():
        page.tab.evaluate(_REFUSED, name)
        page.tab.click("#camera")
        page.tab.wait_for_selector(f"#error:has-text('{says}')")
        page.wait()
    page.tab.evaluate("delete navigator.mediaDevices.getUserMedia")


def test_the_camera_is_painted_and_a_picture_taken(page: Opened) -> None:
    tab = page.tab
    page.wait()
    tab.click("#camera")
    page.wait("live")
    assert not tab.is_visible("#error")
    tab.wait_for_selector("#told:has-text('frames a second, 256 × 256')")
    frames = int(tab.get_attribute("#stage", "data-frames") or 0)
    first = page.pixels()
    assert first.shape == (256, 256, 3)
    for _ in range(50):  # it may take some frames: on a busy machine the false camera's picture stands still at times
        tab.wait_for_selector(f"#stage:not([data-frames='{frames}'])")
        frames = int(tab.get_attribute("#stage", "data-frames") or 0)
        if moved := np.abs(page.pixels().astype(int) - first).mean() > 0:
            break
    assert moved, "the false camera's picture moves"
    with page.painting():
        tab.click("#snap")
    assert page.pixels().shape[0] == page.pixels().shape[1] > 480, "a square of all that the camera gives"
    tab.click("#camera")
    page.wait("live")
    with page.painting():
        tab.click("#camera")
    assert tab.inner_text("#camera") == "Camera"
    assert page.wrong == []


def test_a_camera_that_is_starting_is_not_started_again(page: Opened) -> None:
    tab = page.tab
    page.wait()
    tab.focus("#camera")
    tab.evaluate("for (let n = 0; n < 2; n++) document.getElementById('camera').click()")
    assert tab.is_disabled("#camera")
    tab.wait_for_selector("#camera:enabled")
    tab.wait_for_selector("#told:has-text('frames a second')")
    assert (tab.get_attribute("html", "data-state"), tab.is_visible("#error")) == ("live", False)
    with page.painting():
        tab.keyboard.press("Space")  # still there for the keyboard, and stops what it started
    assert page.wrong == []


_STILL = """(bytes) => {
  navigator.mediaDevices.getUserMedia = async () => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 256 });
    const context = canvas.getContext("2d");
    const still = new ImageData(Uint8ClampedArray.from(bytes), 256, 256);
    const draw = () => {
      context.putImageData(still, 32, 0);
      requestAnimationFrame(draw);
    };
    draw();
    return canvas.captureStream(30);
  };
}"""


def test_a_frame_is_painted_as_it_should_be(page: Opened, swift: ModelEntry, monkeypatch: pytest.MonkeyPatch) -> None:
    """A camera that sees a still: its middle, mirrored, as the network paints it in Python with the page's border."""
    small = np.random.default_rng(11).integers(60, 200, (4, 4, 3), dtype=np.uint8)
    still = Image.fromarray(small).resize((256, 256), Image.Resampling.BICUBIC)
    page.choose_style("dusk")
    page.tab.evaluate(_STILL, np.asarray(still.convert("RGBA")).ravel().tolist())
    page.tab.click("#camera")
    page.wait("live")
    page.tab.wait_for_selector("#told:has-text('frames a second')")
    found = page.pixels()
    with page.painting():
        page.tab.click("#camera")
    page.tab.evaluate("delete navigator.mediaDevices.getUserMedia")

    picture = Picture(np.asarray(still.transpose(Image.Transpose.FLIP_LEFT_RIGHT), np.float32) / 255)
    monkeypatch.setattr(canvas, "BORDER", 8)
    painter = FastPainter(swift.path)
    monkeypatch.setattr(painter, "_thumbnail", lambda content: thumbnail(content.pixels, (192, 192)))
    wanted = painter.paint(picture, shelf.find("dusk")).picture.pixels * 255
    assert np.abs(found - wanted).mean() < 3  # video has its own way of keeping colours
    assert np.abs(found - picture.pixels * 255).mean() > 10


def test_nothing_leaves_the_page_which_works_offline(page_of: PageOf, open_page: OpenPage, johnson: ModelEntry) -> None:
    page = open_page(page_of(johnson), service_workers="allow")  # from a host that sends no headers
    page.wait()
    tab = page.tab
    assert tab.evaluate("crossOriginIsolated"), "the service worker sees to it"
    assert tab.evaluate("navigator.serviceWorker.controller !== null")
    page.choose_style("night-sky")
    tab.click("#camera")
    page.wait("live")
    assert tab.evaluate(
        "new Promise((resolve) => { addEventListener('securitypolicyviolation', (event) => resolve(event.blockedURI));"
        " fetch('https://example.org/').catch(() => {}); })"
    ).startswith("https://example.org")
    assert page.asked
    outside = [address for address in page.asked if not address.startswith((page.address, "blob:"))]
    assert [address for address in outside if not address.startswith("https://example.org")] == []
    page.stop_serving()
    tab.reload()
    page.wait()
    page.choose_style("night-sky")


def test_opened_as_a_file(page_of: PageOf, browser: object, johnson: ModelEntry) -> None:
    for locale, says in (("en-GB", "must come from a web server"), ("zh-CN", "需要通过网页服务器打开")):
        tab = browser.new_page(locale=locale)  # type: ignore[attr-defined]
        tab.goto((page_of(johnson) / "index.html").as_uri())
        tab.wait_for_selector("#error:visible")
        assert says in tab.inner_text("#error")
        assert "python -m http.server" in tab.inner_text("#error")
        tab.close()
