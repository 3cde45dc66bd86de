"""Headless Chromium on the page: what it heard, what went wrong, and whom it asked."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from contract.audio.codec import Audio, resample, wav_bytes
from transport.decoding.reading import decode

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_PHONE = 360
_PATIENCE_MS = 120_000
SCREENSHOTS = "PAGE_SCREENSHOTS"
"""Names a folder: the tests write a picture of each view there (`make screenshots`)."""


@contextmanager
def chromium(microphone: Path | None = None, *, is_repeated: bool = False) -> Iterator[Browser]:
    """`microphone`: a WAV file that is heard from when the page opens it, once or again and again.
    Skips where no Chromium is installed."""
    program = next(filter(None, map(shutil.which, _NAMES)), None)
    if program is None:
        pytest.skip("no Chromium is installed (apt-get install chromium)")
    arguments = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
    if microphone:
        end = "" if is_repeated else "%noloop"
        arguments.append(f"--use-file-for-fake-audio-capture={microphone}{end}")
    expect.set_options(timeout=_PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def chromium_hearing(
    recording: Path, folder: Path, *, is_repeated: bool = False
) -> Iterator[Browser]:
    """The same, with a microphone that hears a recording; `folder` takes it as WAV."""
    spoken = decode(recording.read_bytes(), max_bytes=1 << 24, max_seconds=60)
    heard = folder / "microphone.wav"
    heard.write_bytes(wav_bytes(resample(spoken, 48_000)))
    with chromium(heard, is_repeated=is_repeated) as browser:
        yield browser


@dataclass
class Visit:
    """A tab on one server. What must not happen is collected in `problems`."""

    page: Page
    url: str
    problems: list[str] = field(default_factory=list)

    def open(self, view: str = "") -> None:
        """Load the page anew, at a view."""
        self.page.goto("about:blank")
        self.page.goto(f"{self.url}/#{view}" if view else self.url)
        self.page.wait_for_selector("body[data-state]")

    def click(self, name: str, **kwargs: Any) -> None:
        self.page.get_by_role("button", name=name, exact=True).click(**kwargs)

    def text(self, selector: str) -> str:
        return self.page.locator(selector).inner_text()

    def download(self, name: str) -> bytes:
        with self.page.expect_download() as found:
            self.page.get_by_role("link", name=f"Download {name}").locator("visible=true").click()
        return Path(found.value.path()).read_bytes()

    def sound(self, name: str) -> Audio:
        """What a player would play of a download."""
        return decode(self.download(name), max_bytes=1 << 26, max_seconds=120)

    def wait_until_played(self, player: str, seconds: float) -> None:
        """The page's own policy forbids to watch this from inside it by a string of code."""
        end_s = time.monotonic() + _PATIENCE_MS / 1000
        while self.page.locator(player).evaluate("player => player.currentTime") <= seconds:
            assert time.monotonic() < end_s, "it was not played"
            self.page.wait_for_timeout(50)

    def is_drawn(self, canvas: str) -> bool:
        """Whether the canvas has colours at all heights of speech, and not a line alone."""
        rows: int = self.page.locator(canvas).evaluate(
            """canvas => {
              const { data } = canvas.getContext("2d")
                .getImageData(0, 0, canvas.width, canvas.height);
              const rows = new Set();
              for (let at = 3; at < data.length; at += 4)
                if (data[at] === 255) rows.add(Math.floor(at / 4 / canvas.width));
              return rows.size;
            }"""
        )
        return rows > 20

    def picture(self, name: str) -> None:
        if folder := os.environ.get(SCREENSHOTS):
            self.page.evaluate("scrollTo(0, 0)")
            self.page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)

    def overflow(self) -> int:
        """Pixels by which the view is wider than a phone."""
        self.page.set_viewport_size({"width": _PHONE, "height": 740})
        wide: int = self.page.evaluate("document.documentElement.scrollWidth")
        return wide - _PHONE


@contextmanager
def visit(browser: Browser, url: str, **context: Any) -> Iterator[Visit]:
    """Ends with a check: no errors in the console, no request to another host."""
    opened = browser.new_context(viewport={"width": 900, "height": 700}, **context)
    opened.set_default_timeout(_PATIENCE_MS)
    page = opened.new_page()
    made = Visit(page, url)
    allowed = (url, url.replace("http", "ws", 1), "blob:", "data:", "about:")
    page.on("pageerror", lambda error: made.problems.append(f"error: {error}"))
    page.on("console", lambda message: _note(made, message.type, message.text))
    page.on("request", lambda one: None if one.url.startswith(allowed) else _other(made, one.url))
    page.on("websocket", lambda one: None if one.url.startswith(allowed) else _other(made, one.url))
    try:
        yield made
        assert made.problems == []
    finally:
        opened.close()


def _note(made: Visit, kind: str, text: str) -> None:
    if kind in ("error", "warning"):
        made.problems.append(f"{kind}: {text}")


def _other(made: Visit, url: str) -> None:
    made.problems.append(f"request to another host: {url}")
