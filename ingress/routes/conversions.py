"""POST /v1/voice/convert: another voice. POST /v1/audio/convert: a cleaner recording."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from contract.audio import Audio
from contract.errors import InvalidRequest
from contract.tasks import ConvertVoiceInput, RestoreAudioInput
from ingress import filters
from ingress.door import Door
from ingress.exchange import Exchange, exchange_of
from ingress.hse_answers import answer_audio, manner_of
from ingress.listings import AUDIO_CONVERT, VOICE_CONVERT, Card
from ingress.media import read_embedding, read_voice
from ingress.openapi import hse_audio_answers
from ingress.schemas.hse import AudioConversionRequest, VoiceConversionRequest
from ingress.selection import find_card


def router(door: Door) -> APIRouter:
    routes = APIRouter(tags=["conversion"])

    @routes.post("/v1/voice/convert", responses=hse_audio_answers(), response_class=Response)
    async def convert_voice(request: Request, body: VoiceConversionRequest) -> Response:
        """Say the same in another voice, given by an embedding or by a recording of it."""
        exchange = exchange_of(request)
        exchange.field_names = {"audio": "source_audio"}
        card = find_card(door.catalog.current, door.settings, VOICE_CONVERT, body.model)
        exchange.model = card.id
        _check_target(card, body)
        asked = await _conversion(door, exchange, body)
        made = await door.call(card.id, asked, exchange)
        return await answer_audio(
            door, exchange, made.audio, body.output_options, prefix="vc", model=body.model
        )

    @routes.post("/v1/audio/convert", responses=hse_audio_answers(), response_class=Response)
    async def convert_audio(request: Request, body: AudioConversionRequest) -> Response:
        """Restore a noisy or narrow recording."""
        exchange = exchange_of(request)
        exchange.field_names = {"audio": "source_audio"}
        card = find_card(door.catalog.current, door.settings, AUDIO_CONVERT, body.model)
        exchange.model = card.id
        asked = RestoreAudioInput(await _source(door, exchange, body))
        made = await door.call(card.id, asked, exchange)
        return await answer_audio(
            door, exchange, made.audio, body.output_options, prefix="ac", model=body.model
        )

    return routes


async def _source(door: Door, exchange: Exchange, body: AudioConversionRequest) -> Audio:
    names = filters.plan(door, body.pre_processing_filters, param="pre_processing_filters")
    audio = await read_voice(door, exchange, body.source_audio, param="source_audio")
    return await filters.apply(door, exchange, names, audio)


async def _conversion(
    door: Door, exchange: Exchange, body: VoiceConversionRequest
) -> ConvertVoiceInput:
    seed = manner_of(body.generation_options, can=frozenset({"seed"})).seed
    embedding = (
        read_embedding(body.target_embedding, param="target_embedding")
        if body.target_embedding
        else None
    )
    source = await _source(door, exchange, body)
    target = (
        await read_voice(door, exchange, body.target_audio, param="target_audio")
        if body.target_audio
        else None
    )
    return ConvertVoiceInput(source, embedding, target_audio=target, seed=seed)


def _check_target(card: Card, body: VoiceConversionRequest) -> None:
    if bool(body.target_audio) == bool(body.target_embedding):
        raise InvalidRequest(
            "send either target_embedding or target_audio", param="target_embedding"
        )
    if body.target_audio and not card.is_toolchain:
        raise InvalidRequest(
            f"{card.id} needs target_embedding; a toolchain such as openvoice_v2 takes "
            "target_audio",
            param="target_audio",
        )
