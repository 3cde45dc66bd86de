"""What is kept of voices and consents, and of what is done to them."""

from __future__ import annotations

import re
import secrets
import time
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Generic, TypeVar

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
