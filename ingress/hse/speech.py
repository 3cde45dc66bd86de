"""POST /v1/audio/speech in HSE's dialect."""

from __future__ import annotations

from starlette.responses import Response

from contract.audio.codec import Audio
from contract.errors import InvalidRequest
from contract.tasks import SEGMENT_SOURCES, SPEAK_MODES
from ingress.endpoints import SPEECH, ListedModel
from ingress.hse import filters
from ingress.hse.answers import answer_audio, synthesis_options
from ingress.hse.schemas import AudioOutputOptions, TextToSpeechRequest
from ingress.hse.vad_data import read_segments
from ingress.media import read_embedding, read_voice
from ingress.request_state import RequestState
from ingress.selection import check_speaker, find_model
from ingress.speaking import Reference, Speak, joined, pieces_of, speak_with, with_silences
from ingress.state import AppState
from ingress.streams import ClosingStream, begun, encoded
from ingress.text.pieces import Piece, packed_pieces
from ingress.voices.permission import allow_given_voices


async def speak(app_state: AppState, state: RequestState, body: TextToSpeechRequest) -> Response:
    state.field_names = {
        "text": "input",
        "xml:lang": "input",
        "reference_audio": "input_audio",
        "audio": "input_audio",
        "segments": "input_vad_data",
        "segment_source": "input_vad_mode",
        "embedding": "input_embedding",
    }
    _check_mode(body)
    model = find_model(app_state.catalog.current, app_state.settings, SPEECH, body.model)
    state.model = model.id
    state.note_ignored(body)
    speaker = check_speaker(model, body.language, body.voice)
    pieces = await pieces_of(app_state, state, model, speaker, body.input, normalize=body.normalize)
    before = filters.plan(app_state, body.pre_processing_filters, param="pre_processing_filters")
    after = filters.plan(app_state, body.post_generation_filters, param="post_generation_filters")
    if not model.is_toolchain:
        _refuse_cloning(model, body)
    for name in ("input_audio", "input_embedding"):
        if getattr(body, name):
            allow_given_voices(app_state.settings, param=name)
    options = synthesis_options(body.generation_options)
    reference = await _reference(app_state, state, body, before)
    say = speak_with(app_state, state, model, options, pieces, body.mode, reference)

    async def speak_filtered(piece: Piece) -> Audio:
        sound = await say(piece)
        if not piece.text:  # a pause, which nothing is to be heard in
            return sound
        return await filters.apply(app_state, state, after, sound)

    return await _send(app_state, state, pieces, with_silences(speak_filtered), body)


async def _send(
    app_state: AppState,
    state: RequestState,
    pieces: list[Piece],
    speak: Speak,
    body: TextToSpeechRequest,
) -> Response:
    options = body.output_options or AudioOutputOptions()
    if options.stream:
        file_format = options.format
        chunks = encoded(app_state, state, pieces, speak, file_format, options.sample_rate)
        return ClosingStream(await begun(chunks), file_format.content_type)
    audio = joined([await speak(piece) for piece in packed_pieces(pieces)])
    return await answer_audio(app_state, state, audio, options, prefix="tts", model=body.model)


async def _reference(
    app_state: AppState, state: RequestState, body: TextToSpeechRequest, restorers: tuple[str, ...]
) -> Reference:
    audio = None
    if body.input_audio:
        audio = await read_voice(app_state, state, body.input_audio, param="input_audio")
        audio = await filters.apply(app_state, state, restorers, audio)
    elif restorers:
        raise InvalidRequest(
            "pre_processing_filters restore input_audio, which is missing",
            param="pre_processing_filters",
        )
    embedding = (
        read_embedding(body.input_embedding, param="input_embedding")
        if body.input_embedding
        else None
    )
    segments = read_segments(body.input_vad_data) if body.input_vad_data else None
    return Reference(audio, segments, embedding, body.input_vad_mode or None)


def _check_mode(body: TextToSpeechRequest) -> None:
    if body.mode not in SPEAK_MODES:
        raise InvalidRequest(f"mode must be one of: {', '.join(SPEAK_MODES)}", param="mode")
    if body.input_vad_mode and body.input_vad_mode not in SEGMENT_SOURCES:
        raise InvalidRequest(
            f"input_vad_mode must be one of: {', '.join(SEGMENT_SOURCES)}", param="input_vad_mode"
        )


def _refuse_cloning(model: ListedModel, body: TextToSpeechRequest) -> None:
    """HSE ignores these on a plain synthesizer and speaks in the wrong voice."""
    given = {
        "mode": body.mode != SPEAK_MODES[0],
        "input_audio": body.input_audio,
        "input_embedding": body.input_embedding,
        "input_vad_data": body.input_vad_data,
        "input_vad_mode": body.input_vad_mode,
    }
    for name, value in given.items():
        if value:
            raise InvalidRequest(
                f"{model.id} speaks in its own voices only, so {name} has no effect; "
                "ask a toolchain to clone a voice",
                param=name,
            )
