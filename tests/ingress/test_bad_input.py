"""Whatever is sent, the answer is a 4xx that names the field and gives nothing away."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import random
import wave
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pytest
from fake_client import FakeClient
from hostile_audio import index_bomb
from ingress_app import as_base64, browser, make_app, tone, wav
from numpy.typing import NDArray

from contract.audio.codec import Audio, wav_bytes
from ingress.encoding import AudioFormat, encode

LEAKS = ("Traceback", 'File "', "/home", "/usr", ".py", "pydantic", "input_value", "errors.")
JSON_PATHS = (
    "/v1/audio/speech",
    "/v1/audio/transcriptions",
    "/v1/audio/vad",
    "/v1/embed/speaker",
    "/v1/embeddings",
    "/v1/voice/convert",
    "/v1/audio/convert",
)


def check_refusal(answer: httpx.Response, *statuses: int) -> str:
    assert answer.status_code in (statuses or (400,)), answer.text
    body = answer.json()
    assert ("error" in body) != ("message" in body)
    assert not any(leak in answer.text for leak in LEAKS), answer.text
    assert len(answer.content) < 2000
    return str(body["message"] if "message" in body else body["error"]["message"])


BODIES = [
    b"",
    b"{",
    b"nonsense",
    b"null",
    b"[]",
    b'"text"',
    b"17",
    b"\xff\xfe\x00",
    b'{"model": "whisper"',
    b"[" * 100_000,
    b'{"model":' * 3000 + b"1" + b"}" * 3000,
    b'{"model": ' + b"9" * 5000 + b"}",
    b'{"model": "\\ud800"}',
    b'{"model": "whisper", "model": {}}',
    b'{"\\ud800": 1}',
    b'{"mode": "\\ud800", "input": "\\ud800"}',
    b'{"model": "piper", "voice": "joe", "input": "\\ud800"}',
    b'{"model": "piper", "voice": "\\udfff", "input": "Hi."}',
]


@pytest.mark.parametrize("path", JSON_PATHS)
@pytest.mark.parametrize("kind", ["application/json", "text/plain", None])
async def test_broken_bodies(http: httpx.AsyncClient, path: str, kind: str | None) -> None:
    headers = {} if kind is None else {"content-type": kind}
    for body in BODIES:
        check_refusal(await http.post(path, content=body, headers=headers), 400, 404)


WRONG = (None, True, -1, 1e308, "", "\x00", "x" * 3_000, [], [[]], {}, {"a": 1}, "../../etc")


@pytest.mark.parametrize("path", JSON_PATHS)
async def test_wrong_types_in_every_field(http: httpx.AsyncClient, path: str) -> None:
    """Every field of every body, each with values of every wrong type: never a 5xx."""
    document = (await http.get("/openapi.json")).json()
    for name in sorted(_fields(document, path)):
        for value in WRONG:
            body = {"model": "piper", "input": "Hi.", "voice": "joe"} | {name: value}
            answer = await http.post(path, json=body)
            assert answer.status_code in (200, 400, 404), (path, name, value, answer.text)
            if answer.status_code != 200:
                check_refusal(answer, 400, 404)


def _fields(document: dict[str, Any], path: str) -> set[str]:
    schema = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
    refs = [one["$ref"] for one in schema.get("anyOf", [schema])]
    models = [document["components"]["schemas"][ref.rsplit("/", 1)[1]] for ref in refs]
    return {name for model in models for name in model["properties"]}


# Audio --------------------------------------------------------------------------------------


async def transcribe(http: httpx.AsyncClient, data: bytes) -> httpx.Response:
    return await http.post(
        "/v1/audio/transcriptions",
        data={"model": "whisper-1"},
        files={"file": ("recording", data)},
    )


async def detect(http: httpx.AsyncClient, data: str) -> httpx.Response:
    return await http.post("/v1/audio/vad", json={"model": "silero-vad", "input_audio": data})


def pcm_wav(samples: NDArray[Any], rate: int, width: int, channels: int) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(width)
        out.setframerate(rate)
        out.writeframes(samples.tobytes())
    return file.getvalue()


def spelled(rate: int, width: int, channels: int) -> bytes:
    """One second of a tone in any integer layout."""
    samples = np.repeat(tone(1.0, rate).samples, channels)
    if width == 1:
        return pcm_wav((samples * 127 + 128).astype(np.uint8), rate, 1, channels)
    if width == 3:
        whole = (samples * (2**31 - 1)).astype("<i4")
        return pcm_wav(whole.view(np.uint8).reshape(-1, 4)[:, 1:].copy(), rate, 3, channels)
    scale = 2 ** (8 * width - 1) - 1
    return pcm_wav((samples * scale).astype(f"<i{width}"), rate, width, channels)


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 44_100, 48_000, 96_000, 192_000])
@pytest.mark.parametrize(("width", "channels"), [(1, 1), (2, 1), (2, 2), (3, 2), (4, 6)])
async def test_every_layout_is_heard_alike(
    http: httpx.AsyncClient, models: FakeClient, rate: int, width: int, channels: int
) -> None:
    assert (await transcribe(http, spelled(rate, width, channels))).status_code == 200
    audio = models.requests[0].audio
    assert (audio.sample_rate, audio.samples.ndim) == (16_000, 1)
    assert audio.duration_s == pytest.approx(1.0, abs=0.05)
    assert np.abs(audio.samples).max() == pytest.approx(0.3, abs=0.05)


@pytest.mark.parametrize("file_format", [f for f in AudioFormat if f is not AudioFormat.PCM])
async def test_every_container_is_heard(
    http: httpx.AsyncClient, models: FakeClient, file_format: AudioFormat
) -> None:
    assert (await transcribe(http, encode(tone(1.0), file_format))).status_code == 200
    assert models.requests[0].audio.duration_s == pytest.approx(1.0, abs=0.15)


@pytest.mark.parametrize("samples", [1, 2, 400])
async def test_very_short_and_silent_audio_is_no_server_error(
    http: httpx.AsyncClient, samples: int
) -> None:
    data = wav_bytes(Audio(np.zeros(samples, np.float32), 16_000))
    answer = await transcribe(http, data)
    assert answer.status_code == 200
    assert answer.json()["text"] == ""
    assert (await detect(http, as_base64(data))).json()["speech_activity"] is False


ATTACKS = Path(__file__).parents[1] / "data" / "attack"
HOSTILE = {
    "16 channels": (ATTACKS / "16ch.opus").read_bytes(),
    "25 channels midway": (ATTACKS / "segv.m4a").read_bytes(),
    "85 million samples": index_bomb(85_000_000),
    "200 tracks": index_bomb(1, tracks=200),
    "nothing": b"",
    "zero-length": wav_bytes(Audio(np.zeros(0, np.float32), 16_000)),
    "half a header": wav()[:20],
    "header alone": wav()[:44],
    "noise": random.Random(1).randbytes(5000),
    "text": b"this is not a recording",
    "html": b"<html><script>alert(1)</script></html>" * 50,
    "playlist": b"#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n",
    "concat": b"ffconcat version 1.0\nfile /etc/hostname\n",
    "picture": b"\x89PNG\r\n\x1a\n" + bytes(200),
    "zip": b"PK\x03\x04" + bytes(200),
    "wrong rate": b"RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00"
    + bytes(8)
    + b"\x02\x00\x10\x00data\x04\x00\x00\x00"
    + bytes(4),
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE.keys())
async def test_hostile_recordings(http: httpx.AsyncClient, models: FakeClient, data: bytes) -> None:
    assert "file" in check_refusal(await transcribe(http, data))
    assert "input_audio" in check_refusal(await detect(http, as_base64(data)))
    assert not models.calls


@pytest.mark.parametrize("name", ["16 channels", "25 channels midway", "85 million samples"])
async def test_hostile_references(http: httpx.AsyncClient, models: FakeClient, name: str) -> None:
    recording = as_base64(HOSTILE[name])
    cloned = {"mode": "voice_cloning", "input": "Hi.", "language": "EN", "voice": "EN-Newest"}
    for path, field, others in (
        ("/v1/audio/speech", "input_audio", cloned),
        ("/v1/embed/speaker", "input_audio", {}),
        ("/v1/voice/convert", "target_audio", {"source_audio": as_base64(wav())}),
    ):
        body = {"model": "openvoice_v2", field: recording} | others
        assert field in check_refusal(await http.post(path, json=body))
    assert not models.calls


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
async def test_floats_that_are_no_numbers(http: httpx.AsyncClient, value: float) -> None:
    samples = np.full(1600, value, "<f4")
    head = wav_bytes(Audio(np.zeros(3200, np.float32), 16_000))[:44]
    data = head[:20] + b"\x03\x00" + head[22:28]
    data += (64_000).to_bytes(4, "little") + b"\x04\x00\x20\x00" + head[36:44] + samples.tobytes()
    answer = await transcribe(http, data)
    assert "file" in check_refusal(answer)


def bomb(hours: float) -> bytes:
    """Silence that FLAC packs a thousandfold."""
    file = io.BytesIO()
    with av.open(file, "w", format="flac") as container:
        stream = container.add_stream("flac", rate=8_000, layout="mono")
        block = np.zeros((1, 8_000 * 60), np.int16)
        for _ in range(int(hours * 60)):
            frame = av.AudioFrame.from_ndarray(block, "s16", "mono")
            frame.sample_rate = 8_000
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


async def test_a_small_file_that_decodes_to_hours_is_refused(
    http: httpx.AsyncClient, models: FakeClient
) -> None:
    data = bomb(hours=2)
    assert len(data) < 2_000_000
    assert "longer than 4500 seconds" in check_refusal(await transcribe(http, data), 413)
    asked = {"model": "openvoice_v2", "input_audio": as_base64(data)}
    answer = await http.post("/v1/embed/speaker", json=asked)
    assert "longer than 600 seconds" in check_refusal(answer, 413)
    assert not models.calls


async def test_health_answers_while_many_decode(models: FakeClient) -> None:
    """60 recordings at once: each is served or refused, and the loop stays free: /health is
    answered while most of them are still to be decoded."""
    data = as_base64(encode(tone(5.0), AudioFormat.MP3))
    async with browser(make_app(models, max_requests=40)) as http:
        burst = [asyncio.create_task(detect(http, data)) for _ in range(60)]
        await models.until_called(1)
        assert (await http.get("/health")).status_code == 200
        assert len(models.calls) < 20
        statuses = [(await one).status_code for one in burst]
    assert set(statuses) == {200, 429}
    assert statuses.count(429) == 20


# Text and names -----------------------------------------------------------------------------


async def test_a_hundred_thousand_characters(http: httpx.AsyncClient) -> None:
    for extra in ({"voice": "joe"}, {"mode": "single_speaker_tts", "language": "EN"}):
        body = {"model": "piper", "input": "a " * 50_000, "voice": "joe"} | extra
        message = check_refusal(await http.post("/v1/audio/speech", json=body))
        assert "input has 100000 characters" in message


@pytest.mark.parametrize("name", ["\x1b[31mred", "x" * 5000, "<b>", "'; DROP", "名前", "a\nb"])
async def test_names_are_shown_short_and_printable(http: httpx.AsyncClient, name: str) -> None:
    body = {"model": name, "input": "Hi.", "voice": "joe"}
    answer = await http.post("/v1/audio/speech", json=body)
    message = check_refusal(answer, 404)
    assert message.isprintable()
    body = {"model": "piper", "input": "Hi.", "voice": name}
    assert check_refusal(await http.post("/v1/audio/speech", json=body)).isprintable()


async def test_filters_nested_without_end(http: httpx.AsyncClient) -> None:
    nested: dict[str, Any] = {"model": "voicefixer"}
    for _ in range(200):
        nested = {"model": "voicefixer", "pre_processing_filters": [nested]}
    body = {"model": "voicefixer", "source_audio": as_base64(wav(0.1))} | nested
    check_refusal(
        await http.post(
            "/v1/audio/convert",
            content=json.dumps(body),
            headers={"content-type": "application/json"},
        )
    )


@pytest.mark.parametrize("path", JSON_PATHS)
async def test_a_compressed_body_is_named_so(http: httpx.AsyncClient, path: str) -> None:
    body = gzip.compress(json.dumps({"model": "piper", "input": "Hi."}).encode())
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    message = check_refusal(await http.post(path, content=body, headers=headers), 415)
    assert "send it as it is" in message


async def test_a_number_of_too_many_digits_is_refused_in_our_words(http: httpx.AsyncClient) -> None:
    body = {"model": "silero", "input_audio": as_base64(wav()), "speech_pad_ms": 10**30}
    message = check_refusal(await http.post("/v1/audio/vad", json=body))
    assert message == "speech_pad_ms must be a whole number of fewer digits"
