"""What is kept of voices and consents, and what a store of them can do."""

from __future__ import annotations

import re
import secrets
import time
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

T = TypeVar("T", bound="Consent | StoredVoice", covariant=True)

_CONSENT_ID = re.compile(r"cons_[0-9a-f]{32}")
_VOICE_ID = re.compile(r"voice_[0-9a-f]{32}")


def new_consent_id() -> str:
    return f"cons_{_id()}"


def new_voice_id() -> str:
    return f"voice_{_id()}"


def is_consent_id(text: str) -> bool:
    return _CONSENT_ID.fullmatch(text) is not None


def is_voice_id(text: str) -> bool:
    return _VOICE_ID.fullmatch(text) is not None


def _id() -> str:
    """48 bits of milliseconds, 80 random ones: ids sort by the time at which they were made."""
    return f"{time.time_ns() // 1_000_000:012x}{secrets.token_hex(10)}"


def _now_s() -> int:
    return int(time.time())


@dataclass(frozen=True, slots=True)
class Consent:
    """Somebody's recorded consent to have their voice cloned."""

    name: str
    language: str
    """BCP 47."""
    id: str = field(default_factory=new_consent_id)
    created_at: int = field(default_factory=_now_s)
    """Unix seconds."""


@dataclass(frozen=True, slots=True)
class StoredVoice:
    """A voice that can be spoken in."""

    name: str
    consent_id: str
    language: str
    """That of the consent."""
    id: str = field(default_factory=new_voice_id)
    created_at: int = field(default_factory=_now_s)


@dataclass(frozen=True, slots=True)
class PageRequest:
    """`limit` records behind the id `after`, the newest first unless `ascending`."""

    limit: int
    after: str | None = None
    ascending: bool = False


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    records: tuple[T, ...] = ()
    has_more: bool = False

    @property
    def first_id(self) -> str | None:
        return self.records[0].id if self.records else None

    @property
    def last_id(self) -> str | None:
        return self.records[-1].id if self.records else None


class Action(StrEnum):
    CONSENT_CREATED = "consent.created"
    CONSENT_RENAMED = "consent.renamed"
    CONSENT_DELETED = "consent.deleted"
    VOICE_CREATED = "voice.created"
    VOICE_DELETED = "voice.deleted"
    VOICE_USED = "voice.used"
    """Logged only: a row for each sentence that is spoken would outgrow everything else."""


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """Who did what to which record, and when."""

    owner: str
    action: Action
    subject: str
    """Id of the voice or consent."""
    request_id: str
    consent_id: str | None = None
    """On which a voice rests."""
    sha256: str | None = None
    """Of the recording as it was uploaded."""
    at: int = field(default_factory=_now_s)

    def withdrawing(self, voice_id: str) -> AuditEvent:
        """The deletion of a voice that the deletion of its consent brings about."""
        return replace(self, action=Action.VOICE_DELETED, subject=voice_id, consent_id=self.subject)


class LimitReached(Exception):
    """The owner has as many records as one may have."""


class ConsentMissing(Exception):
    """The consent was deleted meanwhile."""


class VoiceStore(Protocol):
    """Keeps records durably. What is not the owner's own is not there for them.

    Every method raises Unavailable when the store does not answer in time. Events are kept with the
    change that they tell of, or not at all.
    """

    async def add_consent(
        self, consent: Consent, recording: bytes, event: AuditEvent, *, most: int
    ) -> None:
        """Raises LimitReached when the event's owner has `most` already."""
        ...

    async def consent(self, owner: str, consent_id: str) -> Consent | None: ...

    async def consents(self, owner: str, page: PageRequest) -> Page[Consent]: ...

    async def rename_consent(self, name: str, event: AuditEvent) -> Consent | None: ...

    async def delete_consent(self, event: AuditEvent) -> tuple[str, ...] | None:
        """The ids of the voices that went with it; None when there is no such consent."""
        ...

    async def add_voice(
        self, voice: StoredVoice, recording: bytes, event: AuditEvent, *, most: int
    ) -> None:
        """`recording` is a WAV file. Raises LimitReached, ConsentMissing."""
        ...

    async def voice(self, owner: str, voice_id: str) -> StoredVoice | None: ...

    async def voices(self, owner: str, page: PageRequest) -> Page[StoredVoice]: ...

    async def delete_voice(self, event: AuditEvent) -> bool:
        """With its recording and embeddings. False when there is no such voice."""
        ...

    async def recording(self, owner: str, voice_id: str) -> bytes | None: ...

    async def embedding(
        self, owner: str, voice_id: str, toolchain: str, model: str
    ) -> bytes | None: ...

    async def keep_embedding(
        self, owner: str, voice_id: str, toolchain: str, model: str, data: bytes
    ) -> bool:
        """In place of what another model of that toolchain made. False when the voice is gone."""
        ...

    async def aclose(self) -> None: ...
