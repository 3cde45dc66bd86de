"""/v1/audio/voices: every voice that can be asked for, and those that callers store."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BeforeValidator

from contract.errors import InvalidRequest
from ingress.endpoints import SPEECH, listed_models
from ingress.openai.forms import read_upload
from ingress.openai.pages import USUAL, After, Limit, Order, page_request
from ingress.openai.voice_schemas import (
    CreateVoiceRequest,
    CustomVoice,
    NamedVoice,
    VoiceDeleted,
    VoiceList,
    VoiceNames,
)
from ingress.openapi import VOICE_BODY, VOICE_ERRORS
from ingress.request_state import request_state_of
from ingress.selection import OPENAI_VOICES
from ingress.state import AppState
from ingress.voices.permission import allow_stored_voices
from ingress.voices.records import Page, StoredVoice, is_voice_id
from ingress.voices.uploads import read_recording

PATH = "/v1/audio/voices"


def router(app_state: AppState) -> APIRouter:
    routes = APIRouter(tags=["voices"])
    library = app_state.voices

    @routes.get(PATH, responses=VOICE_ERRORS)
    async def voices(
        request: Request,
        legacy: Annotated[bool, BeforeValidator(lambda given: given or False)] = False,
        limit: Limit = USUAL,
        after: After = None,
        order: Order = "desc",
    ) -> VoiceList | VoiceNames:
        """Voices that `voice` may name, and a page of your own; `legacy`: the names alone."""
        asked = page_request(limit, after, order, is_voice_id)
        page = await library.voices(request_state_of(request), asked)
        listed = _listed(app_state, page)
        return VoiceNames(voices=[one.id for one in listed.voices]) if legacy else listed

    @routes.post(PATH, responses=VOICE_ERRORS, openapi_extra=VOICE_BODY)
    async def create_voice(request: Request) -> CustomVoice:
        """Store a voice: a recording of the person whose consent is stored."""
        return _shown(await _create(app_state, request))

    @routes.get(f"{PATH}/{{voice_id}}", responses=VOICE_ERRORS)
    async def voice(request: Request, voice_id: str) -> CustomVoice:
        """One of your voices. Nobody gets the recording back."""
        return _shown(await library.voice(request_state_of(request), voice_id, param="voice_id"))

    @routes.delete(f"{PATH}/{{voice_id}}", responses=VOICE_ERRORS)
    async def delete_voice(request: Request, voice_id: str) -> VoiceDeleted:
        """The recording goes, and all that was made of it. The consent stays."""
        await library.delete_voice(request_state_of(request), voice_id)
        return VoiceDeleted(id=voice_id)

    return routes


async def _create(app_state: AppState, request: Request) -> StoredVoice:
    state = request_state_of(request)
    allow_stored_voices(app_state.settings, param="audio_sample")
    _refuse_json(request)
    upload, asked = await read_upload(request, CreateVoiceRequest, name="audio_sample")
    state.note_ignored(asked)
    consent = await app_state.voices.consent(state, asked.consent, param="consent")
    recording = await read_recording(app_state, state, upload, param="audio_sample")
    voice = StoredVoice(asked.name, consent.id, consent.language)
    await app_state.voices.add_voice(state, voice, recording, upload.data)
    return voice


def _refuse_json(request: Request) -> None:
    """OpenAI takes JSON for voices that are made from a description."""
    if request.headers.get("content-type", "").lower().startswith("application/json"):
        raise InvalidRequest(
            "audio_sample is required; upload a recording as multipart/form-data: no model here "
            "makes a voice from a description",
            param="audio_sample",
        )


def _listed(app_state: AppState, page: Page[StoredVoice]) -> VoiceList:
    named = [NamedVoice(id=name, name=name) for name in _names(app_state)]
    named += [NamedVoice(id=one.id, name=one.name) for one in page.records]
    return VoiceList(
        voices=named,
        data=[_shown(one) for one in page.records],
        first_id=page.first_id,
        last_id=page.last_id,
        has_more=page.has_more,
    )


def _shown(one: StoredVoice) -> CustomVoice:
    return CustomVoice(id=one.id, created_at=one.created_at, name=one.name)


def _names(app_state: AppState) -> list[str]:
    """Of the models' own voices and their aliases; OpenAI's last."""
    snapshot = app_state.catalog.current
    spoken = [
        voice
        for model in listed_models(snapshot, SPEECH).values()
        for voices in model.languages.values()
        for voice in voices
    ]
    return list(dict.fromkeys([*spoken, *snapshot.voice_aliases, *OPENAI_VOICES]))
