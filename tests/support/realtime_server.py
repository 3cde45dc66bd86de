"""The ingress with its socket on a real port, and what a client of the socket does."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import openai
import uvicorn
from ingress_app import catalog
from numpy.typing import NDArray
from openai.resources.realtime.realtime import AsyncRealtimeConnection
from prometheus_client import REGISTRY
from websockets.asyncio.client import ClientConnection, connect

from ingress.app import create_app
from ingress.realtime.routes import MAX_MESSAGE_MB
from ingress.settings import Settings
from transport.asgi.server_config import server_config
from transport.client.client import Client

RATE = 24_000
CONFIG = """
model_configs:
  - {name: whisper, model: x, model_type: FasterWhisper}
  - {name: other-whisper, model: x, model_type: FasterWhisper}
  - {name: silero-vad, model: x, model_type: SileroVAD}
"""
Int16Array = NDArray[np.int16]


@asynccontextmanager
async def realtime_server(
    client: Client, *, config: str = CONFIG, **settings: Any
) -> AsyncIterator[str]:
    """Its address, without the /v1."""
    own = Settings(**{"grace_s": 1} | settings)
    app = create_app(own, client, catalog(config))
    server = uvicorn.Server(
        server_config(app, own, host="127.0.0.1", port=0, max_message_mb=MAX_MESSAGE_MB)
    )
    task = asyncio.create_task(server.serve())
    try:
        await eventually(lambda: server.started)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await task


async def eventually(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Return once it holds; fail if it does not in time."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  # what is waited for knows no event
            await asyncio.sleep(0.01)


def open_sessions() -> float | None:
    return REGISTRY.get_sample_value("speech_realtime_sessions")


@asynccontextmanager
async def session(
    url: str, key: str = "any", query: dict[str, str] | None = None, **transcription_session: Any
) -> AsyncIterator[AsyncRealtimeConnection]:
    """The official client's connection, configured where `audio.input` fields are given."""
    official = openai.AsyncOpenAI(api_key=key, base_url=f"{url}/v1", max_retries=0)
    query = {"intent": "transcription"} | (query or {})
    async with official, official.realtime.connect(extra_query=query) as connection:
        await until(connection, "session.created")
        if transcription_session:
            await update(connection, **transcription_session)
        yield connection


async def update(connection: AsyncRealtimeConnection, **fields: Any) -> Any:
    """Set fields of `audio.input`; returns the session as it is then."""
    own: Any = {"type": "transcription", "audio": {"input": fields}}
    await connection.session.update(session=own)
    return (await until(connection, "session.updated"))[-1].session


async def until(connection: AsyncRealtimeConnection, kind: str, seconds: float = 10) -> list[Any]:
    """All events up to one of this kind. An error that was not waited for fails."""
    found: list[Any] = []
    async with asyncio.timeout(seconds):
        while not found or found[-1].type != kind:
            found.append(await connection.recv())
            assert kind == "error" or found[-1].type != "error", found[-1]
    return found


def of_kind(events: list[Any], kind: str) -> list[Any]:
    return [event for event in events if event.type.endswith(kind)]


def sound(seconds: float, level: float = 0.3, rate: int = RATE) -> Int16Array:
    """A tone, which a LevelClient takes for speech; level 0: silence."""
    time_s = np.arange(round(seconds * rate)) / rate
    tone: Int16Array = (level * 32767 * np.sin(2 * np.pi * 440 * time_s)).astype("<i2")
    return tone


def spoken(speech_s: float, before_s: float = 0.5, after_s: float = 1.0) -> Int16Array:
    """Silence, speech, silence."""
    return np.concatenate([sound(before_s, 0), sound(speech_s), sound(after_s, 0)])


def as_base64(samples: Int16Array | bytes) -> str:
    data = samples if isinstance(samples, bytes) else samples.tobytes()
    return base64.b64encode(data).decode()


async def append(connection: AsyncRealtimeConnection, samples: Int16Array, ms: int = 100) -> None:
    """As a microphone would, but as fast as it goes."""
    step = RATE * ms // 1000
    for start in range(0, len(samples), step):
        await connection.input_audio_buffer.append(audio=as_base64(samples[start : start + step]))


# Bare sockets, for what the official client would not send ------------------------------------


def raw(url: str, query: str = "?intent=transcription", **options: Any) -> connect:
    address = url.replace("http", "ws", 1) + f"/v1/realtime{query}"
    return connect(address, max_size=None, **options)


async def next_event(socket: ClientConnection, seconds: float = 10) -> dict[str, Any]:
    async with asyncio.timeout(seconds):
        event: dict[str, Any] = json.loads(await socket.recv())
        return event
