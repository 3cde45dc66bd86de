"""The page in Chromium, before `harmony serve` with real models: clicks, sound, microphone."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import sys
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import jiwer
import numpy as np
import pytest
import yaml
from axe_playwright_python.sync_playwright import Axe
from chromium import Visit, chromium_hearing, visit
from harmony_server import harmony_server
from playwright.sync_api import Browser, expect
from served import ROOT, Server
from toolchain_pods import changing_entries

from contract.audio.codec import Audio, resample, wav_bytes
from transport.decoding.reading import decode

pytestmark = pytest.mark.weights
RECORDING = ROOT / "tests/data/jfk.flac"
JFK = (
    "and so my fellow americans ask not what your country can do for you "
    "ask what you can do for your country"
)
TEXT = "The quick brown fox jumps over the lazy dog. Then it goes home for supper."
VIEWS = ("speak", "transcribe", "clone", "voices", "convert", "models")


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make serve` serves, and small synthetic models that clone, convert and restore."""
    folder = tmp_path_factory.mktemp("page")
    document = yaml.safe_load((ROOT / "config.yml").read_text(encoding="utf-8"))
    for one in changing_entries(folder):
        entry = one.model_dump(mode="json", exclude_unset=True)
        if one.model_type == "HarmonySpeechEncoder":  # real weights, which tell speakers apart
            entry["model"] = "package:resemblyzer/pretrained.pt"
        document["model_configs"].append(entry)
    path = folder / "config.yml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """The microphone hears the recording, once."""
    with chromium_hearing(RECORDING, tmp_path_factory.mktemp("microphone")) as started:
        yield started


@pytest.fixture(scope="module")
def server(
    browser: Browser, config: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """Models sleep until they are asked."""
    folder = tmp_path_factory.mktemp("serve")
    stored = {"SPEECH_VOICES_DB": f"sqlite:///{folder}/voices.sqlite3"}
    with harmony_server(folder / "log", config, "--lazy", **stored) as started:
        yield started


@pytest.fixture
def tab(browser: Browser, server: Server) -> Iterator[Visit]:
    with visit(browser, server.url) as opened:
        opened.open()
        yield opened


def words(text: str) -> str:
    return " ".join(re.findall(r"[a-z']+", text.lower()))


def heard(server: Server, data: bytes) -> str:
    answer = httpx.post(
        f"{server.url}/v1/audio/transcriptions",
        data={"model": "whisper-base", "language": "en"},
        files={"file": ("speech", data)},
        timeout=120,
    )
    return words(answer.json()["text"])


def loudest(tab: Visit) -> float:
    """What WebAudio's analyser measured at most while the speech was played as it arrived."""
    return tab.page.evaluate(
        """() => new Promise(resolve => {
          let most = 0;
          const timer = setInterval(() => {
            most = Math.max(most, document.querySelector("#speak-status meter")?.value ?? 0);
            if (document.querySelector("#speak-result a")) { clearInterval(timer); resolve(most); }
          }, 20);
        })"""
    )


# Models ---------------------------------------------------------------------------------------


def test_a_sleeping_model_is_woken(tab: Visit) -> None:
    tab.page.get_by_role("tab", name="Models").click()
    row = tab.page.get_by_role("row", name="piper-en")
    expect(row).to_contain_text("asleep")
    row.evaluate(
        """row => {
          window.seen = [];
          new MutationObserver(() => window.seen.push(row.innerText))
            .observe(row, { childList: true, subtree: true });
        }"""
    )
    tab.click("Wake piper-en")
    expect(row).to_contain_text("ready")
    assert any("waking" in text for text in tab.page.evaluate("window.seen"))
    expect(tab.page.locator("#models-status")).to_have_text("piper-en is awake.")
    tab.picture("models")


# Speak ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("file_format", ["wav", "pcm"])
def test_speech_plays_as_it_arrives(tab: Visit, server: Server, file_format: str) -> None:
    tab.page.get_by_label("Text").locator("visible=true").fill(TEXT)
    tab.page.get_by_label("Format").select_option(file_format)
    tab.click("Speak")
    assert loudest(tab) > 0.02
    expect(tab.page.locator("#speak-status")).to_contain_text("s of speech; the first sound")
    assert tab.is_drawn("#speak-result canvas")
    data = tab.download(f"speech.{file_format}")
    if file_format == "pcm":
        data = pcm_file(data)
    with wave.open(io.BytesIO(data)) as file:  # its header counts its frames
        assert 44 + 2 * file.getnframes() == len(data)
    assert jiwer.wer(words(TEXT), heard(server, data)) < 0.15
    tab.picture("speak")


