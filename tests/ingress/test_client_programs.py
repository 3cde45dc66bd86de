"""What client programs send is answered in a way that they can use.

The official clients themselves run in test_openai_client.py and tests/e2e/test_node_clients.py.
"""

from __future__ import annotations

import base64
import json
import wave
from io import BytesIO
from typing import Any

import httpx
import pytest
from client_programs import SPEECH, TRANSCRIPTIONS, Spoken, Written
from fake_client import SECONDS_PER_CHARACTER, FakeClient
from ingress_app import duration_of, wav

from ingress.encoding import AudioFormat

SENTENCE = "Hello to everybody."
SECONDS = SECONDS_PER_CHARACTER * len(SENTENCE)


def audio_of(answer: httpx.Response, asked: dict[str, Any]) -> bytes:
    """What the program plays: the body, or what its events carry after `data: `."""
    if asked.get("stream_format") != "sse":
        return answer.content
    events = [json.loads(line[6:]) for line in answer.text.splitlines() if line[:6] == "data: "]
    assert events[-1]["type"] == "speech.audio.done"
    assert events[-1]["usage"]["output_tokens"] > 0
    deltas = [event for event in events if event["type"] == "speech.audio.delta"]
    return b"".join(base64.b64decode(event["audio"]) for event in deltas)


@pytest.mark.parametrize("row", SPEECH, ids=lambda row: row.program)
async def test_a_program_s_speech_plays(
    http: httpx.AsyncClient, models: FakeClient, row: Spoken
) -> None:
    answer = await http.post("/v1/audio/speech", json={"input": SENTENCE, **row.body})
    assert answer.status_code == 200, answer.text
    played_s = duration_of(audio_of(answer, row.body), row.plays)
    assert played_s == pytest.approx(SECONDS / (row.body.get("speed") or 1), abs=0.15)
    assert answer.headers.get("x-ignored-parameters") == row.ignored
    assert models.requests[0].text == SENTENCE
    if row.plays is AudioFormat.WAV:
        with wave.open(BytesIO(answer.content)) as file:
            assert file.getnframes() / file.getframerate() == pytest.approx(played_s, abs=0.01)


@pytest.mark.parametrize("row", TRANSCRIPTIONS, ids=lambda row: row.program)
async def test_a_program_s_recording_is_written_down(
    http: httpx.AsyncClient, models: FakeClient, row: Written
) -> None:
    files = {"file": ("audio.wav", wav(), "audio/wav")}
    answer = await http.post("/v1/audio/transcriptions", data=row.form, files=files)
    assert answer.status_code == 200, answer.text
    row.reads(answer.json())
    (request,) = models.requests
    assert {name: getattr(request, name) for name in row.reaches} == row.reaches
    assert answer.headers.get("x-ignored-parameters") == row.ignored


async def test_open_webui_s_lists(http: httpx.AsyncClient) -> None:
    """open-webui/open-webui backend/open_webui/routers/audio.py get_available_models and
    get_available_voices at 6adde203cd."""
    models = (await http.get("/v1/audio/models")).json()["models"]
    assert {"tts-1", "piper"} <= {model["id"] for model in models}
    voices = (await http.get("/v1/audio/voices")).json()["voices"]
    assert {"joe": "joe", "alloy": "alloy"}.items() <= {v["id"]: v["name"] for v in voices}.items()
