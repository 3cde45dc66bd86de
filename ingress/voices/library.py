"""The stored voices of every caller, each their own; what is done to them is logged."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from dataclasses import replace
from weakref import WeakValueDictionary

from contract.errors import InvalidRequest, NotFound
from ingress.request_state import RequestState
from ingress.settings import Settings
from ingress.voices.lazy_store import LazyStore
from ingress.voices.records import (
    Action,
    AuditEvent,
    Consent,
    ConsentMissing,
    LimitReached,
    Page,
    PageRequest,
    StoredVoice,
    is_consent_id,
    is_voice_id,
)
from ingress.wording import quoted

audit_log = logging.getLogger("ingress.audit")
ANYBODY = "anybody"
"""The one owner where no API keys are configured."""


def owner_of(state: RequestState) -> str:
    """The holder of the request's key, by the name that is the same in every replica."""
    return state.context.caller or ANYBODY


class VoiceLibrary:
    """What the routes ask. Raises InvalidRequest, NotFound and Unavailable in a client's words."""

    def __init__(self, settings: Settings) -> None:
        self._most = settings.max_voices
        self._lazy = LazyStore(settings)
        self._embedding_locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def aclose(self) -> None:
        await self._lazy.aclose()

    # Consents -------------------------------------------------------------------------------

    async def add_consent(
        self, state: RequestState, consent: Consent, recording: bytes, upload: bytes
    ) -> None:
        """`recording` is kept; `upload`, as it came, is what the audit has the digest of."""
        store = await self._lazy.store()
        event = _event(state, Action.CONSENT_CREATED, consent.id)
        event = replace(event, sha256=await _sha256(upload))
        try:
            await store.add_consent(consent, recording, event, most=self._most)
        except LimitReached:
            raise _too_many("voice consents", "/v1/audio/voice_consents", self._most) from None
        _log(event)

    async def consent(self, state: RequestState, consent_id: str, *, param: str) -> Consent:
        store = await self._lazy.existing() if is_consent_id(consent_id) else None
        found = await store.consent(owner_of(state), consent_id) if store else None
        if found is None:
            raise _no_consent(consent_id, param)
        return found

    async def consents(self, state: RequestState, page: PageRequest) -> Page[Consent]:
        store = await self._lazy.existing()
        return await store.consents(owner_of(state), page) if store else Page()

    async def rename_consent(self, state: RequestState, consent_id: str, name: str) -> Consent:
        event = _event(state, Action.CONSENT_RENAMED, consent_id)
        store = await self._lazy.existing() if is_consent_id(consent_id) else None
        found = await store.rename_consent(name, event) if store else None
        if found is None:
            raise _no_consent(consent_id, "consent_id")
        _log(event)
        return found

    async def delete_consent(self, state: RequestState, consent_id: str) -> None:
        """And every voice that rests on it."""
        event = _event(state, Action.CONSENT_DELETED, consent_id)
        store = await self._lazy.existing() if is_consent_id(consent_id) else None
        gone = await store.delete_consent(event) if store else None
        if gone is None:
            raise _no_consent(consent_id, "consent_id")
        for one in (event, *(event.withdrawing(voice_id) for voice_id in gone)):
            _log(one)

    # Voices ---------------------------------------------------------------------------------

    async def add_voice(
        self, state: RequestState, voice: StoredVoice, recording: bytes, upload: bytes
    ) -> None:
        store = await self._lazy.store()
        event = _event(state, Action.VOICE_CREATED, voice.id, voice.consent_id)
        event = replace(event, sha256=await _sha256(upload))
        try:
            await store.add_voice(voice, recording, event, most=self._most)
        except LimitReached:
            raise _too_many("voices", "/v1/audio/voices", self._most) from None
        except ConsentMissing:
            raise _no_consent(voice.consent_id, "consent") from None
        _log(event)

    async def voice(self, state: RequestState, voice_id: str, *, param: str) -> StoredVoice:
        store = await self._lazy.existing() if is_voice_id(voice_id) else None
        found = await store.voice(owner_of(state), voice_id) if store else None
        if found is None:
            raise no_voice(voice_id, param)
        return found

    async def voices(self, state: RequestState, page: PageRequest) -> Page[StoredVoice]:
        store = await self._lazy.existing()
        return await store.voices(owner_of(state), page) if store else Page()

    async def delete_voice(self, state: RequestState, voice_id: str) -> None:
        event = _event(state, Action.VOICE_DELETED, voice_id)
        store = await self._lazy.existing() if is_voice_id(voice_id) else None
        if store is None or not await store.delete_voice(event):
            raise no_voice(voice_id, "voice_id")
        _log(event)

    # What is made of a voice ----------------------------------------------------------------

    def embedding_lock(self, what: str) -> asyncio.Lock:
        """Held by the one request that embeds a voice; the others of this replica wait for it."""
        return self._embedding_locks.setdefault(what, asyncio.Lock())

    def note_use(self, state: RequestState, voice: StoredVoice) -> None:
        _log(_event(state, Action.VOICE_USED, voice.id, voice.consent_id))

    async def recording(self, state: RequestState, voice_id: str) -> bytes:
        store = await self._lazy.store()
        found = await store.recording(owner_of(state), voice_id)
        if found is None:
            raise no_voice(voice_id, "voice")
        return found

    async def embedding(
        self, state: RequestState, voice_id: str, toolchain: str, model: str
    ) -> bytes | None:
        store = await self._lazy.store()
        return await store.embedding(owner_of(state), voice_id, toolchain, model)

    async def keep_embedding(
        self, state: RequestState, voice_id: str, toolchain: str, model: str, data: bytes
    ) -> None:
        store = await self._lazy.store()
        if not await store.keep_embedding(owner_of(state), voice_id, toolchain, model, data):
            raise no_voice(voice_id, "voice")


def _event(
    state: RequestState, action: Action, subject: str, consent_id: str | None = None
) -> AuditEvent:
    request_id = state.context.request_id
    return AuditEvent(owner_of(state), action, subject, request_id, consent_id)


def _log(event: AuditEvent) -> None:
    fields = {
        "at": event.at,
        "owner": event.owner,
        "action": event.action.value,
        "subject": event.subject,
        "consent": event.consent_id,
        "request_id": event.request_id,
        "sha256": event.sha256,
    }
    audit_log.info("audit", extra={"fields": {key: one for key, one in fields.items() if one}})


async def _sha256(data: bytes) -> str:
    return (await asyncio.to_thread(hashlib.sha256, data)).hexdigest()


def _no_consent(consent_id: str, param: str) -> NotFound:
    return NotFound(
        f"{param} {quoted(consent_id)} is none of your voice consents, or was deleted; "
        "GET /v1/audio/voice_consents lists them, POST there records one",
        param=param,
    )


def no_voice(voice_id: str, param: str) -> NotFound:
    return NotFound(
        f"{param} {quoted(voice_id)} is none of your voices, or it or its consent was deleted; "
        "GET /v1/audio/voices lists them, POST there creates one",
        param=param,
    )


def _too_many(what: str, path: str, most: int) -> InvalidRequest:
    return InvalidRequest(f"you have {most} {what}, the most there may be; DELETE one of {path}")
