"""The ingress with a store of voices, and OpenAI's own client in front of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import openai
from fake_client import FakeClient
from fastapi import FastAPI
from ingress_app import make_app

from contract.audio.codec import Audio, wav_bytes

ANN, BOB = "ann's key", "bob's key"


@asynccontextmanager
async def serving(client: FakeClient, directory: Path, **settings: Any) -> AsyncIterator[FastAPI]:
    """Ann and Bob have keys; voices are in a file. Started and ended as a server is."""
    given = {
        "api_keys": f"{ANN},{BOB}",
        "voices_db": f"sqlite:///{directory}/voices.sqlite3",
        "decoders": 1,
    }
    app = make_app(client, **given | settings)
    async with app.router.lifespan_context(app):
        yield app


def connect(app: FastAPI, key: str = ANN) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(
        api_key=key,
        base_url="http://ingress/v1",
        max_retries=0,
        http_client=httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app)),
    )


def recording(seconds: float = 4.0, level: float = 0.3, rate: int = 16_000) -> bytes:
    """A WAV file of a tone that rises and falls, as a voice does."""
    time_s = np.arange(round(seconds * rate)) / rate
    phase = 2 * np.pi * np.cumsum(140 + 60 * np.sin(2 * np.pi * 0.7 * time_s)) / rate
    return wav_bytes(Audio((level * np.sin(phase)).astype(np.float32), rate))


def upload(data: bytes | None = None, kind: str = "audio/wav") -> tuple[str, bytes, str]:
    return ("sample.wav", recording() if data is None else data, kind)


async def new_voice(client: openai.AsyncOpenAI, name: str = "Ann") -> tuple[str, str]:
    """Ids of a consent and of a voice that rests on it."""
    consent = await client.audio.voice_consents.create(
        name=name, language="en-US", recording=upload()
    )
    voice = await client.audio.voices.create(name=name, consent=consent.id, audio_sample=upload())
    return consent.id, voice.id
