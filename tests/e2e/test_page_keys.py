"""The page in Chromium before a server that asks for a key."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from chromium import Visit, visit
from http_threads import serving_limited
from ingress_app import catalog
from level_client import LevelClient
from playwright.sync_api import Browser, Route, expect

from ingress.app import create_app
from ingress.realtime.routes import MAX_MESSAGE_MB
from ingress.settings import Settings


@pytest.fixture
def locked(browser: Browser) -> Iterator[Visit]:
    """A server with a key, and models that count half seconds of sound."""
    settings = Settings(api_keys="secret key", voices_db="none")
    app = create_app(settings, LevelClient(), catalog())
    with (
        serving_limited(app, settings, max_message_mb=MAX_MESSAGE_MB) as url,
        visit(browser, url) as opened,
    ):
        opened.open()
        yield opened
        opened.problems[:] = [one for one in opened.problems if "401" not in one]


def enter_key(tab: Visit, key: str) -> None:
    tab.page.get_by_label("Key", exact=True).fill(key)
    tab.click("Use it")


def test_the_key_is_asked_for_and_stays_in_its_tab(locked: Visit) -> None:
    page = locked.page
    expect(page.get_by_role("dialog", name="API key")).to_contain_text("needs an API key")
    enter_key(locked, "wrong")
    expect(page.get_by_role("dialog", name="API key")).to_contain_text("not valid")
    enter_key(locked, "secret key")
    expect(page.locator("#speak-model")).to_have_value("piper")
    expect(page.get_by_role("alert").locator("visible=true")).to_have_count(0)
    locked.open("models")
    expect(page.get_by_role("rowheader", name="silero-vad")).to_be_visible()
    assert page.evaluate("[localStorage.length, document.cookie, location.search]") == [0, "", ""]
    other = page.context.new_page()
    other.goto(locked.url)
    expect(other.get_by_role("dialog", name="API key")).to_be_visible()
    locked.click("API key: set")
    locked.click("Forget it")
    expect(page.get_by_role("dialog", name="API key")).to_contain_text("needs an API key")


def test_a_late_refusal_does_not_touch_what_is_typed(locked: Visit) -> None:
    page, late = locked.page, list[Route]()
    expect(page.get_by_role("dialog", name="API key")).to_contain_text("needs an API key")
    page.route("**/v1/embed/models", lambda route: late.append(route))
    enter_key(locked, "wrong")
    expect(page.get_by_role("dialog", name="API key")).to_contain_text("not valid")
    page.get_by_label("Key", exact=True).fill("secret key")
    with page.expect_response("**/v1/embed/models") as refused:
        for route in late:
            route.continue_()
    assert refused.value.status == 401
    refused.value.finished()
    page.unroute("**/v1/embed/models")
    locked.click("Use it")
    expect(page.locator("#speak-model")).to_have_value("piper")
    expect(page.get_by_role("dialog", name="API key")).to_be_hidden()


def test_the_microphone_is_heard_with_a_key(locked: Visit) -> None:
    enter_key(locked, "secret key")
    locked.page.get_by_role("tab", name="Transcribe").click()
    locked.click("Live from the microphone")
    expect(locked.page.get_by_role("log")).to_contain_text("one two")
    locked.click("Stop")
    expect(locked.page.locator("#transcribe-status")).to_contain_text("from the microphone")


def test_the_reference_asks_for_the_key(locked: Visit) -> None:
    locked.page.goto(f"{locked.url}/docs")
    locked.page.get_by_label("API key").fill("secret key")
    assert "/v1/audio/speech" not in locked.text("body")
    locked.click("Read the reference")
    expect(locked.page.get_by_text("/v1/audio/speech", exact=True)).to_be_visible()