def pcm_file(data: bytes) -> bytes:
    """OpenAI's pcm is 24 kHz."""
    return wav_bytes(Audio(np.frombuffer(data, "<i2").astype(np.float32) / 32768, 24_000))


@pytest.mark.parametrize("file_format", ["mp3", "opus", "aac", "flac"])
def test_files_play_when_they_are_there(tab: Visit, server: Server, file_format: str) -> None:
    tab.page.get_by_label("Format").select_option(file_format)
    tab.page.get_by_label("Text").locator("visible=true").fill(TEXT)
    tab.click("Speak")
    player = tab.page.locator("#speak-result audio")
    expect(player).to_be_visible()
    tab.wait_until_played("#speak-result audio", 0.2)
    assert tab.is_drawn("#speak-result canvas")
    assert jiwer.wer(words(TEXT), heard(server, tab.download(f"speech.{file_format}"))) < 0.15


def test_twice_the_speed_is_half_the_length(tab: Visit) -> None:
    def seconds(speed: str) -> float:
        tab.page.get_by_label("Speed").fill(speed)
        tab.click("Speak")
        expect(tab.page.locator("#speak-status")).to_contain_text("s of speech")
        return tab.sound("speech.wav").duration_s

    assert seconds("1") / seconds("2") == pytest.approx(2, abs=0.15)


def test_the_sample_is_of_the_language_until_somebody_writes(tab: Visit) -> None:
    tab.page.get_by_role("tab", name="Speak").click()
    text = tab.page.locator("#speak-text")
    tab.page.locator("#speak-model").select_option("kokoro")
    tab.page.locator("#speak-language").select_option("fr")
    expect(text).to_have_value(re.compile("^Bonjour"))
    tab.page.locator("#speak-language").select_option("en-GB")
    expect(text).to_have_value(re.compile("^Hello"))
    text.fill("My own words.")
    tab.page.locator("#speak-language").select_option("ja")
    expect(text).to_have_value("My own words.")


def test_stop_ends_the_speech(tab: Visit) -> None:
    new = " ".join(f"Sentence number {n} is not in the cache." for n in range(100))
    tab.page.get_by_label("Text").locator("visible=true").fill(new)
    tab.click("Speak")
    expect(tab.page.locator("#speak-status meter, #speak-status progress")).to_be_visible()
    tab.click("Stop")
    expect(tab.page.locator("#speak-status")).to_have_text("Stopped.")
    expect(tab.page.get_by_role("button", name="Stop").locator("visible=true")).to_be_disabled()


def test_what_the_server_refuses_is_said(tab: Visit) -> None:
    tab.page.get_by_label("Text").locator("visible=true").fill("<speak><audio/></speak>")
    with refusal(tab, 400):
        tab.click("Speak")
        expect(tab.page.get_by_role("alert").locator("visible=true")).to_contain_text("audio")
    tab.page.get_by_label("Text").locator("visible=true").fill("Hi.")
    tab.click("Speak")
    expect(tab.page.locator("#speak-status")).to_contain_text("s of speech")
    expect(tab.page.get_by_role("alert").locator("visible=true")).to_have_count(0)


@contextmanager
def refusal(tab: Visit, status: int) -> Iterator[None]:
    """Chromium itself notes every refused request in the console."""
    yield
    (noted,) = tab.problems
    assert str(status) in noted
    tab.problems.clear()


# Transcribe -----------------------------------------------------------------------------------


def transcribe(tab: Visit) -> None:
    tab.page.get_by_role("tab", name="Transcribe").click()
    tab.page.locator("#transcribe-file").set_input_files(RECORDING)
    tab.click("Transcribe")
    expect(tab.page.locator("#transcribe-status")).to_contain_text("segments")


def test_a_file_becomes_text_segments_and_subtitles(tab: Visit) -> None:
    transcribe(tab)
    segments = tab.page.locator("#transcribe-result li span:last-child").all_inner_texts()
    assert jiwer.wer(JFK, words(" ".join(segments))) < 0.05
    assert tab.is_drawn("#transcribe-result canvas")
    for kind, mark in (("srt", ","), ("vtt", ".")):
        subtitles = tab.download(kind).decode()
        times = re.findall(rf"00:00:(\d\d)\{mark}(\d{{3}}) --> ", subtitles)
        assert len(times) == len(segments)
        assert times == sorted(times)
        text = re.sub(r"WEBVTT|^\d+$|.*-->.*", "", subtitles, flags=re.MULTILINE)
        assert words(text) == words(" ".join(segments))
    assert words(tab.download("txt").decode()) == words(" ".join(segments))
    tab.picture("transcribe")


