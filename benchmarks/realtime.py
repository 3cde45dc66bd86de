"""(l) The realtime socket: how long a speaker waits for the first words, and for the final text.

Sessions play a phrase in real time, silence before and behind it, again and again, and end turns
by server_vad with 300 ms of silence. Times begin when the sample in question has been sent.
"""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from websockets.asyncio.client import ClientConnection, connect

from benchmarks import material
from benchmarks.figures import Line, percentile
from benchmarks.setup import Setup, served

RATE = 24_000
SESSIONS = (1, 8)
_PHRASE_S = (0.25, 2.35)
"""Of the recording: "And so my fellow Americans"."""
_BEFORE_S, _AFTER_S = 0.7, 1.3
_CHUNK_S = 0.05
_SILENCE_MS = 300
_TRANSCRIPTION = "conversation.item.input_audio_transcription"
_LIMITS_MS = {"first delta": 1000.0, "final text": 500.0}


@dataclass
class Turn:
    """When what happened, by time.perf_counter()."""

    began_s: float = 0.0
    """The first sample of speech was sent."""
    ended_s: float = 0.0
    """The last one was."""
    first_delta_s: float | None = None
    stopped_s: float | None = None
    final_s: float | None = None
    end_ms: int = 0
    stopped: int = 0
    completed: int = 0
    is_played: bool = False
    text: str = ""


@dataclass
class Measured:
    turns: list[Turn] = field(default_factory=list)
    lags_s: list[float] = field(default_factory=list)
    """From when a turn's last sample was sent until the server said that it is over."""


def run(setup: Setup) -> Iterator[Line]:
    with served(setup) as (server, _):
        for count in SESSIONS:
            cpu_s, began_s = server.cpu_s(), time.perf_counter()
            measured = asyncio.run(_sessions(server.url, count, setup.rounds))
            share = (server.cpu_s() - cpu_s) / (time.perf_counter() - began_s)
            yield from _lines(measured, count)
            yield Line(f"{_of(count)}: processor", "cores", share)


def _lines(measured: Measured, count: int) -> Iterator[Line]:
    turns = measured.turns
    waits = {
        "first delta": [_ms(turn.first_delta_s, turn.began_s) for turn in turns],
        "final text": [_ms(turn.final_s, turn.ended_s) for turn in turns],
    }
    for name, values in waits.items():
        limit = _LIMITS_MS[name] if count == 1 else None
        begin = "speech begins" if name == "first delta" else "speech ends"
        label = f"{_of(count)}: {name} after {begin}"
        yield Line(f"{label}, p50", "ms", percentile(values, 50), limit=limit)
        yield Line(f"{label}, p95", "ms", percentile(values, 95))
    behind = [_ms(turn.final_s, turn.stopped_s or 0) for turn in turns]
    yield Line(f"{_of(count)}: final text after the turn's end, p50", "ms", percentile(behind, 50))
    lag = percentile([1000 * one for one in measured.lags_s], 95)
    yield Line(f"{_of(count)}: behind real time, p95", "ms", lag, limit=500)
    wrong = sum("fellow american" not in turn.text.lower() for turn in turns)
    yield Line(f"{_of(count)}: turns without their words", "turns", wrong, limit=0)


def _of(count: int) -> str:
    return "1 session" if count == 1 else f"{count} sessions"


def _ms(later_s: float | None, earlier_s: float) -> float:
    return float("inf") if later_s is None else 1000 * (later_s - earlier_s)


async def _sessions(url: str, count: int, rounds: int) -> Measured:
    measured = Measured()
    apart_s = (_BEFORE_S + _AFTER_S + 2.1) / count
    await asyncio.gather(
        *(_session(url, rounds, measured, number * apart_s) for number in range(count))
    )
    return measured


async def _session(url: str, rounds: int, measured: Measured, wait_s: float) -> None:
    await asyncio.sleep(wait_s)
    address = url.replace("http", "ws", 1) + f"/v1/realtime?model={material.WHISPER}"
    async with connect(address) as socket:
        turns = {"type": "server_vad", "silence_duration_ms": _SILENCE_MS}
        fields = {"turn_detection": turns}
        session = {"type": "transcription", "audio": {"input": fields}}
        await socket.send(json.dumps({"type": "session.update", "session": session}))
        player = _Player(socket)
        for _ in range(rounds):
            turn = Turn()
            measured.turns.append(turn)
            async with asyncio.TaskGroup() as group:
                group.create_task(player.play(turn))
                group.create_task(_listen(socket, turn))
            if turn.stopped_s is not None:
                measured.lags_s.append(turn.stopped_s - player.sent_at(turn.end_ms))


class _Player:
    """A microphone: sends in real time, and knows when it sent what."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        speech = material.speech(RATE)[round(_PHRASE_S[0] * RATE) : round(_PHRASE_S[1] * RATE)]
        parts = (np.zeros(round(_BEFORE_S * RATE)), speech, np.zeros(round(_AFTER_S * RATE)))
        self._sound: NDArray[np.int16] = (np.concatenate(parts) * 32767).astype("<i2")
        self._speech_end = round(_BEFORE_S * RATE) + len(speech)
        self._sent_at: list[float] = []
        """Of each chunk since the session began."""

    def sent_at(self, place_ms: int) -> float:
        chunk = round(place_ms / 1000 / _CHUNK_S) - 1
        return self._sent_at[min(chunk, len(self._sent_at) - 1)]

    async def play(self, turn: Turn) -> None:
        step = round(_CHUNK_S * RATE)
        begun_s = time.perf_counter()
        for start in range(0, len(self._sound), step):
            chunk = self._sound[start : start + step]
            audio = base64.b64encode(chunk.tobytes()).decode()
            await asyncio.sleep(begun_s + (start + len(chunk)) / RATE - time.perf_counter())
            await self._socket.send(
                json.dumps({"type": "input_audio_buffer.append", "audio": audio})
            )
            now_s = time.perf_counter()
            self._sent_at.append(now_s)
            if start <= round(_BEFORE_S * RATE) < start + step:
                turn.began_s = now_s
            if start <= self._speech_end < start + step:
                turn.ended_s = now_s
        nothing = {"type": "session.update", "session": {"type": "transcription"}}
        await self._socket.send(json.dumps(nothing))  # is answered


async def _listen(socket: ClientConnection, turn: Turn) -> None:
    """Until the phrase has been played and has its text. One that the server cuts in two counts to
    its last part."""
    async with asyncio.timeout(60):
        while not (turn.is_played and turn.stopped == turn.completed > 0):
            event: dict[str, Any] = json.loads(await socket.recv())
            now_s, kind = time.perf_counter(), event["type"]
            if kind == f"{_TRANSCRIPTION}.delta" and turn.first_delta_s is None:
                turn.first_delta_s = now_s
            elif kind == "input_audio_buffer.speech_stopped":
                turn.stopped_s, turn.end_ms = now_s, event["audio_end_ms"]
                turn.stopped += 1
            elif kind == f"{_TRANSCRIPTION}.completed":
                turn.final_s = now_s
                turn.text = f"{turn.text} {event['transcript']}"
                turn.completed += 1
            elif kind == "session.updated":
                turn.is_played = turn.ended_s > 0
            elif kind == "error":
                raise RuntimeError(event["error"]["message"])
