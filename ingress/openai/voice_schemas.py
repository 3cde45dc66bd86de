"""OpenAI's bodies about voices and consents (openai-python types/audio/voice*.py)."""

from __future__ import annotations

import unicodedata
from typing import Annotated, Any, Literal

from langcodes import standardize_tag, tag_is_valid
from langcodes.tag_parser import LanguageTagError
from pydantic import AfterValidator, BaseModel, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from ingress.client_body import AnyCase, ClientBody

_LONGEST_NAME = 256
_LONGEST_TAG = 64


def _name(text: str) -> str:
    text = text.strip()
    if not text or any(unicodedata.category(char) in ("Cc", "Cs") for char in text):
        raise PydanticCustomError("name", "must be text without control characters")
    return text


def _language_tag(text: str) -> str:
    if len(text) <= _LONGEST_TAG and text.isascii() and text.isprintable():
        try:
            if tag_is_valid(text.strip()):
                return standardize_tag(text.strip())
        except LanguageTagError:
            pass
    raise PydanticCustomError("language", "must be a BCP 47 tag, such as en-US")


def _no_prompt(kind: Any) -> Any:
    if kind == "prompt":
        raise PydanticCustomError(
            "voice_type", "must be audio_sample: no model here makes a voice from a description"
        )
    return kind


Name = Annotated[str, Field(max_length=_LONGEST_NAME), AfterValidator(_name)]
LanguageTag = Annotated[str, AfterValidator(_language_tag)]


class CreateVoiceConsentRequest(ClientBody):
    """The form fields beside `recording`, in which somebody agrees to have their voice cloned."""

    name: Name
    """A label."""
    language: LanguageTag
    """In which they say so, as a BCP 47 tag."""


class UpdateVoiceConsentRequest(ClientBody):
    name: Name


class CreateVoiceRequest(ClientBody):
    """The form fields beside `audio_sample`, of the person who gave the consent."""

    type: Annotated[Literal["audio_sample"], AnyCase, BeforeValidator(_no_prompt)] = "audio_sample"
    name: Name
    """A label."""
    consent: str
    """Id of a stored consent."""


class VoiceConsent(BaseModel):
    id: str
    object: Literal["audio.voice_consent"] = "audio.voice_consent"
    created_at: int
    """Unix seconds."""
    name: str
    language: str


class VoiceConsentDeleted(BaseModel):
    id: str
    object: Literal["audio.voice_consent"] = "audio.voice_consent"
    deleted: Literal[True] = True


class VoiceConsentList(BaseModel):
    """A page; the next begins `after` its last id."""

    object: Literal["list"] = "list"
    data: list[VoiceConsent]
    first_id: str | None
    last_id: str | None
    has_more: bool


class CustomVoice(BaseModel):
    id: str
    object: Literal["audio.voice"] = "audio.voice"
    created_at: int
    """Unix seconds."""
    name: str
    type: Literal["audio_sample"] = "audio_sample"


class VoiceDeleted(BaseModel):
    id: str
    object: Literal["audio.voice.deleted"] = "audio.voice.deleted"
    deleted: Literal[True] = True


class NamedVoice(BaseModel):
    id: str
    """What `voice` may be."""
    name: str


class VoiceList(BaseModel):
    """Every voice that can be named, and a page of the caller's own stored ones."""

    voices: list[NamedVoice]
    object: Literal["list"] = "list"
    data: list[CustomVoice]
    first_id: str | None
    last_id: str | None
    has_more: bool


class VoiceNames(BaseModel):
    """With legacy=true, as Kokoro-FastAPI had them before its 0.3."""

    voices: list[str]
