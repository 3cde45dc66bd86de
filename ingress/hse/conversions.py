"""POST /v1/voice/convert: another voice. POST /v1/audio/convert: a cleaner recording."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from contract.audio.codec import Audio
from contract.errors import InvalidRequest
from contract.tasks import ConvertVoiceInput, RestoreAudioInput
from ingress.endpoints import AUDIO_CONVERT, VOICE_CONVERT, ListedModel
from ingress.hse import filters
from ingress.hse.answers import answer_audio, synthesis_options
from ingress.hse.schemas import AudioConversionRequest, VoiceConversionRequest
from ingress.json_body import JsonRoute
from ingress.media import read_embedding, read_voice
from ingress.openapi import hse_audio_answers
from ingress.request_state import RequestState, request_state_of
from ingress.selection import find_model
from ingress.state import AppState
from ingress.voices.permission import allow_given_voices


def router(app_state: AppState) -> APIRouter:
    routes = APIRouter(route_class=JsonRoute, tags=["conversion"])

    @routes.post("/v1/voice/convert", responses=hse_audio_answers(), response_class=Response)
    async def convert_voice(request: Request, body: VoiceConversionRequest) -> Response:
        """Say the same in another voice, given by an embedding or by a recording of it."""
        state = request_state_of(request)
        state.field_names = {"audio": "source_audio"}
        model = find_model(app_state.catalog.current, app_state.settings, VOICE_CONVERT, body.model)
        state.model = model.id
        state.note_ignored(body)
        _check_target(model, body)
        given = "target_audio" if body.target_audio else "target_embedding"
        allow_given_voices(app_state.settings, param=given)
        asked = await _conversion(app_state, state, body)
        made = await app_state.call(model.id, asked, state)
        return await answer_audio(
            app_state, state, made.audio, body.output_options, prefix="vc", model=body.model
        )

    @routes.post("/v1/audio/convert", responses=hse_audio_answers(), response_class=Response)
    async def convert_audio(request: Request, body: AudioConversionRequest) -> Response:
        """Restore a noisy or narrow recording."""
        state = request_state_of(request)
        state.field_names = {"audio": "source_audio"}
        model = find_model(app_state.catalog.current, app_state.settings, AUDIO_CONVERT, body.model)
        state.model = model.id
        state.note_ignored(body)
        asked = RestoreAudioInput(await _source(app_state, state, body))
        made = await app_state.call(model.id, asked, state)
        return await answer_audio(
            app_state, state, made.audio, body.output_options, prefix="ac", model=body.model
        )

    return routes


async def _source(app_state: AppState, state: RequestState, body: AudioConversionRequest) -> Audio:
    names = filters.plan(app_state, body.pre_processing_filters, param="pre_processing_filters")
    audio = await read_voice(app_state, state, body.source_audio, param="source_audio")
    return await filters.apply(app_state, state, names, audio)


async def _conversion(
    app_state: AppState, state: RequestState, body: VoiceConversionRequest
) -> ConvertVoiceInput:
    seed = synthesis_options(body.generation_options, can=frozenset({"seed"})).seed
    embedding = (
        read_embedding(body.target_embedding, param="target_embedding")
        if body.target_embedding
        else None
    )
    source = await _source(app_state, state, body)
    target = (
        await read_voice(app_state, state, body.target_audio, param="target_audio")
        if body.target_audio
        else None
    )
    return ConvertVoiceInput(source, embedding, target_audio=target, seed=seed)


def _check_target(model: ListedModel, body: VoiceConversionRequest) -> None:
    if bool(body.target_audio) == bool(body.target_embedding):
        raise InvalidRequest(
            "send either target_embedding or target_audio", param="target_embedding"
        )
    if body.target_audio and not model.is_toolchain:
        raise InvalidRequest(
            f"{model.id} needs target_embedding; a toolchain such as openvoice_v2 takes "
            "target_audio",
            param="target_audio",
        )
