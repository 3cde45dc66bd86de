"""POST /v1/audio/speech in OpenAI's dialect."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial

from starlette.responses import Response

from contract.catalog import CatalogSnapshot
from contract.tasks import SPEAK_MODES
from contract.voices import is_blend
from ingress.client_body import format_name
from ingress.encoding import AudioFormat
from ingress.endpoints import SPEECH, ListedModel, listed_models
from ingress.languages import is_any_language
from ingress.media import write_file
from ingress.openai.schemas import CreateSpeechRequest
from ingress.openai.usage import speech_usage
from ingress.request_state import RequestState
from ingress.selection import find_model, find_voice, same_name, speaks, unaliased
from ingress.settings import Settings
from ingress.speaking import (
    OnWords,
    Speak,
    SynthesisOptions,
    joined,
    pieces_of,
    speak_with,
    with_silences,
)
from ingress.state import AppState
from ingress.streams import (
    EVENT_STREAM,
    ClosingStream,
    begun,
    encoded,
    speech_events,
    whole_or_stream,
    with_true_lengths,
)
from ingress.text.pieces import Piece, with_early_start
from ingress.voices.cloning import cloning_model, reference_of, stored_voice
from ingress.voices.records import StoredVoice

_REFERENCES = ("audio", "reference_audio", "embedding")
"""What a stored voice becomes in the requests of a toolchain."""
_WAV_PATIENCE_S = 0.25
"""The first byte of a WAV file is due so long after its first sentence has been spoken: readers
that trust the header's lengths get true ones where the rest is spoken by then."""


File = tuple[AudioFormat, int | None]
"""Format, and its rate in Hz where one is asked for."""


async def speak(app_state: AppState, state: RequestState, body: CreateSpeechRequest) -> Response:
    asked = await prepared(app_state, state, body)
    return await _send(app_state, state, body, asked)


@dataclass(frozen=True)
class AskedSpeech:
    """A request for speech, ready to be spoken piece by piece."""

    model: ListedModel
    pieces: list[Piece]
    say: Speak
    file: File


async def prepared(
    app_state: AppState,
    state: RequestState,
    body: CreateSpeechRequest,
    on_words: OnWords | None = None,
) -> AskedSpeech:
    """Everything before the first sound. Raises InvalidRequest and ModelNotFound."""
    state.field_names = {
        **{"text": "input", "xml:lang": "input"},
        **dict.fromkeys(_REFERENCES, "voice"),
    }
    state.note_ignored(body)
    snapshot = app_state.catalog.current
    stored = await stored_voice(app_state, state, body.voice_name)
    if stored is None:
        model = find_speech_model(snapshot, app_state.settings, body.model, body.voice_name)
    else:
        model = cloning_model(app_state, body.model)
    state.model = model.id
    language = _language(model, body, stored)
    speaker = find_voice(snapshot, model, None if stored else body.voice_name, language)
    file = _file_of(body)
    _note_unused(state, body, language, file)
    pieces = await pieces_of(
        app_state, state, model, speaker, body.input, normalize=body.is_normalized
    )
    options = SynthesisOptions(body.speed, seed=body.seed, on_words=on_words)
    if stored is None:
        say = speak_with(app_state, state, model, options, pieces)
    else:
        reference = await reference_of(app_state, state, model, stored)
        say = speak_with(app_state, state, model, options, pieces, "voice_cloning", reference)
    early = 0 if body.stream is False else model.traits.first_piece_chars
    return AskedSpeech(model, with_early_start(pieces, early), with_silences(say), file)


def find_speech_model(
    snapshot: CatalogSnapshot, settings: Settings, requested: str | None, voice: str | None
) -> ListedModel:
    """The model for a voice. A model's alias (tts-1) gives way to a voice, its alias (echo) or a
    blend: where the alias's model lacks it, the first model that has it speaks. A model's own name
    does not.

    Raises ModelNotFound.
    """
    model = find_model(snapshot, settings, SPEECH, requested)
    is_own_name = same_name(requested or "", [model.id]) is not None
    if voice is None or is_own_name or _has_voice(model, voice):
        return model
    others = listed_models(snapshot, SPEECH).values()
    speakers = (one for one in (model, *others) if SPEAK_MODES[0] in one.modes)
    if is_blend(voice):
        return next((one for one in speakers if one.traits.blends), model)
    target = unaliased(voice, snapshot.voice_aliases)
    return next((one for one in speakers if _has_voice(one, target)), model)


def _has_voice(model: ListedModel, voice: str) -> bool:
    names = (name for voices in model.languages.values() for name in voices)
    return same_name(voice, names) is not None


def _language(
    model: ListedModel, body: CreateSpeechRequest, stored: StoredVoice | None
) -> str | None:
    """What is asked for; else a hint, or the language of a stored voice, where the model has it."""
    if body.language and not is_any_language(body.language):
        return body.language
    hints = (body.lang_code, stored.language if stored else None)
    return next((hint for hint in hints if hint and speaks(model, hint)), None)


def _file_of(body: CreateSpeechRequest) -> File:
    """`response_format` and `sample_rate`, else what `output_format` says: mp3_44100_128."""
    name, _, rest = (body.output_format or "").partition("_")
    rate = rest.partition("_")[0]
    given = format_name(name)
    is_used = given in set(AudioFormat) and "response_format" not in body.model_fields_set
    file_format = AudioFormat(given) if is_used else body.response_format
    if is_used and body.sample_rate is None and rate.isdecimal() and 8_000 <= int(rate) <= 48_000:
        return file_format, int(rate)
    return file_format, body.sample_rate


def _note_unused(
    state: RequestState, body: CreateSpeechRequest, language: str | None, file: File
) -> None:
    if body.instructions and body.instructions.strip():
        state.ignored.append("instructions")
    if body.lang_code and language != body.lang_code:
        state.ignored.append("lang_code")
    if body.output_format and format_name(body.output_format.partition("_")[0]) != file[0]:
        state.ignored.append("output_format")


async def _send(
    app_state: AppState, state: RequestState, body: CreateSpeechRequest, asked: AskedSpeech
) -> Response:
    """One piece is sent as a complete file, several as they are made."""
    pieces, say, (file_format, rate) = asked.pieces, asked.say, asked.file
    content_type = file_format.content_type
    if body.stream_format == "audio" and (len(pieces) == 1 or body.stream is False):
        audio = joined([await say(piece) for piece in pieces])
        data = await write_file(app_state, state, audio, file_format, rate)
        return Response(data, media_type=content_type)
    chunks = encoded(app_state, state, pieces, say, file_format, rate)
    if body.stream_format == "sse":
        events = speech_events(state, chunks, lambda: speech_usage(body.input, state.audio_out_s))
        return ClosingStream(await begun(events), EVENT_STREAM, {"cache-control": "no-cache"})
    if file_format is AudioFormat.WAV and body.stream is None:
        made = await whole_or_stream(chunks, partial(_patience_s, pieces, time.monotonic()))
        if isinstance(made, bytes):
            return Response(with_true_lengths(made), media_type=content_type)
        return ClosingStream(made, content_type)
    return ClosingStream(await begun(chunks), content_type)


def _patience_s(pieces: list[Piece], started_s: float) -> float:
    """No wait at all where the rest would take longer, by what the first sentence took."""
    rest = sum(len(piece.text) for piece in pieces[1:]) / len(pieces[0].text)
    expected_s = (time.monotonic() - started_s) * rest
    return _WAV_PATIENCE_S if expected_s <= _WAV_PATIENCE_S else 0.0
