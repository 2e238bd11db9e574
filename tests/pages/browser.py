"""A headless Chromium that looks at pages: what it drew, what it asked for, what it complained of.

In the build graph browser and driver are packages of the build root. Elsewhere a test that needs
them is skipped where they are not installed.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import pytest
from selenium import webdriver
from selenium.common.exceptions import TimeoutException
from selenium.webdriver import ActionChains
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait

Scheme: TypeAlias = Literal["light", "dark"]
WIDTH: Final = 1400
HEIGHT: Final = 1000
TIMEOUT_S: Final = 60.0
WITHOUT_NETWORK: Final = ("file:", "data:", "blob:")
IN_BUILD_GRAPH: Final = "TEST_WORKSPACE" in os.environ
_OPTIONS: Final = (
    *("--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"),
    *("--no-first-run", "--no-default-browser-check", "--disable-extensions"),
    *("--disable-quic", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--disable-domain-reliability", "--metrics-recording-only"),
    *(
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        f"--window-size={WIDTH},{HEIGHT}",
    ),
)


class Browser:
    """One page at a time."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self._driver = driver

    def open(self, page: Path, scheme: Scheme = "light") -> None:
        """Shows a file as somebody who prefers this scheme sees it, drawn to its end."""
        self.visit(page.resolve().as_uri(), scheme)

    def visit(self, address: str, scheme: Scheme = "light") -> None:
        """Shows an address likewise; nothing of a page shown before is left."""
        self.show(address, scheme)
        self.await_drawn()

    def show(self, address: str, scheme: Scheme = "light") -> None:
        """Shows an address, without waiting for what it draws."""
        self._emulate(scheme)
        self._driver.get("about:blank")
        for kind in ("browser", "performance"):
            self._log(kind)  # of the page before
        self._driver.get(address)

    def is_wide(self, width: int, height: int = HEIGHT) -> None:
        """The page has so many pixels from now on."""
        self.command(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def press(self, *keys: str) -> None:
        """Types keys, at what has the focus."""
        ActionChains(self._driver).send_keys(*keys).perform()

    def hold(self, key: str, until: Callable[[], bool], what: str) -> None:
        """Holds a key down until something is so."""
        ActionChains(self._driver).key_down(key).perform()
        try:
            self.until(until, what)
        finally:
            ActionChains(self._driver).key_up(key).perform()

    def until(self, done: Callable[[], bool], what: str) -> None:
        """Waits for something; `what` says it where it does not come."""
        try:
            WebDriverWait(self._driver, TIMEOUT_S).until(lambda _: done())
        except TimeoutException:
            shown = self.run("return document.body.innerText")
            raise AssertionError(f"{what}: never; the page says {shown}") from None

    def on_paper(self, scheme: Scheme) -> None:
        """From now on it is printed."""
        self._emulate(scheme, media="print")
        self.await_drawn()

    def _emulate(self, scheme: Scheme, media: str = "screen") -> None:
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.command("Emulation.setEmulatedMedia", media=media, features=features)

    def await_drawn(self) -> None:
        """Until the page says that all its charts are drawn."""
        self.await_so("return document.documentElement.dataset.drawn !== undefined")

    def await_so(self, script: str, *arguments: Any) -> None:
        """Until a script in the page returns true."""
        WebDriverWait(self._driver, TIMEOUT_S).until(lambda _: self.run(script, *arguments))

    def run(self, script: str, *arguments: Any) -> Any:
        """What a script in the page returns."""
        return self._driver.execute_script(script, *arguments)

    def command(self, name: str, **parameters: Any) -> dict[str, Any]:
        """A command of the browser's own protocol."""
        answer: dict[str, Any] = self._driver.execute_cdp_cmd(name, parameters)
        return answer

    def text(self, selector: str) -> str:
        return str(self.run("return document.querySelector(arguments[0]).innerText", selector))

    def complaints(self) -> list[str]:
        """What stands in its console since the page was opened."""
        return [str(entry["message"]) for entry in self._log("browser")]

    def requests(self) -> list[str]:
        """Every address asked for since the page was opened."""
        asked = []
        for entry in self._log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                asked.append(message["params"]["request"]["url"])
        return asked

    def _log(self, kind: str) -> list[dict[str, Any]]:
        """What was logged since this was last asked."""
        entries: list[dict[str, Any]] = self._driver.get_log(kind)  # type: ignore[no-untyped-call]
        return entries

    def picture(self, name: str) -> Path | None:
        """Keeps the whole page as NAME.png where the build graph collects what tests leave."""
        folder = os.environ.get("TEST_UNDECLARED_OUTPUTS_DIR")
        if folder is None:
            return None
        path = Path(folder) / f"{name}.png"
        path.write_bytes(self.png())
        return path

    def png(self, height: int | None = None) -> bytes:
        """The page as a picture, from its top; without a height all of it."""
        width = self.run("return document.documentElement.clientWidth")
        whole = self.run("return document.documentElement.scrollHeight")
        shown = whole if height is None else min(height, whole)
        clip = {"x": 0, "y": 0, "width": width, "height": shown, "scale": 1}
        taken = self.command("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        return base64.b64decode(taken["data"])


@contextmanager
def browser(folder: Path) -> Iterator[Browser]:
    """A browser whose own files are all in `folder`; skips where none is installed."""
    chromium, chromedriver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or chromedriver is None:
        assert not IN_BUILD_GRAPH, "the build root has chromium and chromedriver"
        pytest.skip("no chromium and chromedriver here")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for option in (*_OPTIONS, f"--user-data-dir={folder / 'profile'}"):
        options.add_argument(option)
    if os.geteuid() == 0 or IN_BUILD_GRAPH:
        # Not for root, nor where namespaces are nested; it opens our own pages alone.
        options.add_argument("--no-sandbox")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    home = {**os.environ, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder / "config")}
    service = Service(chromedriver, env=home, log_output=str(folder / "chromedriver.log"))
    driver = webdriver.Chrome(options=options, service=service)
    try:
        yield Browser(driver)
    finally:
        driver.quit()