def test_speakers_are_told_apart(tab: Visit, two: Path) -> None:
    tab.page.get_by_role("tab", name="Transcribe").click()
    tab.page.get_by_label("Who speaks").check()
    tab.page.get_by_label("Speakers").fill("2")
    tab.page.locator("#transcribe-file").set_input_files(two)
    tab.click("Transcribe")
    expect(tab.page.locator("#transcribe-status")).to_contain_text("segments")
    segments = tab.page.locator("#transcribe-result li")
    speakers = segments.locator("b").all_inner_texts()
    assert len(speakers) == segments.count()
    assert (speakers[0], speakers[-1], set(speakers)) == ("A", "B", {"A", "B"})
    assert tab.is_drawn("#transcribe-result canvas")
    assert "\nA: " in tab.download("srt").decode()
    assert "<v B>" in tab.download("vtt").decode()
    tab.picture("speakers")


@pytest.fixture
def two(server: Server, tmp_path: Path) -> Path:
    """The recording, and after it Piper's voice."""
    body = {"model": "piper-en", "input": f"{TEXT} {TEXT}", "response_format": "wav"}
    answer = httpx.post(f"{server.url}/v1/audio/speech", json=body, timeout=120)
    sounds = [
        resample(decode(data, max_bytes=1 << 24, max_seconds=60), 16_000).samples
        for data in (RECORDING.read_bytes(), answer.content)
    ]
    pause = np.zeros(16_000, np.float32)
    path = tmp_path / "two.wav"
    path.write_bytes(wav_bytes(Audio(np.concatenate([sounds[0], pause, sounds[1]]), 16_000)))
    return path


def test_a_segment_is_played_from_its_start(tab: Visit) -> None:
    transcribe(tab)
    last = tab.page.locator("#transcribe-result li button").last
    start_s = float(last.locator(".time").inner_text().partition(":")[2])
    last.click()
    tab.wait_until_played("#transcribe-result audio", start_s)


def test_the_microphone_is_written_down_while_one_speaks(tab: Visit) -> None:
    tab.page.get_by_role("tab", name="Transcribe").click()
    tab.click("Live from the microphone")
    log = tab.page.get_by_role("log")
    expect(log).to_contain_text(re.compile("fellow", re.IGNORECASE))
    assert "segments" not in tab.text("#transcribe-status"), "text came before the end"
    expect(log).to_contain_text(re.compile("do for your country", re.IGNORECASE))
    tab.picture("live")
    tab.click("Stop")
    expect(tab.page.locator("#transcribe-status")).to_contain_text("segments from the microphone")
    segments = tab.page.locator("#transcribe-result li span:last-child").all_inner_texts()
    assert jiwer.wer(JFK, words(" ".join(segments))) < 0.2
    sound = tab.sound("microphone.wav")
    assert sound.duration_s > 9
    assert np.abs(sound.samples).max() > 0.1


def test_a_recording_of_the_microphone_is_transcribed(tab: Visit, server: Server) -> None:
    tab.page.get_by_role("tab", name="Transcribe").click()
    tab.click("Record")
    tab.page.wait_for_timeout(4_000)
    tab.click("End the recording")
    tab.click("Transcribe")
    expect(tab.page.locator("#transcribe-result li").first).to_contain_text(
        re.compile("my fellow America", re.IGNORECASE)
    )


# Clone and convert ----------------------------------------------------------------------------


def test_a_voice_is_cloned(tab: Visit) -> None:
    tab.page.get_by_role("tab", name="Clone").click()
    tab.click("Speak in this voice")
    assert "segments" not in tab.text("#clone-status")
    tab.page.locator("#clone-file").set_input_files(RECORDING)
    tab.page.get_by_label("The person whose voice this is agrees.").check()
    tab.click("Speak in this voice")
    expect(tab.page.locator("#clone-status")).to_contain_text("s of speech")
    sound = tab.sound("speech.wav")
    assert sound.duration_s > 0.5
    assert np.abs(sound.samples).max() > 0.01
    tab.picture("clone")


SCRIPT = "<img src=x onerror=alert(1)>"
"""A name that must stay text."""


def store(tab: Visit, what: str, name: str) -> None:
    tab.page.get_by_label(f"Name of the {what}").fill(name)
    file = {"consent": "#voices-consent-file", "voice": "#voices-sample-file"}[what]
    tab.page.locator(file).set_input_files(RECORDING)
    tab.click(f"Store the {what}")
    expect(tab.page.locator("#voices-status")).to_have_text(f"The {what} is stored.")


