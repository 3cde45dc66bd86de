"""diarized_json over HTTP from the models that `make serve` serves: real weights, no torch."""

from __future__ import annotations

import base64
import io
import json
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import yaml
from clips import jfk
from conversations import KENNEDY, RATE, conversation, joe
from harmony_server import harmony_server
from served import ROOT, Server

from contract.audio.codec import Audio, resample, wav_bytes
from contract.tasks import FloatArray
from predictors.runtime.weights.source import WeightsMissing, resolve

pytestmark = pytest.mark.weights
ENTRIES = ("whisper-tiny-en", "silero-vad", "speaker-encoder")
JOE = "My name is Joe, and I come from a small town by the lake."
"""Not in the conversation."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("speakers")
    whole = yaml.safe_load((ROOT / "config.yml").read_text(encoding="utf-8"))
    entries = [one for one in whole["model_configs"] if one["name"] in ENTRIES]
    try:
        resolve(entries[-1]["model"])
    except WeightsMissing as absent:
        pytest.skip(absent.message)
    config = folder / "config.yml"
    config.write_text(yaml.safe_dump({"model_configs": entries}), encoding="utf-8")
    with harmony_server(folder / "log", config) as started:
        yield started


def asked(server: Server, file: bytes, **fields: Any) -> httpx.Response:
    form = {"model": "gpt-4o-transcribe-diarize", "response_format": "diarized_json"}
    return httpx.post(
        f"{server.url}/v1/audio/transcriptions",
        data=form | fields,
        files={"file": ("talk.wav", file)},
        timeout=120,
    )


def wav(samples: FloatArray) -> bytes:
    return wav_bytes(Audio(samples, RATE))


def data_url(samples: FloatArray) -> str:
    return f"data:audio/wav;base64,{base64.b64encode(wav(samples)).decode()}"


def kennedy(start: int = 2, end: int = 2) -> FloatArray:
    return jfk(RATE)[round(KENNEDY[start][0] * RATE) : round(KENNEDY[end][1] * RATE)]


def speakers_of(segments: list[dict[str, Any]]) -> dict[str, str]:
    """What each says in all."""
    said: dict[str, str] = {}
    for one in segments:
        said[one["speaker"]] = f"{said.get(one['speaker'], '')} {one['text']}".lower()
    return said


def check_order(segments: list[dict[str, Any]]) -> None:
    starts = [one["start"] for one in segments]
    assert starts == sorted(starts)
    assert all(one["start"] <= one["end"] for one in segments)


def test_who_says_what_is_told_without_torch(server: Server):
    audio, _ = conversation()
    body = asked(server, wav_bytes(audio)).raise_for_status().json()
    said = speakers_of(body["segments"])
    assert set(said) == {"A", "B"}
    assert "country" in said["A"]
    assert "once more" in said["B"]
    check_order(body["segments"])
    assert " ".join(one["text"] for one in body["segments"]).split() == body["text"].split()
    libraries = Path(f"/proc/{server.process.pid}/maps").read_text(encoding="utf-8")
    assert "libtorch" not in libraries


def test_the_stream_says_the_same(server: Server):
    audio, _ = conversation()
    whole = asked(server, wav_bytes(audio)).json()
    lines = asked(server, wav_bytes(audio), stream="true").raise_for_status().text.splitlines()
    events = [json.loads(line[6:]) for line in lines if line.startswith("data: {")]
    segments = [one for one in events if one["type"] == "transcript.text.segment"]
    deltas = [one["delta"] for one in events if one["type"] == "transcript.text.delta"]
    keys = ("start", "end", "speaker", "text")
    assert [{k: one[k] for k in keys} for one in segments] == [
        {k: one[k] for k in keys} for one in whole["segments"]
    ]
    assert "".join(deltas) == events[-1]["text"] == whole["text"]


def test_known_speakers_are_called_by_name_and_strangers_are_not(server: Server):
    audio, _ = conversation()
    fields = {"known_speaker_names[]": "joe"}
    fields["known_speaker_references[]"] = data_url(joe(JOE)[0])
    said = speakers_of(asked(server, wav_bytes(audio), **fields).json()["segments"])
    assert set(said) == {"joe", "A"}
    assert "once more" in said["joe"]


def test_one_voice_under_two_names_is_one_speaker(server: Server):
    audio, _ = conversation()
    reference = data_url(kennedy())
    names = {"known_speaker_names[]": ["jack", "john"]}
    said = speakers_of(
        asked(
            server,
            wav_bytes(audio),
            **names,
            **{"known_speaker_references[]": [reference, reference]},
        ).json()["segments"]
    )
    assert set(said) in ({"jack", "A"}, {"john", "A"})


def test_a_name_like_a_letter_is_nobody_elses(server: Server):
    audio, _ = conversation()
    fields = {"known_speaker_names[]": "A", "known_speaker_references[]": data_url(joe(JOE)[0])}
    said = speakers_of(asked(server, wav_bytes(audio), **fields).json()["segments"])
    assert set(said) == {"A", "B"}
    assert "once more" in said["A"]


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        (kennedy()[: RATE // 2], "2 to 10 s"),
        (np.tile(jfk(RATE), 6), "2 to 10 s"),
        (np.zeros(4 * RATE, np.float32), "silent"),
        (np.random.default_rng(0).normal(0, 0.05, 4 * RATE).astype(np.float32), "no speech"),
    ],
    ids=["half-a-second", "a-minute", "silence", "noise"],
)
def test_a_reference_that_is_none_is_refused_by_its_field(
    server: Server, reference: FloatArray, words: str
):
    fields = {"known_speaker_names[]": "x", "known_speaker_references[]": data_url(reference)}
    answer = asked(server, wav(jfk(RATE)), **fields)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["param"] == "known_speaker_references"
    assert words in error["message"]


@pytest.mark.parametrize("seconds", [0.1, 1, 5])
def test_silence_has_no_segments(server: Server, seconds: float):
    answer = asked(server, wav(np.zeros(round(seconds * RATE), np.float32)))
    body = answer.raise_for_status().json()
    assert body["segments"] == []
    assert body["text"] == ""


def test_a_clip_of_a_second_has_one_speaker(server: Server):
    body = asked(server, wav(jfk(RATE)[: 2 * RATE][-RATE:])).raise_for_status().json()
    assert {one["speaker"] for one in body["segments"]} <= {"A"}


def test_one_person_is_one_speaker(server: Server):
    body = asked(server, wav(jfk(RATE))).raise_for_status().json()
    assert {one["speaker"] for one in body["segments"]} == {"A"}


def test_telephone_stereo_is_as_good(server: Server):
    audio, _ = conversation()
    samples = resample(audio, 8000).samples
    stream = io.BytesIO()
    with wave.open(stream, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(8000)
        both = np.stack([samples, samples], axis=1).clip(-1, 1) * 32767
        file.writeframes(both.astype("<i2").tobytes())
    said = speakers_of(asked(server, stream.getvalue()).raise_for_status().json()["segments"])
    assert set(said) == {"A", "B"}
    assert "once more" in said["B"]


@pytest.mark.parametrize(("count", "found"), [("1", {"A"}), ("2", {"A", "B"})])
def test_a_given_number_of_speakers_is_kept(server: Server, count: str, found: set[str]):
    audio, _ = conversation()
    body = asked(server, wav_bytes(audio), num_speakers=count).raise_for_status().json()
    assert {one["speaker"] for one in body["segments"]} == found
