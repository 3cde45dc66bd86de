"""/v1/audio/voice_consents: who has agreed to have their voice cloned."""

from __future__ import annotations

from fastapi import APIRouter, Request

from ingress.json_body import JsonRoute
from ingress.openai.forms import read_upload
from ingress.openai.pages import USUAL, After, Limit, Order, page_request
from ingress.openai.voice_schemas import (
    CreateVoiceConsentRequest,
    UpdateVoiceConsentRequest,
    VoiceConsent,
    VoiceConsentDeleted,
    VoiceConsentList,
)
from ingress.openapi import VOICE_CONSENT_BODY, VOICE_ERRORS
from ingress.request_state import request_state_of
from ingress.state import AppState
from ingress.voices.permission import allow_stored_voices
from ingress.voices.records import Consent, Page, is_consent_id
from ingress.voices.uploads import read_recording

PATH = "/v1/audio/voice_consents"


def router(app_state: AppState) -> APIRouter:
    routes = APIRouter(route_class=JsonRoute, tags=["voices"])
    library = app_state.voices

    @routes.post(PATH, responses=VOICE_ERRORS, openapi_extra=VOICE_CONSENT_BODY)
    async def create_consent(request: Request) -> VoiceConsent:
        """Store a recording in which somebody agrees to have their voice cloned."""
        return _shown(await _create(app_state, request))

    @routes.get(PATH, responses=VOICE_ERRORS)
    async def consents(
        request: Request, limit: Limit = USUAL, after: After = None, order: Order = "desc"
    ) -> VoiceConsentList:
        """Your consents, the newest first."""
        asked = page_request(limit, after, order, is_consent_id)
        return _listed(await library.consents(request_state_of(request), asked))

    @routes.get(f"{PATH}/{{consent_id}}", responses=VOICE_ERRORS)
    async def consent(request: Request, consent_id: str) -> VoiceConsent:
        """One of your consents. Nobody gets the recording back."""
        state = request_state_of(request)
        return _shown(await library.consent(state, consent_id, param="consent_id"))

    @routes.post(f"{PATH}/{{consent_id}}", responses=VOICE_ERRORS)
    async def rename_consent(
        request: Request, consent_id: str, body: UpdateVoiceConsentRequest
    ) -> VoiceConsent:
        """Give it another label."""
        state = request_state_of(request)
        state.note_ignored(body)
        return _shown(await library.rename_consent(state, consent_id, body.name))

    @routes.delete(f"{PATH}/{{consent_id}}", responses=VOICE_ERRORS)
    async def delete_consent(request: Request, consent_id: str) -> VoiceConsentDeleted:
        """Withdraw it: the recording goes, and with it every voice that rests on it."""
        await library.delete_consent(request_state_of(request), consent_id)
        return VoiceConsentDeleted(id=consent_id)

    return routes


async def _create(app_state: AppState, request: Request) -> Consent:
    state = request_state_of(request)
    allow_stored_voices(app_state.settings, param="recording")
    upload, asked = await read_upload(request, CreateVoiceConsentRequest, name="recording")
    state.note_ignored(asked)
    recording = await read_recording(app_state, state, upload, param="recording")
    consent = Consent(asked.name, asked.language)
    await app_state.voices.add_consent(state, consent, recording, upload.data)
    return consent


def _listed(page: Page[Consent]) -> VoiceConsentList:
    return VoiceConsentList(
        data=[_shown(one) for one in page.records],
        first_id=page.first_id,
        last_id=page.last_id,
        has_more=page.has_more,
    )


def _shown(one: Consent) -> VoiceConsent:
    return VoiceConsent(id=one.id, created_at=one.created_at, name=one.name, language=one.language)
