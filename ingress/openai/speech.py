"""POST /v1/audio/speech in OpenAI's dialect."""

from __future__ import annotations

from functools import partial
from typing import Any

from starlette.responses import Response

from contract.errors import InvalidRequest
from ingress.endpoints import SPEECH
from ingress.media import write_file
from ingress.openai.schemas import CreateSpeechRequest
from ingress.request_state import RequestState
from ingress.selection import find_card, find_voice
from ingress.sentences import check_text, split
from ingress.speaking import Manner, Speak, speak_with
from ingress.state import AppState
from ingress.streams import EVENT_STREAM, ClosingStream, begun, encoded, speech_events


async def speak(app_state: AppState, state: RequestState, body: CreateSpeechRequest) -> Response:
    state.field_names = {"text": "input"}
    snapshot = app_state.catalog.current
    card = find_card(snapshot, app_state.settings, SPEECH, body.model)
    state.model = card.id
    speaker = find_voice(snapshot, card, body.voice_name, body.language)
    if body.instructions and body.instructions.strip():
        raise InvalidRequest(
            f"{card.id} cannot follow instructions; leave them out", param="instructions"
        )
    text = await app_state.in_thread(
        check_text,
        body.input,
        max_chars=app_state.settings.max_text_chars,
        param="input",
        normalize=body.normalize,
    )
    say = speak_with(app_state, state, card, speaker, Manner(body.speed, seed=body.seed))
    return await _send(app_state, state, split(text, speaker.language), say, body)


async def _send(
    app_state: AppState,
    state: RequestState,
    pieces: list[str],
    speak: Speak,
    body: CreateSpeechRequest,
) -> Response:
    """One piece is sent as a complete file, several as they are made."""
    content_type = body.response_format.content_type
    if len(pieces) == 1 and body.stream_format == "audio":
        audio = await speak(pieces[0])
        data = await write_file(app_state, state, audio, body.response_format)
        return Response(data, media_type=content_type)
    chunks = encoded(app_state, state, pieces, speak, body.response_format)
    if body.stream_format == "audio":
        return ClosingStream(await begun(chunks), content_type)
    events = speech_events(state, chunks, partial(_usage, body, state))
    return ClosingStream(await begun(events), EVENT_STREAM, {"cache-control": "no-cache"})


_TOKENS_PER_S = 50


def _usage(body: CreateSpeechRequest, state: RequestState) -> dict[str, Any]:
    """Voices here read characters, so a character is a token; audio counts 50 a second."""
    read, spoken = len(body.input), round(state.audio_out_s * _TOKENS_PER_S)
    return {"input_tokens": read, "output_tokens": spoken, "total_tokens": read + spoken}
