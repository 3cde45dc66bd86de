"""What a client may send wrongly: told in OpenAI's shape, and the session goes on."""

from __future__ import annotations

import asyncio
import json
import random
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from level_client import LevelClient, counted
from realtime_server import (
    append,
    as_base64,
    next_event,
    raw,
    realtime_server,
    session,
    sound,
    spoken,
    until,
)
from websockets.exceptions import ConnectionClosed

COMPLETED = "conversation.item.input_audio_transcription.completed"
_SESSION = {"type": "transcription"}


def update(**fields: Any) -> dict[str, Any]:
    return {"type": "session.update", "session": _SESSION | {"audio": {"input": fields}}}


WRONG: list[tuple[Any, str, str | None]] = [
    ("not json", "invalid_json", None),
    ("", "invalid_json", None),
    ("[1, 2]", "invalid_json", None),
    ("null", "invalid_json", None),
    (b"\xff\xfe\x00sound", "invalid_json", None),
    ('{"type": "session.update", "session": ' + "[" * 200 + "]" * 200 + "}", "invalid_json", None),
    ({}, "invalid_value", "type"),
    ({"type": 3}, "invalid_value", "type"),
    ({"type": "make.coffee"}, "invalid_value", "type"),
    ({"type": "response.create"}, "invalid_value", "type"),
    ({"type": "input_audio_buffer.append"}, "invalid_request", "audio"),
    ({"type": "input_audio_buffer.append", "audio": 5}, "invalid_request", "audio"),
    ({"type": "input_audio_buffer.append", "audio": "§§§"}, "invalid_request", "audio"),
    ({"type": "input_audio_buffer.commit"}, "input_audio_buffer_commit_empty", None),
    ({"type": "session.update"}, "invalid_request", "session"),
    ({"type": "session.update", "session": []}, "invalid_request", "session"),
    (
        {"type": "session.update", "session": {"type": "realtime"}},
        "invalid_request",
        "session.type",
    ),
    (update(format={"type": "audio/mp3"}), "invalid_request", "session.audio.input.format.type"),
    (update(format={"rate": 10**9}), "invalid_request", "session.audio.input.format.rate"),
    (
        update(turn_detection={"type": "psychic"}),
        "invalid_request",
        "session.audio.input.turn_detection.type",
    ),
    (
        update(turn_detection={"threshold": 7}),
        "invalid_request",
        "session.audio.input.turn_detection.threshold",
    ),
    (
        update(turn_detection={"silence_duration_ms": -1}),
        "invalid_request",
        "session.audio.input.turn_detection.silence_duration_ms",
    ),
    (
        update(transcription={"language": "klingonese"}),
        "invalid_request",
        "session.audio.input.transcription.language",
    ),
    (update(transcription={"model": "nobody"}), "model_not_found", "model"),
    (
        update(transcription={"prompt": "x" * 100_000}),
        "invalid_request",
        "session.audio.input.transcription.prompt",
    ),
    (
        update(transcription={"keywords": ["x"] * 5000}),
        "invalid_request",
        "session.audio.input.transcription.keywords",
    ),
]


@pytest.mark.parametrize(("sent", "code", "param"), WRONG)
async def test_a_wrong_event_is_told_and_the_session_goes_on(
    url: str, sent: Any, code: str, param: str | None
) -> None:
    if isinstance(sent, dict):
        sent = json.dumps(sent | {"event_id": "mine"})
    async with raw(url) as socket:
        await next_event(socket)
        await socket.send(sent)
        event = await next_event(socket)
        assert event["type"] == "error"
        assert event["event_id"]
        error = event["error"]
        assert (error["type"], error["code"], error["param"]) == (
            "invalid_request_error",
            code,
            param,
        )
        assert error["message"]
        assert "content-type" not in error["message"]  # a socket's events have none
        assert error["event_id"] == ("mine" if code != "invalid_json" else None)
        await socket.send(json.dumps({"type": "input_audio_buffer.clear"}))
        assert (await next_event(socket))["type"] == "input_audio_buffer.cleared"


async def test_json_in_a_binary_message_is_read(url: str) -> None:
    async with raw(url) as socket:
        await next_event(socket)
        await socket.send(json.dumps({"type": "input_audio_buffer.clear"}).encode())
        assert (await next_event(socket))["type"] == "input_audio_buffer.cleared"


async def test_sound_before_any_configuration_is_heard(url: str) -> None:
    async with session(url) as connection:
        await append(connection, spoken(1.0))
        assert (await until(connection, COMPLETED))[-1].transcript == counted(1.0)


async def test_sound_may_be_cut_anywhere(url: str) -> None:
    data = spoken(1.0).tobytes()
    cuts = sorted(random.Random(1).sample(range(len(data)), 40))
    async with session(url, turn_detection=None) as connection:
        for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
            await connection.input_audio_buffer.append(audio=as_base64(data[start:end]))
        await connection.input_audio_buffer.append(audio="")
        await connection.input_audio_buffer.commit()
        assert (await until(connection, COMPLETED))[-1].transcript == counted(1.0)