def test_a_voice_is_stored_heard_and_deleted_with_its_consent(tab: Visit) -> None:
    tab.page.get_by_role("tab", name="Voices").click()
    expect(tab.page.get_by_label("Its language")).to_have_value("en-US")
    expect(tab.page.get_by_role("button", name="Store the voice")).to_be_hidden()
    store(tab, "consent", "Ann, 3 May")
    store(tab, "voice", "Ann")
    expect(tab.page.get_by_role("region", name="Stored voices")).to_contain_text("voice_")
    tab.click("Speak in the stored voice")
    expect(tab.page.locator("#voices-status")).to_contain_text("s of speech")
    sound = tab.sound("speech.wav")
    assert sound.duration_s > 0.5
    assert np.abs(sound.samples).max() > 0.01
    tab.picture("voices")
    tab.page.locator("#voices-result summary").click()
    assert '"voice":{"id":"voice_' in tab.text('#voices-result pre[aria-label="curl code"]')
    store(tab, "consent", SCRIPT)
    expect(tab.page.get_by_role("region", name="Consents")).to_contain_text(SCRIPT)
    assert Axe().run(tab.page).violations_count == 0
    assert tab.overflow() <= 0
    tab.page.once("dialog", lambda asked: asked.dismiss())
    tab.click("Delete Ann")
    tab.page.once("dialog", lambda asked: asked.accept())
    tab.click("Delete Ann, 3 May")
    expect(tab.page.locator("#voices-status")).to_have_text("Ann, 3 May is deleted.")
    expect(tab.page.get_by_role("region", name="Stored voices")).to_be_hidden()
    expect(tab.page.get_by_role("button", name="Speak in the stored voice")).to_be_hidden()


def test_what_a_stored_voice_lacks_is_said(tab: Visit) -> None:
    tab.page.get_by_role("tab", name="Voices").click()
    tab.page.get_by_label("Name of the consent").fill("Ann")
    tab.click("Store the consent")
    alert = tab.page.get_by_role("alert").locator("visible=true")
    expect(alert).to_have_text("Their consent: choose a file, or record one.")
    tab.page.locator("#voices-consent-file").set_input_files(RECORDING)
    tab.page.get_by_label("Its language").fill("not a language")
    with refusal(tab, 400):
        tab.click("Store the consent")
        expect(alert).to_contain_text("BCP 47")


@pytest.mark.parametrize("model", ["openvoice_v2", "voicefixer"])
def test_a_recording_is_converted(tab: Visit, model: str) -> None:
    tab.page.get_by_role("tab", name="Convert").click()
    tab.page.get_by_label("Model").locator("visible=true").select_option(model)
    tab.page.locator("#convert-file").set_input_files(RECORDING)
    if model == "openvoice_v2":
        tab.page.locator("#convert-voice").set_input_files(RECORDING)
        tab.page.get_by_label("The person whose voice is the target agrees.").check()
    tab.click("Convert")
    expect(tab.page.locator("#convert-status")).to_have_text("Done.")
    sound = tab.sound("converted.wav")
    assert sound.duration_s == pytest.approx(11, abs=0.5)
    assert np.abs(sound.samples).max() > 0.001
    if model == "openvoice_v2":
        tab.picture("convert")


def test_a_missing_recording_is_asked_for(tab: Visit) -> None:
    tab.page.get_by_role("tab", name="Transcribe").click()
    tab.click("Transcribe")
    alert = tab.page.get_by_role("alert").locator("visible=true")
    expect(alert).to_have_text("Recording: choose a file, or record one.")


# The same in code -----------------------------------------------------------------------------


def run(name: str, code: str, folder: Path) -> str:
    """The output of a program that the page shows."""
    shutil.copy(RECORDING, folder)
    script = folder / "program.mjs"
    script.write_text(code, encoding="utf-8")
    command = {
        "curl": ["bash", "-euo", "pipefail", "-c", code],
        "Python": [sys.executable, "-c", code],
        "JavaScript": ["node", str(script)],
    }[name]
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def code_of(tab: Visit, view: str, name: str) -> str:
    tab.page.locator(f"#{view}-result summary").click()
    return tab.text(f'#{view}-result pre[aria-label="{name} code"]')


CODES = ("curl", "Python", "JavaScript")


