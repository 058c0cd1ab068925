"""A page as somebody sees and uses it."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from playwright.sync_api import Browser

_PATIENCE = 60_000  # milliseconds; two processes share two cores
_DRAG = """({ place, what, file, name }) => {
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([Uint8Array.from(atob(file), (letter) => letter.charCodeAt())], name));
  const event = new DragEvent(what, { bubbles: true, cancelable: true, dataTransfer });
  document.querySelector(place).dispatchEvent(event);
}"""


class Opened:
    """A page in a browser of its own.

    Attributes:
        tab: Playwright's page.
        asked: addresses of all requests.
        wrong: what scripts complained of.
    """

    def __init__(self, browser: Browser, served: AbstractContextManager[str], visitor: dict[str, Any]) -> None:
        self._served: AbstractContextManager[str] | None = served
        self.address = served.__enter__()
        before = visitor.pop("before", "")
        self.context = browser.new_context(**{"locale": "en-GB", "service_workers": "block", **visitor})
        if before:
            self.context.add_init_script(before)
        self.asked: list[str] = []
        self.wrong: list[str] = []
        self.context.on("request", lambda request: self.asked.append(request.url))
        self.tab = self.context.new_page()
        self.tab.set_default_timeout(_PATIENCE)
        self.tab.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.tab.goto(self.address)

    def close(self) -> None:
        self.context.close()
        self.stop_serving()

    def stop_serving(self) -> None:
        if self._served is not None:
            self._served.__exit__(None, None, None)
            self._served = None

    def wait(self, state: str = "painted") -> None:
        self.tab.wait_for_selector(f"html[data-state={state}]", state="attached")

    @contextmanager
    def painting(self) -> Iterator[None]:
        """Wait until what is done in the `with` block is painted."""
        self.tab.wait_for_selector("html[data-state=painted], html[data-state=live]", state="attached")
        before = int(self.tab.get_attribute("html", "data-paintings") or 0)
        yield
        self.tab.wait_for_selector(f"html[data-state=painted][data-paintings='{before + 1}']", state="attached")

    def choose_photo(self, photo: Path) -> None:
        with self.painting():
            self.tab.set_input_files("#photo", photo)

    def drag(self, photo: Path, place: str, what: str = "dragover") -> None:
        """Hold a file over an element, or drop it there."""
        file = base64.b64encode(photo.read_bytes()).decode()
        self.tab.evaluate(_DRAG, {"place": place, "what": what, "file": file, "name": photo.name})

    def choose_style(self, name: str) -> None:
        with self.painting():
            self.tab.click(f"[data-name='{name}']")

    def dial(self, name: str, value: str) -> None:
        """Move a dial or choose from a list."""
        with self.painting():
            if self.tab.evaluate(f"document.getElementById('{name}').tagName") == "SELECT":
                self.tab.select_option(f"#{name}", value)
            else:
                self.tab.fill(f"#{name}", value)

    def pixels(self) -> NDArray[np.uint8]:
        """(H, W, 3) of what the canvas shows."""
        data = self.tab.evaluate("document.getElementById('canvas').toDataURL('image/png')")
        with Image.open(io.BytesIO(base64.b64decode(data.partition(",")[2]))) as image:
            return np.asarray(image.convert("RGB"))
