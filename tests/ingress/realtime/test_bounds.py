"""What a session may take: time, memory, patience."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import Any

import pytest
from level_client import LevelClient, counted
from prometheus_client import REGISTRY
from realtime_server import (
    append,
    as_base64,
    eventually,
    next_event,
    of_kind,
    open_sessions,
    raw,
    realtime_server,
    session,
    sound,
    spoken,
    until,
)
from websockets.exceptions import ConnectionClosed

from contract.errors import QueueFull

COMPLETED = "conversation.item.input_audio_transcription.completed"
FAILED = "conversation.item.input_audio_transcription.failed"
SERVER_VAD = {"type": "server_vad", "silence_duration_ms": 300}


@pytest.mark.parametrize(
    ("bound", "code", "close"),
    [("realtime_idle_s", "session_idle", 1008), ("realtime_session_s", "session_expired", 1000)],
)
async def test_a_session_ends_with_an_error_and_a_close(
    models: LevelClient, bound: str, code: str, close: int
) -> None:
    async with realtime_server(models, **{bound: 0.3}) as url, raw(url) as socket:
        await next_event(socket)
        assert (await next_event(socket))["error"]["code"] == code
        with pytest.raises(ConnectionClosed) as closed:
            await next_event(socket)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == close


async def test_work_stops_when_the_client_leaves(url: str, models: LevelClient) -> None:
    models.gates = {"whisper": asyncio.Event()}
    async with session(url, turn_detection=None) as connection:
        await append(connection, spoken(1.0))
        await connection.input_audio_buffer.commit()
        await until(connection, "conversation.item.done")
        await eventually(lambda: bool(models.requests_to("whisper")))
    await eventually(lambda: not models.at_once and not open_sessions())
    assert models.cancelled >= 1


async def test_turns_that_wait_too_long_fail_oldest_first(models: LevelClient) -> None:
    models.gates = {"whisper": asyncio.Event()}
    async with (
        realtime_server(models, realtime_buffer_s=8, realtime_delta_s=0) as url,
        session(url, turn_detection=SERVER_VAD) as connection,
    ):
        events = []
        for _ in range(6):
            await append(connection, spoken(2.0, 0.2, 0.5))
            events += await until(connection, "conversation.item.done")
        models.gates["whisper"].set()
        while len(of_kind(events, "completed")) + len(of_kind(events, "failed")) < 6:
            events.append(await asyncio.wait_for(connection.recv(), 10))
    items = [event.item.id for event in of_kind(events, "added")]
    failed = of_kind(events, "failed")
    assert {event.error.code for event in failed} == {"overloaded"}
    # The first was at work already; of those that waited, the oldest made room.
    assert [event.item_id for event in failed] == items[1 : 1 + len(failed)]
    assert {event.transcript for event in of_kind(events, "completed")} == {counted(2.0)}


async def test_a_busy_model_is_asked_again(url: str, models: LevelClient) -> None:
    models.failures["whisper"] = QueueFull("the queue is full")
    async with session(url, turn_detection=None) as connection:
        await append(connection, spoken(1.0))
        await connection.input_audio_buffer.commit()
        await until(connection, "conversation.item.done")
        await eventually(lambda: len(models.requests_to("whisper")) > 1)
        models.failures.clear()
        assert (await until(connection, COMPLETED))[-1].transcript == counted(1.0)


async def test_a_client_that_never_reads_is_let_go(models: LevelClient) -> None:
    """It asks for answers without end."""
    clear = json.dumps({"type": "input_audio_buffer.clear"})
    async with realtime_server(models, progress_timeout_s=0.5) as url:
        socket = await raw(url, max_queue=1)
        with suppress(ConnectionClosed):
            async with asyncio.timeout(20):
                while True:
                    await socket.send(clear)
        await eventually(lambda: not open_sessions())
        socket.transport.abort()


def slow_readers() -> float:
    return REGISTRY.get_sample_value("speech_realtime_errors_total", {"code": "slow_reader"}) or 0


async def test_a_slow_reader_is_told_why(models: LevelClient) -> None:
    """It begins to read again when the session has ended."""
    unknown = json.dumps({"type": "unknown", "event_id": "x" * 500})  # its answer has them too
    events: list[dict[str, Any]] = []
    before = slow_readers()
    async with (
        realtime_server(models, progress_timeout_s=60) as url,
        raw(url, max_queue=1, ping_interval=None) as socket,
    ):
        with suppress(ConnectionClosed):
            while slow_readers() == before:
                with suppress(TimeoutError):
                    while True:  # until the session reads no more, or does not get round to it
                        async with asyncio.timeout(0.2):
                            await socket.send(unknown)
        with suppress(ConnectionClosed):
            while True:
                events.append(await next_event(socket))
        assert socket.close_code == 1008
    assert events[-1]["error"]["code"] == "slow_reader"


async def test_hours_of_silence_are_not_kept(url: str, models: LevelClient) -> None:
    """Pipecat sends what the microphone hears all the time, and commits after a turn."""
    minute = as_base64(sound(60, 0))
    async with session(url, turn_detection=None) as connection:
        for _ in range(20):
            await connection.input_audio_buffer.append(audio=minute)
        await append(connection, spoken(1.0))
        await connection.input_audio_buffer.commit()
        done = await until(connection, COMPLETED, 60)
    assert done[-1].transcript == counted(1.0)
    longest_s = max(request.audio.duration_s for request in models.requests_to("whisper"))
    assert longest_s < 15


async def test_a_long_turn_is_heard_piece_by_piece(url: str, models: LevelClient) -> None:
    async with session(url, turn_detection=None) as connection:
        for _ in range(100):
            await append(connection, sound(0.5), ms=500)
            await asyncio.sleep(0.01)
        await append(connection, sound(1, 0))
        await connection.input_audio_buffer.commit()
        done = await until(connection, COMPLETED, 30)
    longest_s = max(request.audio.duration_s for request in models.requests_to("whisper"))
    assert longest_s < 20
    assert len(done[-1].transcript.split()) == pytest.approx(100, abs=12)
    deltas = "".join(delta.delta for delta in of_kind(done, "transcription.delta"))
    assert done[-1].transcript.startswith(deltas[: len(deltas) // 2].strip())


async def test_a_turn_without_end_is_cut_where_the_server_ends_turns(url: str) -> None:
    async with session(url, turn_detection=SERVER_VAD) as connection:
        for _ in range(35):
            await append(connection, sound(2), ms=1000)
        events = await until(connection, "input_audio_buffer.speech_stopped", 30)
        assert events[-1].audio_end_ms == pytest.approx(60_000, abs=500)
        await append(connection, sound(1, 0))
        await until(connection, COMPLETED)
        await until(connection, COMPLETED)


async def test_two_hundred_sessions_at_once(models: LevelClient) -> None:
    settings: dict[str, Any] = {"realtime_sessions_per_caller": 256, "max_connections": 1000}

    async def one(url: str) -> str:
        """Bare: two hundred official clients are slower than what they call."""
        async with raw(url, open_timeout=60) as socket:
            sent = {"type": "input_audio_buffer.append", "audio": as_base64(spoken(1.0))}
            await socket.send(json.dumps(sent))
            while (event := await next_event(socket, 100))["type"] != COMPLETED:
                pass
            transcript: str = event["transcript"]
            return transcript

    async with realtime_server(models, **settings) as url:
        texts = await asyncio.gather(*(one(url) for _ in range(200)))
        assert texts == [counted(1.0)] * 200
        assert models.most_at_once <= 32
        await eventually(lambda: not open_sessions())
