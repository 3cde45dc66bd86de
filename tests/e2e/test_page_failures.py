"""The page when something is wrong: keys, microphone, files, hostile text, a server that goes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from chromium import Visit, visit
from http_threads import serving_limited
from ingress_app import catalog
from level_client import LevelClient
from playwright.sync_api import Browser, expect
from served import ROOT

from contract.errors import ModelFailed
from ingress.app import create_app
from ingress.realtime.routes import MAX_MESSAGE_MB
from ingress.settings import Settings

RECORDING = ROOT / "tests/data/jfk.flac"
HOSTILE = (
    "<img src=x onerror=document.body.dataset.hit=1><script>document.body.dataset.hit=2</script>"
)
NARROW = 320
"""CSS pixels that WCAG 2.1 asks a page to fit in (success criterion 1.4.10)."""


@pytest.fixture
def models() -> LevelClient:
    return LevelClient()


@pytest.fixture
def server(models: LevelClient) -> Iterator[tuple[str, ExitStack]]:
    """Its address, and what stops it when it is closed."""
    settings = Settings(voices_db="none", max_body_mb=8, max_audio_mb=4)
    app = create_app(settings, models, catalog())
    with ExitStack() as running:
        url = serving_limited(app, settings, max_message_mb=MAX_MESSAGE_MB)
        yield running.enter_context(url), running


@pytest.fixture
def tab(browser: Browser, server: tuple[str, ExitStack]) -> Iterator[Visit]:
    with visit(browser, server[0]) as opened:
        opened.open("transcribe")
        yield opened
        noted = ("Failed to load resource", "WebSocket connection")  # Chromium's own notes
        opened.problems[:] = [one for one in opened.problems if not any(n in one for n in noted)]


def alert(tab: Visit) -> str:
    shown = tab.page.get_by_role("alert").locator("visible=true")
    expect(shown).to_have_count(1)
    return shown.inner_text()


def transcribe(tab: Visit, file: Path) -> None:
    tab.page.locator("#transcribe-file").set_input_files(file)
    tab.click("Transcribe")


def test_after_a_file_without_sound_the_next_one_is_heard(tab: Visit, tmp_path: Path) -> None:
    broken = tmp_path / "notes.wav"
    broken.write_bytes(b"no sound at all")
    transcribe(tab, broken)
    assert "file" in alert(tab)
    transcribe(tab, RECORDING)
    expect(tab.page.locator("#transcribe-status")).to_contain_text("segments")
    expect(tab.page.get_by_role("alert").locator("visible=true")).to_have_count(0)


def test_a_hundred_megabytes_are_refused_with_the_limit(tab: Visit, tmp_path: Path) -> None:
    long = tmp_path / "long.wav"
    with long.open("wb") as file:
        file.truncate(100_000_000)
    transcribe(tab, long)
    assert "MB" in alert(tab)


def test_what_a_model_and_a_file_are_called_is_text_and_never_markup(
    tab: Visit, models: LevelClient, tmp_path: Path
) -> None:
    models.ending = HOSTILE
    file = tmp_path / "'; touch hit; <b onclick=x>.flac"
    file.write_bytes(RECORDING.read_bytes())
    transcribe(tab, file)
    expect(tab.page.locator("#transcribe-result li").first).to_contain_text("onerror")
    tab.page.locator("#transcribe-result summary").click()
    assert r"'\''; touch hit;" in tab.page.get_by_role("region", name="curl code").inner_text()
    assert tab.page.locator("#main img, #main b").count() == 0
    assert tab.page.evaluate("document.body.dataset.hit") is None
    assert HOSTILE in tab.download("srt").decode()


def test_a_model_that_fails_is_said_and_the_page_goes_on(tab: Visit, models: LevelClient) -> None:
    models.failures["whisper"] = ModelFailed("the model failed")
    transcribe(tab, RECORDING)
    assert "failed" in alert(tab)
    models.failures.clear()
    tab.click("Transcribe")
    expect(tab.page.locator("#transcribe-status")).to_contain_text("segments")


def test_a_second_transcription_replaces_the_first(tab: Visit, models: LevelClient) -> None:
    transcribe(tab, RECORDING)
    tab.click("Transcribe")
    tab.click("Transcribe")
    expect(tab.page.locator("#transcribe-status")).to_contain_text("segments")


@pytest.mark.parametrize("view", ["transcribe", "speak", "models"])
def test_a_server_that_is_gone_is_said(
    tab: Visit, server: tuple[str, ExitStack], view: str
) -> None:
    server[1].close()
    tab.page.get_by_role("tab", name=view.capitalize()).click()
    if view == "transcribe":
        transcribe(tab, RECORDING)
    elif view == "speak":
        tab.click("Speak")
    assert "cannot be reached" in alert(tab)


def test_what_was_heard_before_the_server_went_is_kept(
    tab: Visit, server: tuple[str, ExitStack]
) -> None:
    tab.click("Live from the microphone")
    expect(tab.page.get_by_role("log")).to_contain_text("one two")
    server[1].close()
    assert "closed the session" in alert(tab)
    expect(tab.page.locator("#transcribe-result li").first).to_contain_text("one")
    assert tab.sound("microphone.wav").duration_s > 1
    expect(tab.page.get_by_role("button", name="Live from the microphone")).to_have_attribute(
        "aria-pressed", "false"
    )


def test_speech_that_arrived_before_the_stream_broke_is_kept(
    tab: Visit, models: LevelClient
) -> None:
    models.sentences = 2
    tab.page.get_by_role("tab", name="Speak").click()
    tab.page.get_by_label("Text").locator("visible=true").fill("One. Two. Three. Four.")
    tab.click("Speak")
    assert "broke off" in alert(tab)
    assert tab.sound("speech.wav").duration_s == pytest.approx(2, abs=0.2)
    expect(tab.page.get_by_role("button", name="Stop", exact=True)).to_be_disabled()


def test_a_microphone_that_is_denied_is_said(tab: Visit) -> None:
    tab.page.evaluate(
        """() => { navigator.mediaDevices.getUserMedia = () =>
             Promise.reject(new DOMException("Permission denied", "NotAllowedError")); }"""
    )
    tab.click("Record")
    expect(tab.page.locator("#transcribe-source")).to_contain_text("Permission denied")
    tab.click("Live from the microphone")
    assert "Permission denied" in alert(tab)
    expect(tab.page.get_by_role("button", name="Record", exact=True)).to_be_enabled()


def test_two_presses_open_one_microphone(tab: Visit) -> None:
    tab.page.evaluate(
        """() => {
          const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
          window.opened = [];
          navigator.mediaDevices.getUserMedia = async (wish) => {
            const stream = await open(wish);
            window.opened.push(stream);
            return stream;
          };
        }"""
    )
    tab.page.get_by_role("button", name="Record", exact=True).evaluate(
        "button => { button.click(); button.click(); }"
    )
    tab.click("End the recording")
    states = "window.opened.flatMap(one => one.getTracks()).map(one => one.readyState)"
    assert tab.page.evaluate(states) == ["ended"]


def test_a_key_that_no_header_can_hold_is_not_taken(tab: Visit) -> None:
    tab.click("API key")
    tab.page.get_by_label("Key", exact=True).fill("ключ")
    tab.click("Use it")
    expect(tab.page.get_by_role("dialog", name="API key")).to_contain_text("letters")
    tab.page.get_by_label("Key", exact=True).fill("a good one")
    tab.click("Use it")
    expect(tab.page.get_by_role("button", name="API key: set")).to_be_visible()


def test_code_is_selected_where_the_browser_gives_no_clipboard(tab: Visit) -> None:
    transcribe(tab, RECORDING)
    tab.page.locator("#transcribe-result summary").click()
    tab.page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    tab.click("Copy curl")
    expect(tab.page.get_by_role("button", name="Selected: copy it")).to_be_visible()
    assert "curl -s" in tab.page.evaluate("getSelection().toString()")


def test_the_narrowest_screen_needs_no_scrolling_sideways(tab: Visit) -> None:
    transcribe(tab, RECORDING)
    expect(tab.page.locator("#transcribe-status")).to_contain_text("segments")
    tab.page.locator("#transcribe-result summary").click()
    tab.page.set_viewport_size({"width": NARROW, "height": 700})
    for view in ("Transcribe", "Speak", "Clone", "Convert", "Models"):
        tab.page.get_by_role("tab", name=view).click()
        assert tab.page.evaluate("document.documentElement.scrollWidth") <= NARROW, view
