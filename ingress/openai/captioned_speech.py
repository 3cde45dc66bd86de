"""POST /dev/captioned_speech: speech with the times of its words.

The path and the bodies are Kokoro-FastAPI's (remsky/Kokoro-FastAPI, api/src/routers/development.py
and api/src/structures/schemas.py); OpenAI has none.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any

from fastapi import APIRouter, Body, Request
from pydantic import BaseModel
from starlette.responses import Response

from contract.audio.codec import Audio
from contract.base64_text import to_base64
from contract.tasks import SpeechSegment
from ingress.encoding import AudioFormat
from ingress.json_body import JsonRoute
from ingress.openai.schemas import CreateSpeechRequest
from ingress.openai.speech import AskedSpeech, prepared
from ingress.openapi import OPENAI_ERRORS
from ingress.request_state import RequestState, request_state_of
from ingress.speaking import Speak
from ingress.state import AppState
from ingress.streams import ClosingStream, begun, encoded
from ingress.text.pieces import Piece

PATH = "/dev/captioned_speech"
_LINES = "application/x-ndjson"
"""Kokoro-FastAPI says application/json, which each line is; its clients read line by line."""


_STREAM: dict[int | str, dict[str, Any]] = {
    200: {"content": {_LINES: {"schema": {"type": "string"}}}}
}


class CaptionedSpeechRequest(CreateSpeechRequest):
    """Speech with the times of its words, as Kokoro-FastAPI takes it."""

    return_timestamps: bool = True


class WordTimestamp(BaseModel):
    """Seconds from the start of the speech."""

    word: str
    start_time: float
    end_time: float


class CaptionedSpeech(BaseModel):
    """Part of a file of speech, or all of it."""

    audio: str
    """Base64."""
    audio_format: str
    """A media type."""
    timestamps: list[WordTimestamp]
    """Of the words that begin in this part; empty where the model tells none."""


def router(app_state: AppState) -> APIRouter:
    routes = APIRouter(route_class=JsonRoute, tags=["speech"])

    @routes.post(PATH, responses=OPENAI_ERRORS | _STREAM, response_model=CaptionedSpeech)
    async def captioned_speech(
        request: Request, body: Annotated[CaptionedSpeechRequest, Body()]
    ) -> Response:
        """Speak a text, and tell when each word is spoken: a line of JSON for each part of the
        file, or with `stream: false` one."""
        state = request_state_of(request)
        captions = _Captions()
        on_words = captions.take if body.return_timestamps else None
        asked = await prepared(app_state, state, body, on_words)
        if on_words and not asked.model.traits.word_times:
            state.ignored.append("return_timestamps")
        parts = _parts(app_state, state, asked, captions)
        if body.stream is not False:
            return ClosingStream(await begun(_lines(parts, asked.file[0])), _LINES)
        return await _whole(app_state, parts, asked.file[0])

    return routes


Part = tuple[bytes, list[WordTimestamp]]
"""Bytes of the file, and the words that have been spoken with them."""


class _Captions:
    """Words in seconds of the whole speech, out of those of its pieces."""

    def __init__(self) -> None:
        self._spoken: list[WordTimestamp] = []
        self._words: tuple[SpeechSegment, ...] = ()
        self._at_s = 0.0

    def take(self, words: tuple[SpeechSegment, ...]) -> None:
        self._words = words

    def followed(self, say: Speak) -> Speak:
        """The same; pieces are spoken one after another, so each begins where the last ended."""

        async def speak(piece: Piece) -> Audio:
            self.take(())
            audio = await say(piece)
            begin_s = self._at_s + piece.before_s
            self._spoken += [_stamp(word, begin_s) for word in self._words]
            self._at_s += audio.duration_s
            return audio

        return speak

    def new(self) -> list[WordTimestamp]:
        """What has been spoken since this was asked last."""
        spoken, self._spoken = self._spoken, []
        return spoken


def _stamp(word: SpeechSegment, begin_s: float) -> WordTimestamp:
    start_s, end_s = round(begin_s + word.start_s, 3), round(begin_s + word.end_s, 3)
    return WordTimestamp(word=word.text or "", start_time=start_s, end_time=end_s)


async def _parts(
    app_state: AppState, state: RequestState, asked: AskedSpeech, captions: _Captions
) -> AsyncGenerator[Part, None]:
    file_format, rate = asked.file
    say = captions.followed(asked.say)
    chunks = encoded(app_state, state, asked.pieces, say, file_format, rate)
    async with aclosing(chunks):
        async for chunk in chunks:
            yield chunk, captions.new()
    if rest := captions.new():
        yield b"", rest


async def _lines(
    parts: AsyncGenerator[Part, None], file_format: AudioFormat
) -> AsyncGenerator[bytes, None]:
    async with aclosing(parts):
        async for data, words in parts:
            yield _answer(data, words, file_format).model_dump_json().encode() + b"\n"


async def _whole(
    app_state: AppState, parts: AsyncGenerator[Part, None], file_format: AudioFormat
) -> Response:
    async with aclosing(parts):
        made = [part async for part in parts]
    words = [word for _, spoken in made for word in spoken]

    def spelled() -> str:
        data = b"".join(chunk for chunk, _ in made)
        return _answer(data, words, file_format).model_dump_json()

    return Response(await app_state.in_thread(spelled), media_type="application/json")


def _answer(data: bytes, words: list[WordTimestamp], file_format: AudioFormat) -> CaptionedSpeech:
    audio = to_base64(data)
    return CaptionedSpeech(audio=audio, audio_format=file_format.content_type, timestamps=words)
