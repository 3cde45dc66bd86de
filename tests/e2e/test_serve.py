"""`harmony serve` as a stranger starts it: real weights, the official openai client, Ctrl-C."""

from __future__ import annotations

import base64
import io
import os
import re
import signal
import subprocess
import sys
import wave
from collections.abc import Iterator
from pathlib import Path

import httpx
import jiwer
import numpy as np
import openai
import pytest
from harmony_server import harmony_server
from recordings import RATE, Plan, utterances
from recordings import recording as plan_of
from served import Server

from contract.audio.codec import Audio, wav_bytes
from ingress.text.markup import spoken_text
from ingress.text.vocabulary import Locale
from ingress.text.written_forms import read_written_forms
from transport.decoding.reading import decode

pytestmark = pytest.mark.weights
ROOT = Path(__file__).parents[2]
SPEECH = "The quick brown fox jumps over the lazy dog, and then it goes home for supper."
JFK = (
    "and so my fellow americans ask not what your country can do for you "
    "ask what you can do for your country"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with harmony_server(tmp_path_factory.mktemp("serve") / "log") as started:
        yield started


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(
        base_url=f"{server.url}/v1", api_key="any", timeout=120, max_retries=0
    ) as made:
        yield made


def words(text: str) -> str:
    return " ".join(re.findall(r"[a-z']+", text.lower()))


def test_what_is_spoken_is_heard_again(client):
    spoken = client.audio.speech.create(model="tts-1", voice="alloy", input=SPEECH).read()
    audio = decode(spoken, max_bytes=1 << 24, max_seconds=60)
    assert 3 < audio.duration_s < 10
    assert 0.1 < abs(audio.samples).max() <= 1
    heard = client.audio.transcriptions.create(model="whisper-1", file=("speech.mp3", spoken))
    assert jiwer.wer(words(SPEECH), words(heard.text)) < 0.15


@pytest.mark.parametrize("model", ["whisper-1", "whisper-tiny-en"])
def test_a_real_recording_is_transcribed_to_its_words(client, model):
    recording = (ROOT / "tests/data/jfk.flac").read_bytes()
    heard = client.audio.transcriptions.create(
        model=model, file=("jfk.flac", recording), response_format="verbose_json"
    )
    assert jiwer.wer(JFK, words(heard.text)) < 0.05
    assert heard.duration == pytest.approx(11.0, abs=0.1)


@pytest.fixture(scope="module")
def pauses() -> Plan:
    """Speech, 5, 20 and 60 s of silence between, and 2 s at both ends."""
    return plan_of(np.random.default_rng(0), utterances(), (2, 5, 20, 60, 2), 0.0)


def check_times(found: list[tuple[float, float]], plan: Plan) -> None:
    """One or more for each utterance: the first begins with it, the last ends with it."""
    assert found == sorted(found)
    for start_s, end_s in plan.utterances:
        own = [one for one in found if one[0] < end_s and one[1] > start_s]
        assert own[0][0] == pytest.approx(start_s, abs=0.3)
        assert end_s - 0.6 < own[-1][1] < end_s + 0.3  # a last sound may be too soft to be heard


@pytest.mark.parametrize("response_format", ["srt", "vtt"])
def test_subtitles_stand_where_speech_is(client, pauses, response_format):
    recording = wav_bytes(Audio(pauses.samples, RATE))
    subtitles = client.audio.transcriptions.create(
        model="whisper-tiny-en", file=("a.wav", recording), response_format=response_format
    )
    clock = r"(\d+):(\d+):(\d+)[.,](\d+)"
    times = [
        float(h) * 3600 + float(m) * 60 + float(s) + float(ms) / 1000
        for h, m, s, ms in re.findall(clock, subtitles)
    ]
    check_times(list(zip(times[::2], times[1::2], strict=True)), pauses)


def test_segments_words_and_hse_timestamps_stand_where_speech_is(server, client, pauses):
    recording = wav_bytes(Audio(pauses.samples, RATE))
    heard = client.audio.transcriptions.create(
        model="whisper-tiny-en",
        file=("a.wav", recording),
        response_format="verbose_json",
        timestamp_granularities=["segment", "word"],
    )
    check_times([(one.start, one.end) for one in heard.segments], pauses)
    check_times([(one.start, one.end) for one in heard.words], pauses)
    body = {"input_audio": base64.b64encode(recording).decode(), "get_timestamps": True}
    url = f"{server.url}/v1/audio"
    heard = httpx.post(
        f"{url}/transcriptions", json={"model": "whisper-tiny-en", **body}, timeout=60
    ).json()
    check_times([(one["start"], one["end"]) for one in heard["timestamps"]], pauses)
    found = httpx.post(f"{url}/vad", json={"model": "silero-vad", **body}, timeout=60).json()
    check_times([(one["start"] / RATE, one["end"] / RATE) for one in found["timestamps"]], pauses)


def test_silence_has_no_words(client):
    silence = wav_bytes(Audio(np.zeros(5 * 16000, np.float32), 16000))
    heard = client.audio.transcriptions.create(model="whisper-1", file=("a.wav", silence))
    assert heard.text == ""


def test_speech_is_found_where_it_is(server):
    recording = base64.b64encode((ROOT / "tests/data/jfk.flac").read_bytes()).decode()
    answer = httpx.post(
        f"{server.url}/v1/audio/vad",
        json={"model": "silero-vad", "input_audio": recording, "get_timestamps": True},
        timeout=60,
    ).json()
    assert answer["speech_activity"] is True
    assert answer["timestamps"]


def test_streamed_speech_is_the_same_speech(client):
    pieces = io.BytesIO()
    with client.audio.speech.with_streaming_response.create(
        model="tts-1", voice="alloy", input=SPEECH + " " + SPEECH, response_format="wav"
    ) as stream:
        for piece in stream.iter_bytes():
            pieces.write(piece)
    audio = decode(pieces.getvalue(), max_bytes=1 << 24, max_seconds=60)
    assert 6 < audio.duration_s < 20


def test_two_short_sentences_are_a_wav_that_counts_its_frames(client):
    answer = client.audio.speech.create(
        model="tts-1",
        voice="Alloy",
        input="Good morning. How are you?",
        response_format="wav",
        extra_body={"stream": False, "sample_rate": 16_000, "user": None},
    )
    with wave.open(io.BytesIO(answer.content)) as file:
        assert file.getframerate() == 16_000
        assert 44 + 2 * file.getnframes() == len(answer.content)
        assert 1 < file.getnframes() / 16_000 < 6


def test_log_probabilities_and_hints_of_a_real_recording(client):
    raw = client.audio.transcriptions.with_raw_response.create(
        model="gpt-4o-transcribe",
        file=ROOT / "tests/data/jfk.flac",
        include=["logprobs"],
        languages=["en-US", "German"],
        keywords=["Americans"],
        prompt="A speech. " * 800,
        extra_body={"vad_filter": False, "colour": "blue"},
    )
    answer = raw.parse()
    assert raw.headers["x-ignored-parameters"] == "colour"
    assert words(answer.text) == JFK
    assert "".join(one.token for one in answer.logprobs).strip() == answer.text
    chances = [np.exp(one.logprob) for one in answer.logprobs]
    assert 0.6 < np.mean(chances) <= 1


def test_the_models_that_openai_clients_ask_for_are_there(client):
    listed = {model.id for model in client.models.list()}
    assert {"tts-1", "whisper-1", "whisper-base", "piper-en", "silero-vad"} <= listed


def readme(language: str, url: str) -> str:
    """Blocks of the README that call a server, calling this one."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    address = "http://127.0.0.1:8080/"
    calling = "".join(block for block in blocks if address in block and "make serve" not in block)
    assert calling
    return calling.replace(address, f"{url}/")


@pytest.mark.parametrize(
    ("language", "program"), [("sh", ["bash", "-euo", "pipefail"]), ("python", [sys.executable])]
)
def test_the_commands_of_the_readme_speak_and_listen(server, tmp_path, language, program):
    done = subprocess.run(
        [*program, "-c", readme(language, server.url)],
        cwd=tmp_path,
        env=os.environ | {"PYTHONWARNINGS": "ignore"},  # the example leaves its file open
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "hello from harmony" in words(done.stdout)
    assert len((tmp_path / "hello.mp3").read_bytes()) > 5_000


@pytest.mark.parametrize(
    "sent",
    [
        "It costs $3.50 on 11/27/2026.",
        "In 1999 it was -5 °C, or 23 °F.",
        "The **fast** [train](https://example.com/x) drives 80 km/h.",
        "Write to joe@example.com today.",
    ],
)
def test_written_forms_are_heard_as_words(client, sent):
    """A recogniser writes figures again where it hears numbers; they are compared as words."""
    spoken = client.audio.speech.create(model="tts-1", voice="joe", input=sent).read()
    heard = client.audio.transcriptions.create(
        model="whisper-1", file=("speech.mp3", spoken), language="en"
    )
    meant, again = (
        words(read_written_forms(text, Locale("en"))) for text in (spoken_text(sent), heard.text)
    )
    assert jiwer.wer(meant, again) < 0.1


def test_breaks_and_rates_are_heard_in_the_wav(client):
    def seconds(inner: str) -> float:
        spoken = client.audio.speech.create(
            model="tts-1", voice="joe", input=f"<speak>{inner}</speak>", response_format="wav"
        ).read()
        return decode(spoken, max_bytes=1 << 24, max_seconds=60).duration_s

    first, second = "The weather is fine today.", "We should go for a walk."
    short = seconds(f'{first}<break time="200ms"/>{second}')
    long = seconds(f'{first}<break time="2200ms"/>{second}')
    assert long - short == pytest.approx(2.0, abs=0.01)
    normal = seconds(first)
    assert seconds(f'<prosody rate="50%">{first}</prosody>') / normal == pytest.approx(2, abs=0.1)
    assert seconds(f'<prosody rate="200%">{first}</prosody>') / normal == pytest.approx(
        0.5, abs=0.05
    )


def test_a_page_that_was_made_to_mean_this_machine_gets_nothing(server):
    """DNS rebinding: its own name stands in Host."""
    answer = httpx.get(f"{server.url}/v1/models", headers={"host": "evil.example:8080"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "host_not_allowed")


def test_noise_is_taken_out_of_a_recording(server):
    """Kennedy's pauses hiss; behind the denoiser they are quiet, and his words are not."""
    jfk = decode((ROOT / "tests/data/jfk.flac").read_bytes(), max_bytes=1 << 24, max_seconds=60)
    noise = np.random.default_rng(0).standard_normal(len(jfk.samples)) * 0.02
    noisy = Audio((jfk.samples * 0.5 + noise).astype(np.float32), jfk.sample_rate)
    source = base64.b64encode(wav_bytes(noisy)).decode()
    answer = httpx.post(
        f"{server.url}/v1/audio/convert",
        json={"model": "deepfilternet", "source_audio": source},
        timeout=120,
    ).json()
    clean = decode(base64.b64decode(answer["data"]), max_bytes=1 << 26, max_seconds=60)
    assert clean.sample_rate == 48_000
    assert clean.duration_s == pytest.approx(noisy.duration_s, abs=0.01)

    def levels(audio: Audio) -> np.ndarray:
        """Of every tenth of a second, in order of loudness."""
        tenth = audio.sample_rate // 10
        parts = audio.samples[: len(audio.samples) // tenth * tenth].reshape(-1, tenth)
        return np.sort(np.sqrt((parts**2).mean(axis=1)))

    assert levels(clean)[:10].mean() < 0.1 * levels(noisy)[:10].mean()
    assert levels(clean)[-10:].mean() > 0.7 * levels(noisy)[-10:].mean()


def test_ctrl_c_ends_it_cleanly_while_models_still_load(tmp_path):
    with harmony_server(tmp_path / "log") as server:
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(timeout=30) == 0
        assert "Traceback" not in server.log


def test_ctrl_c_ends_it_cleanly(server):
    server.process.send_signal(signal.SIGINT)
    assert server.process.wait(timeout=30) == 0
    assert "Harmony Speech answers at" in server.log
    assert server.log.rstrip().endswith("Ended.")
    assert "Traceback" not in server.log