@pytest.mark.parametrize("name", CODES)
def test_the_code_of_speech_speaks(tab: Visit, tmp_path: Path, name: str) -> None:
    tab.page.get_by_label("Text").locator("visible=true").fill('It\'s 5 % "good".\nReally.')
    tab.click("Speak")
    expect(tab.page.locator("#speak-status")).to_contain_text("s of speech")
    run(name, code_of(tab, "speak", name), tmp_path)
    made = (tmp_path / "speech.wav").read_bytes()
    spoken = decode(made, max_bytes=1 << 24, max_seconds=60)
    assert spoken.duration_s == pytest.approx(tab.sound("speech.wav").duration_s, abs=0.5)


@pytest.mark.parametrize("name", CODES)
def test_the_code_of_a_transcription_prints_it(tab: Visit, tmp_path: Path, name: str) -> None:
    transcribe(tab)
    printed = run(name, code_of(tab, "transcribe", name), tmp_path)
    text = json.loads(printed)["text"] if name == "curl" else printed
    assert jiwer.wer(JFK, words(text)) < 0.05


@pytest.mark.parametrize("name", CODES)
def test_the_code_of_a_clone_speaks(tab: Visit, tmp_path: Path, name: str) -> None:
    tab.page.get_by_role("tab", name="Clone").click()
    tab.page.get_by_label("Text").locator("visible=true").fill('It\'s 5 % "good".')
    tab.page.locator("#clone-file").set_input_files(RECORDING)
    tab.page.get_by_label("The person whose voice this is agrees.").check()
    tab.click("Speak in this voice")
    expect(tab.page.locator("#clone-status")).to_contain_text("s of speech")
    run(name, code_of(tab, "clone", name), tmp_path)
    spoken = decode((tmp_path / "speech.wav").read_bytes(), max_bytes=1 << 24, max_seconds=60)
    assert spoken.duration_s == pytest.approx(tab.sound("speech.wav").duration_s, abs=0.5)


# For everybody --------------------------------------------------------------------------------


def tab_to(tab: Visit, name: str) -> None:
    """Press the tabulator until the element of this name has the focus."""
    for _ in range(30):
        tab.page.keyboard.press("Tab")
        focused = tab.page.evaluate(
            "[document.activeElement.innerText?.trim(), document.activeElement.id]"
        )
        if name in focused:
            return
    raise AssertionError(f"the tabulator does not reach {name}")


def test_the_keyboard_is_enough(tab: Visit) -> None:
    tab_to(tab, "Skip to the content")
    tab_to(tab, "Speak")
    tab.page.keyboard.press("ArrowRight")
    expect(tab.page.get_by_role("tabpanel", name="Transcribe")).to_be_visible()
    tab.page.keyboard.press("End")
    expect(tab.page.get_by_role("tabpanel", name="Models")).to_be_visible()
    tab.page.keyboard.press("ArrowRight")
    expect(tab.page.get_by_role("tabpanel", name="Speak")).to_be_visible()
    tab_to(tab, "speak-text")
    tab.page.keyboard.press("Control+A")
    tab.page.keyboard.type("Good morning.")
    tab_to(tab, "Speak")
    tab.page.keyboard.press("Enter")
    expect(tab.page.locator("#speak-status")).to_contain_text("s of speech")
    tab_to(tab, "The same in code")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wrong_for_a_screen_reader(
    browser: Browser, server: Server, scheme: str
) -> None:
    with visit(browser, server.url, color_scheme=scheme, reduced_motion="reduce") as opened:
        for view in VIEWS:
            opened.open(view)
            expect(opened.page.locator(f"#{view}")).to_be_visible()
            if view == "transcribe":
                transcribe(opened)
            found = Axe().run(opened.page)
            assert found.violations_count == 0, found.generate_report()
            if scheme == "dark" and view == "transcribe":
                opened.picture("dark")


def test_a_phone_needs_no_scrolling_sideways(tab: Visit) -> None:
    transcribe(tab)
    assert tab.overflow() <= 0
    tab.picture("phone")
    tab.page.locator("#transcribe-result summary").click()
    assert tab.overflow() <= 0
    for view in VIEWS:
        tab.open(view)
        assert tab.overflow() <= 0, view


# The reference --------------------------------------------------------------------------------


def test_the_reference_needs_no_other_host(tab: Visit) -> None:
    tab.page.get_by_role("link", name="API reference").click()
    expect(tab.page.get_by_text("/v1/audio/speech", exact=True)).to_be_visible()
    tab.page.get_by_text("/v1/models", exact=True).click()
    tab.click("Try it out")
    tab.click("Execute")
    expect(tab.page.get_by_text("whisper-base").first).to_be_visible()
