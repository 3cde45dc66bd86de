"""Sound that leaves while the rest of it is still being made."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Any, TypeVar

from starlette.responses import StreamingResponse
from starlette.types import Send

from contract.audio import Audio, AudioFormat, StreamEncoder, resample
from contract.errors import SpeechError
from ingress.dialect import Dialect, error_body
from ingress.door import Door
from ingress.exchange import Exchange

T = TypeVar("T")
EVENT_STREAM = "text/event-stream"


async def in_order(
    pieces: Sequence[str], speak: Callable[[str], Awaitable[T]]
) -> AsyncGenerator[T, None]:
    """Speak the pieces one after another, always one ahead of the listener and never more.

    The next piece starts when the last one is done, so that it cannot slow the first one down.
    Closing the generator cancels the piece being spoken.
    """
    ahead: asyncio.Future[T] | None = None
    try:
        for number in range(len(pieces)):
            spoken = await (ahead or speak(pieces[number]))
            ahead = None
            if number + 1 < len(pieces):
                ahead = asyncio.ensure_future(speak(pieces[number + 1]))
            yield spoken
    finally:
        if ahead is not None:
            ahead.cancel()
            await asyncio.gather(ahead, return_exceptions=True)


async def encoded(
    door: Door,
    exchange: Exchange,
    sounds: AsyncGenerator[Audio, None],
    file_format: AudioFormat,
    output_rate: int | None = None,
) -> AsyncGenerator[bytes, None]:
    """One file in pieces, each sent as soon as the encoder gives it."""
    encoder: StreamEncoder | None = None
    rate = 0
    async with aclosing(sounds):
        async for sound in sounds:
            if encoder is None:
                rate = sound.sample_rate
                encoder = await door.in_thread(
                    StreamEncoder, file_format, rate, output_rate=output_rate
                )
            exchange.audio_out_s += sound.duration_s
            chunk = await door.in_thread(_push, encoder, sound, rate)
            if chunk:
                yield chunk
    if encoder is not None:
        tail = await door.in_thread(encoder.finish)
        if tail:
            yield tail


def _push(encoder: StreamEncoder, sound: Audio, rate: int) -> bytes:
    return encoder.push(resample(sound, rate).samples)


async def begun(chunks: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """The same chunks with the first one already made: its errors still find an HTTP status."""
    try:
        first = await anext(chunks, b"")
    except BaseException:
        await chunks.aclose()
        raise
    return _continued(first, chunks)


async def _continued(
    first: bytes, chunks: AsyncGenerator[bytes, None]
) -> AsyncGenerator[bytes, None]:
    async with aclosing(chunks):
        yield first
        async for chunk in chunks:
            yield chunk


def sse(event: str, data: dict[str, Any]) -> bytes:
    """One server-sent event."""
    body = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return f"event: {event}\ndata: {body}\n\n".encode()


async def speech_events(
    exchange: Exchange, chunks: AsyncGenerator[bytes, None], usage: Callable[[], dict[str, Any]]
) -> AsyncGenerator[bytes, None]:
    """OpenAI's speech events. A fault after the first becomes an `error` event, then the end."""
    kind = "speech.audio.delta"
    begun_already = False
    async with aclosing(chunks):
        try:
            async for chunk in chunks:
                yield sse(kind, {"type": kind, "audio": base64.b64encode(chunk).decode()})
                begun_already = True
        except SpeechError as error:
            if not begun_already:
                raise
            exchange.error_code = error.code
            yield sse("error", {"type": "error"} | error_body(Dialect.OPENAI, error))
            return
    kind = "speech.audio.done"
    yield sse(kind, {"type": kind, "usage": usage()})


class ClosingStream(StreamingResponse):
    """A streaming response that closes its generator whatever happens, and with it the work."""

    def __init__(
        self,
        chunks: AsyncGenerator[bytes, None],
        media_type: str,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(chunks, media_type=media_type, headers=headers)
        self._chunks = chunks

    async def stream_response(self, send: Send) -> None:
        async with aclosing(self._chunks):
            await super().stream_response(send)
