"""Audio that is sent while the rest of it is still being made."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing
from typing import Any

from starlette.responses import StreamingResponse
from starlette.types import Send

from contract.audio.codec import Audio, resample
from contract.base64_text import to_base64
from contract.errors import SpeechError
from ingress.dialect import Dialect, error_body
from ingress.encoding import AudioFormat, StreamEncoder
from ingress.request_state import RequestState
from ingress.state import AppState
from ingress.text.pieces import Piece

EVENT_STREAM = "text/event-stream"
_BEGINNING_S = 0.5
"""MP3 of it takes 3 ms, of a whole sentence 17."""


async def encoded(
    app_state: AppState,
    state: RequestState,
    pieces: Sequence[Piece],
    speak: Callable[[Piece], Awaitable[Audio]],
    file_format: AudioFormat,
    output_rate: int | None = None,
) -> AsyncGenerator[bytes, None]:
    """One file of all pieces, each sent as soon as it is spoken and encoded.

    One piece is spoken ahead of the listener and never more: while the piece before it is encoded,
    except for the first, whose beginning goes out by itself and is encoded before anything else is
    done. Closing the generator cancels the piece being spoken.
    """
    file = _GrowingFile(app_state, state, file_format, output_rate)
    rest = iter(pieces)
    ahead = _begun(speak, rest)
    try:
        is_first = True
        while ahead is not None:
            sound = await ahead
            ahead = None if is_first else _begun(speak, rest)
            for part in _beginning_apart(sound) if is_first else (sound,):
                chunk = await file.add(part)
                ahead = ahead or _begun(speak, rest)
                if chunk:
                    yield chunk
            is_first = False
        tail = await file.finish()
        if tail:
            yield tail
    finally:
        if ahead is not None:
            ahead.cancel()
            await asyncio.gather(ahead, return_exceptions=True)


def _beginning_apart(sound: Audio) -> tuple[Audio, ...]:
    at = round(_BEGINNING_S * sound.sample_rate)
    if len(sound.samples) <= at:
        return (sound,)
    parts = (sound.samples[:at], sound.samples[at:])
    return tuple(Audio(samples, sound.sample_rate) for samples in parts)


def _begun(
    speak: Callable[[Piece], Awaitable[Audio]], pieces: Iterator[Piece]
) -> asyncio.Future[Audio] | None:
    """The next piece on its way; None behind the last."""
    piece = next(pieces, None)
    return None if piece is None else asyncio.ensure_future(speak(piece))


class _GrowingFile:
    """An encoder that is made when the first sound tells its rate."""

    def __init__(
        self,
        app_state: AppState,
        state: RequestState,
        file_format: AudioFormat,
        output_rate: int | None,
    ) -> None:
        self._app_state, self._state = app_state, state
        self._format, self._output_rate = file_format, output_rate
        self._encoder: StreamEncoder | None = None
        self._rate = 0

    async def add(self, sound: Audio) -> bytes:
        """Bytes that are ready, maybe none. A sound of another rate is resampled."""
        self._state.audio_out_s += sound.duration_s
        return await self._app_state.in_thread(self._push, sound)

    async def finish(self) -> bytes:
        return await self._app_state.in_thread(self._encoder.finish) if self._encoder else b""

    def _push(self, sound: Audio) -> bytes:
        if self._encoder is None:
            self._rate = sound.sample_rate
            self._encoder = StreamEncoder(self._format, self._rate, output_rate=self._output_rate)
        return self._encoder.push(resample(sound, self._rate).samples)


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


async def whole_or_stream(
    chunks: AsyncGenerator[bytes, None], patience_s: Callable[[], float]
) -> bytes | AsyncGenerator[bytes, None]:
    """All bytes, if the last are made within patience of the first; else the chunks, begun.

    `patience_s` is asked when the first chunk is there.
    """
    made: list[bytes] = []
    pending = asyncio.ensure_future(anext(chunks, None))
    try:
        await asyncio.wait({pending})
        due_s = asyncio.get_running_loop().time() + patience_s()
        while pending.done():
            chunk = pending.result()
            if chunk is None:
                return b"".join(made)
            made.append(chunk)
            pending = asyncio.ensure_future(anext(chunks, None))
            left_s = max(0.0, due_s - asyncio.get_running_loop().time())
            await asyncio.wait({pending}, timeout=left_s)
        return await begun(_resumed(b"".join(made), pending, chunks))
    except BaseException:
        await _abandon(pending, chunks)
        raise


async def _resumed(
    made: bytes, pending: asyncio.Future[bytes | None], chunks: AsyncGenerator[bytes, None]
) -> AsyncGenerator[bytes, None]:
    try:
        yield made
        chunk = await pending
        if chunk is not None:
            yield chunk
            async for chunk in chunks:
                yield chunk
    finally:
        await _abandon(pending, chunks)


async def _abandon(
    pending: asyncio.Future[bytes | None], chunks: AsyncGenerator[bytes, None]
) -> None:
    pending.cancel()
    await asyncio.gather(pending, return_exceptions=True)
    await chunks.aclose()


def with_true_lengths(wav: bytes) -> bytes:
    """A complete WAV file whose header, of 44 bytes, was written before its end was known."""
    riff, data = (len(wav) - 8).to_bytes(4, "little"), (len(wav) - 44).to_bytes(4, "little")
    return wav[:4] + riff + wav[8:40] + data + wav[44:]


def sse(data: dict[str, Any]) -> bytes:
    """One server-sent event as OpenAI writes it: its kind stands inside, in `type`."""
    body = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return f"data: {body}\n\n".encode()


async def speech_events(
    state: RequestState, chunks: AsyncGenerator[bytes, None], usage: Callable[[], dict[str, Any]]
) -> AsyncGenerator[bytes, None]:
    """OpenAI's speech events. An error after the first becomes an `error` event, then the end."""
    kind = "speech.audio.delta"
    begun_already = False
    async with aclosing(chunks):
        try:
            async for chunk in chunks:
                yield sse({"type": kind, "audio": to_base64(chunk)})
                begun_already = True
        except SpeechError as error:
            if not begun_already:
                raise
            state.error_code = error.code
            yield sse({"type": "error"} | error_body(Dialect.OPENAI, error))
            return
    kind = "speech.audio.done"
    yield sse({"type": kind, "usage": usage()})


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