@pytest.mark.parametrize("milliseconds", [0, 1, 60])
async def test_too_little_sound_is_no_turn(url: str, milliseconds: int) -> None:
    async with session(url, turn_detection=None) as connection:
        await append(connection, sound(milliseconds / 1000))
        await connection.input_audio_buffer.commit()
        error = (await until(connection, "error"))[-1].error
        assert error.code == "input_audio_buffer_commit_empty"
        assert error.type == "invalid_request_error"


async def test_silence_is_an_item_without_words(url: str) -> None:
    async with session(url, turn_detection=None) as connection:
        await append(connection, sound(1.0, 0))
        await connection.input_audio_buffer.commit()
        assert (await until(connection, COMPLETED))[-1].transcript == ""


async def test_five_minutes_in_one_event(url: str) -> None:
    minutes = np.concatenate([sound(300, 0), spoken(1.0)])
    async with session(url, turn_detection=None) as connection:
        await connection.input_audio_buffer.append(audio=as_base64(minutes))
        await connection.input_audio_buffer.commit()
        assert (await until(connection, COMPLETED, 30))[-1].transcript == counted(1.0)


async def test_ten_minutes_in_one_event_end_the_connection(url: str) -> None:
    async with raw(url) as socket:
        await next_event(socket)
        event = {"type": "input_audio_buffer.append", "audio": as_base64(sound(600, 0))}
        with suppress(ConnectionClosed):
            await socket.send(json.dumps(event))
        with pytest.raises(ConnectionClosed) as closed:
            await next_event(socket)
        assert closed.value.rcvd is None or closed.value.rcvd.code == 1009


async def test_what_a_session_keeps_is_bounded(models: LevelClient) -> None:
    models.gates = {"silero-vad": asyncio.Event(), "whisper": asyncio.Event()}
    async with (
        realtime_server(models, realtime_buffer_s=5) as url,
        session(url, turn_detection=None) as connection,
    ):
        await append(connection, sound(8), ms=1000)
        errors = await until(connection, "error")
        assert errors[-1].error.code == "input_audio_buffer_full"
        await connection.input_audio_buffer.commit()
        models.gates["silero-vad"].set()
        models.gates["whisper"].set()
        done = await until(connection, COMPLETED)
        assert done[-1].usage.seconds == pytest.approx(5, abs=0.1)


async def test_it_is_told_once_that_sound_is_dropped(models: LevelClient) -> None:
    """A microphone never stops."""
    models.gates = {"silero-vad": asyncio.Event()}
    async with (
        realtime_server(models, realtime_buffer_s=2) as url,
        session(url, turn_detection={"type": "server_vad"}) as connection,
    ):
        await append(connection, sound(30), ms=500)
        await until(connection, "error")
        await connection.input_audio_buffer.clear()
        await until(connection, "input_audio_buffer.cleared")
        await append(connection, sound(3), ms=500)
        await until(connection, "error")


_JUNK: tuple[Any, ...] = (
    *(None, True, 0, -1, 1e308, "", "\x00", "😀" * 50, "null", [], {}, [[]], {"": {}}),
    *({"type": None}, ["x"] * 50, "AAAA", "AAA=", "data:audio/wav;base64,AAAA", 2**63),
)
_EVENTS: tuple[dict[str, Any], ...] = (
    {"type": "input_audio_buffer.append", "audio": as_base64(spoken(0.5, 0.1, 0.4))},
    {"type": "input_audio_buffer.commit"},
    {"type": "input_audio_buffer.clear"},
    {"type": "transcription_session.update", "session": {"input_audio_format": "g711_alaw"}},
    update(
        format={"type": "audio/pcm", "rate": 24000},
        transcription={"model": "whisper", "language": "en", "keywords": ["a"], "delay": "low"},
        turn_detection={"type": "semantic_vad", "eagerness": "low"},
        noise_reduction={"type": "near_field", "strength": 1},
    ),
    update(turn_detection={"type": "server_vad", "threshold": 0.4, "silence_duration_ms": 200}),
    update(turn_detection=None),
)


def _spoiled(event: Any, rng: random.Random) -> Any:
    """The same with one value somewhere replaced, one key lost or one added."""
    if not isinstance(event, dict) or not event or rng.random() < 0.2:
        return rng.choice(_JUNK)
    key = rng.choice(list(event))
    action = rng.random()
    if action < 0.1:
        return {name: value for name, value in event.items() if name != key}
    if action < 0.2:
        return event | {str(rng.choice(_JUNK)): rng.choice(_JUNK)}
    return event | {key: _spoiled(event[key], rng)}


@pytest.mark.parametrize("seed", range(3))
async def test_nothing_that_a_client_makes_up_breaks_a_session(url: str, seed: int) -> None:
    rng = random.Random(seed)
    async with raw(url) as socket:
        for _ in range(300):
            event: Any = rng.choice(_EVENTS)
            for _ in range(rng.choice((0, 0, 1, 2))):
                event = _spoiled(event, rng)
            await socket.send(json.dumps(event))
        await socket.send(json.dumps({"type": "session.update", "event_id": "last"}))
        while True:
            answer = await next_event(socket, 30)
            if answer["type"] == "error":
                assert answer["error"]["type"] == "invalid_request_error", answer
                if answer["error"]["event_id"] == "last":
                    return
