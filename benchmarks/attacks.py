"""Callers who mean harm or do not know better, bounded, from a loopback address of their own.

Each is one of the ways in which a stranger stopped an earlier release from answering others.
"""

from __future__ import annotations

import asyncio
import io
import json
import socket
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import av
import httpx
import numpy as np

SOURCE = "127.0.0.2"
UPLOADS = READERS = CALLERS = 64
SHORT_FRAME_UPLOADS = 12
_LEAVES_AFTER_S = 4.0
_TRANSCRIPTIONS = "/v1/audio/transcriptions"
_RATE = 48_000


@dataclass
class Target:
    """A server to attack, and what came of it."""

    url: str
    transcriber: str
    voice: str
    hung: str
    """A model that accepts and never answers."""
    short_clip: bytes
    """What innocents send."""
    long_recording: bytes
    short_frames: bytes
    scale: float = 1.0
    """How many attackers there are, of the numbers above."""
    answers: Counter[str] = field(default_factory=Counter)
    """How often which attack ended in which status, or was cut off."""


async def slow_uploads(target: Target) -> None:
    """A byte a second each."""

    async def upload() -> None:
        reader, writer = await _connect(target.url)
        try:
            writer.write(_head(_TRANSCRIPTIONS, 9_999, "application/json") + b"{")
            while not reader.at_eof():
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(1)
        finally:
            writer.close()

    await _side_by_side(target, "slow upload", UPLOADS, upload)


async def unread_answers(target: Target) -> None:
    """Long speeches that nobody reads."""
    text = "And so my fellow citizens of the world, ask not. " * 400
    body = json.dumps(
        {"model": target.voice, "voice": "joe", "input": text, "response_format": "wav"}
    ).encode()

    async def ask() -> None:
        _, writer = await _connect(target.url)
        try:
            writer.write(_head("/v1/audio/speech", len(body), "application/json") + body)
            await writer.drain()
            writer.transport.pause_reading()  # type: ignore[attr-defined]
            await asyncio.sleep(60)
        finally:
            writer.transport.abort()

    await _side_by_side(target, "unread answer", READERS, ask)


async def calls_of_a_hung_model(target: Target) -> None:
    async with _client(target) as http:

        async def call() -> None:
            body = {"model": target.hung, "input": "Hello."}
            answer = await http.post("/v1/audio/speech", json=body)
            target.answers[f"hung model: {answer.status_code}"] += 1
            await asyncio.sleep(1)

        await _side_by_side(target, "hung model", CALLERS, call)


async def abandoned_recordings(target: Target) -> None:
    """Forty minutes of speech, whose uploader leaves after four seconds."""
    async with _client(target) as http:

        async def upload() -> None:
            await asyncio.wait_for(_transcribe(http, target, target.long_recording), 300)

        async def leave() -> None:
            try:
                await asyncio.wait_for(upload(), _LEAVES_AFTER_S)
            except TimeoutError:
                target.answers["abandoned recording: left"] += 1
            await asyncio.sleep(2)

        await _side_by_side(target, "abandoned recording", 1, leave)


async def short_frames(target: Target) -> None:
    """Opus in frames of 2.5 ms, which are slow to decode, with a deadline of 300 ms."""
    async with _client(target) as http:

        async def upload() -> None:
            headers = {"x-speech-timeout-ms": "300"}
            answer = await _transcribe(http, target, target.short_frames, headers)
            target.answers[f"short frames: {answer.status_code}"] += 1
            await asyncio.sleep(1)

        await _side_by_side(target, "short frames", SHORT_FRAME_UPLOADS, upload)


ATTACKS: tuple[Callable[[Target], Coroutine[None, None, None]], ...] = (
    slow_uploads,
    unread_answers,
    calls_of_a_hung_model,
    abandoned_recordings,
    short_frames,
)


async def _side_by_side(
    target: Target, name: str, count: int, once: Callable[[], Coroutine[None, None, None]]
) -> None:
    """So many at once, again and again, until cancelled."""

    async def again() -> None:
        while True:
            try:
                await once()
            except (OSError, httpx.HTTPError, EOFError):
                target.answers[f"{name}: cut off"] += 1
                await asyncio.sleep(1)

    async with asyncio.TaskGroup() as group:
        for _ in range(max(1, round(count * target.scale))):
            group.create_task(again())


async def _connect(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
    line.bind((SOURCE, 0))
    line.setblocking(False)
    try:
        await asyncio.get_running_loop().sock_connect(line, ("127.0.0.1", urlsplit(url).port))
    except OSError:
        line.close()
        raise
    return await asyncio.open_connection(sock=line)


def _client(target: Target) -> httpx.AsyncClient:
    transport = httpx.AsyncHTTPTransport(
        local_address=SOURCE, limits=httpx.Limits(max_connections=None)
    )
    return httpx.AsyncClient(base_url=target.url, transport=transport, timeout=600)


async def _transcribe(
    http: httpx.AsyncClient, target: Target, file: bytes, headers: dict[str, str] | None = None
) -> httpx.Response:
    return await http.post(
        _TRANSCRIPTIONS,
        data={"model": target.transcriber},
        files={"file": ("recording.opus", file)},
        headers=headers,
    )


def _head(path: str, length: int, content_type: str) -> bytes:
    lines = (f"POST {path} HTTP/1.1", "host: x", f"content-type: {content_type}")
    return "\r\n".join((*lines, f"content-length: {length}", "", "")).encode()


def opus(seconds: float, speech: np.ndarray, *, frame_ms: float = 20.0) -> bytes:
    """Speech at 48 kHz, over and over, as Opus in frames of any length that Opus has."""
    file = io.BytesIO()
    with av.open(file, "w", format="ogg") as container:
        stream = container.add_stream(
            "libopus", rate=_RATE, layout="mono", options={"frame_duration": f"{frame_ms:g}"}
        )
        for _ in range(max(1, round(seconds * _RATE / len(speech)))):
            frame = av.AudioFrame.from_ndarray(speech[None, :], format="flt", layout="mono")
            frame.sample_rate = _RATE
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()
